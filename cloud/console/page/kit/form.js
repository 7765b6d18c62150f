// Fields of forms, each with its label, a hint, and what is wrong with it.
import { html } from "/lib/htm.js";
import { useId } from "/lib/hooks.js";

function Field({ label, hint, error, wide, children }) {
  const id = useId();
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ");
  const shared = {
    id,
    "aria-describedby": described === "" ? undefined : described,
    "aria-invalid": error ? "true" : undefined,
  };
  return html`<div class="field" data-wide=${wide ? "true" : undefined}>
    <label class="field-label" for=${id}>${label}</label>
    ${children(shared)} ${hint && html`<span class="field-hint" id=${`${id}-hint`}>${hint}</span>`}
    ${error && html`<span class="field-error" role="alert" id=${`${id}-error`}>${error}</span>`}
  </div>`;
}

/** `onInput` is given the text; what else is given goes to the input. */
export const TextField = ({ label, hint, error, wide, onInput, ...rest }) =>
  html`<${Field} ...${{ label, hint, error, wide }}
    >${(shared) =>
      html`<input
        class="input"
        autocomplete="off"
        spellcheck=${false}
        ...${shared}
        ...${rest}
        onInput=${onInput && ((event) => onInput(event.target.value))}
      />`}<//
  >`;

/** Text that a list is searched by. */
export const SearchField = ({ value, placeholder, onInput }) =>
  html`<${TextField} wide type="search" label="Search" ...${{ value, placeholder, onInput }} />`;

export const TextArea = ({ label, hint, error, wide, onInput, ...rest }) =>
  html`<${Field} ...${{ label, hint, error, wide }}
    >${(shared) =>
      html`<textarea
        class="input"
        spellcheck=${false}
        ...${shared}
        ...${rest}
        onInput=${onInput && ((event) => onInput(event.target.value))}
      ></textarea>`}<//
  >`;

/** `options` are `{ value, text }`; `onChange` is given the value. */
export const SelectField = ({ label, hint, error, wide, options, value, onChange, ...rest }) =>
  html`<${Field} ...${{ label, hint, error, wide }}
    >${(shared) =>
      html`<select
        class="input"
        ...${shared}
        ...${rest}
        value=${value}
        onChange=${(event) => onChange(event.target.value)}
      >
        ${options.map(
          (one) =>
            html`<option key=${one.value} value=${one.value} selected=${one.value === value}>
              ${one.text}
            </option>`,
        )}
      </select>`}<//
  >`;

/** One choice that is on or off. */
export const CheckField = ({ label, checked, disabled, onChange }) =>
  html`<label class="choice"
    ><input
      type="checkbox"
      checked=${checked}
      disabled=${disabled}
      onChange=${(event) => onChange(event.target.checked)}
    /><span>${label}</span></label
  >`;

/** One of a few: `options` are `{ value, text, hint }`. */
export function RadioField({ label, options, value, onChange }) {
  const id = useId();
  return html`<fieldset class="field radio">
    <legend class="field-label">${label}</legend>
    ${options.map(
      (one) =>
        html`<label class="choice" key=${one.value}
          ><input
            type="radio"
            name=${id}
            value=${one.value}
            checked=${one.value === value}
            onChange=${() => onChange(one.value)}
          /><span
            >${one.text}${one.hint && html`<br /><span class="field-hint">${one.hint}</span>`}</span
          ></label
        >`,
    )}
  </fieldset>`;
}
