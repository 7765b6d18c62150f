// What is drawn, by name: each series and field can be taken out, and others be added.
import { html } from "/lib/htm.js";
import { Button, LinkButton } from "../kit/button.js";
import { SelectField } from "../kit/form.js";
import { fieldTitle } from "../kit/units.js";
import { urlOf } from "../shell/url.js";
import { LINES_MAX, isFull, keyOf, queryOf, seriesName, toggled } from "./choice.js";
import { partOf } from "./span.js";

const FULL = `${LINES_MAX} lines are the most`;

/** `fields` are those of the contract; `go` changes the address. */
export function ChosenRow({ contract, choice, query, fields, go }) {
  const { series } = choice;
  const [only] = series;
  const list = urlOf(["explore"], { contract, ...queryOf(choice), ...partOf(query), add: 1 });
  return html`
    <div class="row series-name">
      <a href=${urlOf(["explore"], { contract })}>${contract}</a>
      ${
        series.length === 1
          ? html`<strong>${wholeName(only)}</strong>
              ${only.device && html`<a href=${urlOf(["devices", only.device])}>the device</a>`}`
          : series.map(
              (tags) =>
                html`<${Taken}
                  key=${keyOf(tags)}
                  name=${seriesName(tags, series)}
                  title=${wholeName(tags)}
                  takeOut=${() => go(queryOf(toggled(choice, tags)))}
                />`,
            )
      }
      ${
        isFull(choice, { series: 1 })
          ? html`<span class="muted small">${FULL}</span>`
          : html`<${LinkButton} size="small" href=${list}>Add series<//>`
      }
    </div>
    <${FieldsRow} ...${{ choice, fields, go }} />
  `;
}

const wholeName = (tags) =>
  Object.entries(tags)
    .map(([name, value]) => `${name} ${value}`)
    .join(", ") || "all series";

const Taken = ({ name, title, takeOut }) =>
  html`<span class="chip" title=${title}
    >${name}<${Button} size="small" kind="quiet" onClick=${takeOut} aria-label=${`Take out ${name}`}
      >×<//
    ></span
  >`;

/** A choice that is no field. */
const SEVERAL = "";

function FieldsRow({ choice, fields, go }) {
  const { series, fields: chosen } = choice;
  const option = ({ name, unit }) => ({ value: name, text: fieldTitle(name, unit) });
  const others = fields.filter(({ name }) => !chosen.includes(name));
  const draw = (names) => go(queryOf({ series, fields: names }));
  const isMany = chosen.length > 1;
  return html`<div class="toolbar">
    <${SelectField}
      label="Field"
      value=${isMany ? SEVERAL : chosen[0]}
      options=${[...(isMany ? [{ value: SEVERAL, text: `${chosen.length} fields` }] : []), ...fields.map(option)]}
      onChange=${(name) => name !== SEVERAL && draw([name])}
    />
    ${
      others.length > 0 &&
      html`<${SelectField}
        label="And another field"
        value=${SEVERAL}
        disabled=${isFull(choice, { fields: 1 })}
        hint=${isFull(choice, { fields: 1 }) ? FULL : undefined}
        options=${[{ value: SEVERAL, text: "choose" }, ...others.map(option)]}
        onChange=${(name) => name !== SEVERAL && draw([...chosen, name])}
      />`
    }
    ${
      isMany &&
      html`<div class="field">
        <span class="field-label" id="fields-label">Fields</span>
        <div class="row" role="group" aria-labelledby="fields-label">
          ${chosen.map(
            (name) =>
              html`<${Taken}
                key=${name}
                name=${name}
                takeOut=${() => draw(chosen.filter((other) => other !== name))}
              />`,
          )}
        </div>
      </div>`
    }
  </div>`;
}
