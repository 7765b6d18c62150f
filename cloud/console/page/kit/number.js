// Numbers as they stand on a page: with unit, age, and a link to their proof.
import { html } from "/lib/htm.js";
import { UNKNOWN, ago, timeText, unbrokenParts } from "./numbers.js";
import { unitText } from "./units.js";
import { useNow } from "./now.js";

/** How long ago something was, kept up to date; the exact time is its title. */
export function Age({ atMs }) {
  const nowMs = useNow();
  if (atMs === null || atMs === undefined) return html`<span class="muted">never</span>`;
  return html`<time datetime=${new Date(atMs).toISOString()} title=${timeText(atMs, nowMs)}
    >${ago(atMs, nowMs)}</time
  >`;
}

/** A time of the clock; its title says how long ago. */
export function Time({ atMs }) {
  return html`<time datetime=${new Date(atMs).toISOString()} title=${ago(atMs, Date.now())}
    >${timeText(atMs)}</time
  >`;
}

/** A value with its unit, a UCUM code or a word; the code is its title where people write it another way. */
export function Value({ value, unit }) {
  const text = unitText(unit);
  return html`<span
    >${value}${
      text && html`<span class="unit" title=${text === unit ? undefined : unit}> ${text}</span>`
    }</span
  >`;
}

/** A sentence in which no line ends between a number and its unit. */
export const Unbroken = ({ text }) =>
  unbrokenParts(text).map((part, at) =>
    at % 2 === 1 ? html`<span class="unbroken">${part}</span>` : part,
  );

/** A large number: `value` is text, or null if it is not known; `href` is its proof, `note` what to know about it. */
export function Figure({ label, value, unit, note, href, state }) {
  const shown =
    value === null || value === undefined
      ? html`<span class="muted">${UNKNOWN}</span>`
      : html`<${Value} value=${value} unit=${unit} />`;
  return html`<div class="figure">
    <span class="label">${label}</span>
    ${
      href
        ? html`<a class="value" data-tone=${state} href=${href}>${shown}</a>`
        : html`<span class="value" data-tone=${state}>${shown}</span>`
    }
    ${note && html`<span class="figure-note">${note}</span>`}
  </div>`;
}

export const Figures = ({ children }) => html`<div class="figures">${children}</div>`;

/** Names and values, one pair in a line: `rows` are `[name, value]`; a null value is left out. */
export const Facts = ({ rows }) =>
  html`<dl class="facts">
    ${rows
      .filter(([, value]) => value !== null && value !== undefined && value !== false)
      .map(
        ([name, value]) =>
          html`<dt key=${`t${name}`}>${name}</dt>
            <dd key=${`d${name}`}>${value}</dd>`,
      )}
  </dl>`;
