// The form of a rule: fields by its kind.
import { html } from "/lib/htm.js";
import { useAsk } from "../kit/ask.js";
import { SelectField, TextField } from "../kit/form.js";
import { COMMON, KINDS, SELDOM } from "./kinds.js";
import { unitText } from "../kit/units.js";

/** Fields that hold a duration, a number or a word: two of them stand beside each other. */
const SHORT = new Set(
  "for clear clearFor over resolveAfter per moreThan lost within severity lateAfter".split(" "),
);

/** Kept while one types, also where the API has no answer yet. */
const NONE = { versions: [] };

export function RuleForm({ form, setForm, isNew, problems }) {
  const { versions } = useAsk("/contracts").data ?? NONE;
  const set = (key, value) => setForm({ ...form, [key]: value });
  const fields = (list) =>
    list.map(
      (field) =>
        html`<${RuleField}
          key=${field.key}
          ...${{ field, versions }}
          value=${form[field.key] ?? ""}
          problem=${problems[field.key]}
          onInput=${(value) => set(field.key, value)}
        />`,
    );
  return html`<div class="form rule-form">
    ${isNew && fields([{ key: "id", label: "Id", hint: "boiler-hot: lower-case letters, digits and -", required: true }])}
    <${SelectField}
      label="Kind"
      wide
      value=${form.kind}
      options=${Object.entries(KINDS).map(([value, { says }]) => ({ value, text: `${value}: ${says}` }))}
      onChange=${(kind) => set("kind", kind)}
    />
    ${fields(KINDS[form.kind].fields)} <${Variables} name=${form.contract} versions=${versions} />
    ${fields(COMMON)}
    <details class="rule-seldom" open=${SELDOM.some(({ key }) => form[key])}>
      <summary>Seldom needed</summary>
      <div class="form rule-form">${fields(SELDOM)}</div>
    </details>
  </div>`;
}

function RuleField({
  field: { key, label, hint, type, choices, required },
  versions,
  value,
  problem,
  onInput,
}) {
  // Nobody is told off for what they have not come to yet.
  const error = value === "" ? null : problem;
  const named = required ? `${label} (needed)` : label;
  if (type === "contract" || type === "choice") {
    const names = choices ?? [
      ...new Set([...versions.map(({ name }) => name), ...(value ? [value] : [])]),
    ];
    const options = names.map((name) => ({ value: name, text: name }));
    const all = type === "contract" ? [{ value: "", text: "choose one" }, ...options] : options;
    return html`<${SelectField}
      label=${named}
      wide=${!SHORT.has(key)}
      value=${value}
      options=${all}
      error=${error}
      onChange=${onInput}
    />`;
  }
  return html`<${TextField}
    label=${named}
    wide=${!SHORT.has(key)}
    name=${key}
    hint=${hint}
    error=${error}
    value=${value}
    class=${key === "summary" ? "input" : "input mono"}
    onInput=${onInput}
  />`;
}

/** The names that expressions may use. */
function Variables({ name, versions }) {
  const contract = versions.findLast((one) => one.name === name);
  if (!contract) return null;
  const variables = [
    ...contract.fields.map((field) => [field.name, field.unit]),
    ...contract.tags.map((tag) => [tag, null]),
    ["device", null],
  ];
  return html`<p class="small muted rule-variables">
    Variables:
    ${variables.map(
      ([variable, unit], at) =>
        html`${at > 0 ? ", " : " "}<code key=${variable}>${variable}</code
          >${unitText(unit) && html` in <span title=${unit}>${unitText(unit)}</span>`}`,
    )}
  </p>`;
}
