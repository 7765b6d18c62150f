import { html } from "/lib/htm.js";
import { useState } from "/lib/hooks.js";
import { Answer } from "../kit/answer.js";
import { useAsk } from "../kit/ask.js";
import { Button } from "../kit/button.js";
import { Empty } from "../kit/empty.js";
import { SearchField, TextField } from "../kit/form.js";
import { count, plural } from "../kit/numbers.js";
import { Panel } from "../kit/panel.js";
import { Note } from "../kit/problem.js";
import { Table } from "../kit/table.js";
import { navigate, setQuery } from "../shell/router.js";
import { urlOf } from "../shell/url.js";
import { ForOperators } from "../shell/session.js";
import { VersionEditor } from "./version-editor.js";

const EVERY_MS = 15_000;

/** What a first version begins with. */
const FIRST = {
  title: "What one reading is",
  type: "object",
  "x-identity": "none",
  required: ["temperature"],
  additionalProperties: false,
  properties: { temperature: { type: "number", "x-unit": "Cel", "x-role": "field" } },
};

export function ContractList({ query: { search = "", new: fresh } }) {
  const answer = useAsk("/contracts", { everyMs: EVERY_MS });
  return html`<div class="stack">
    ${fresh !== undefined && html`<${NewContract} />`}
    <div class="toolbar">
      <${SearchField}
        value=${search}
        placeholder="name or field"
        onInput=${(text) => setQuery({ search: text })}
      />
      ${fresh === undefined && html`<${ForOperators}><${Button} onClick=${() => setQuery({ new: "1" }, { replace: false })}>New contract<//><//>`}
    </div>
    <${Answer} of=${answer}
      >${(data) => html`<${Listed} ...${data} search=${search.toLowerCase()} />`}<//
    >
  </div>`;
}

/** The newest version of each contract, with what is known of all of them. */
function contractsOf(versions) {
  const byName = new Map();
  for (const one of versions) byName.set(one.name, [...(byName.get(one.name) ?? []), one]);
  return [...byName.values()].map((all) => ({
    newest: all.at(-1),
    count: all.length,
    senders: all.reduce((sum, { senders }) => sum + senders, 0),
    behind: all.slice(0, -1).reduce((sum, { senders }) => sum + senders, 0),
  }));
}

const COLUMNS = [
  {
    key: "name",
    label: "Contract",
    cell: ({ newest: { name, schema } }) =>
      html`<a href=${urlOf(["contracts", name])}>${name}</a>
        <div class="muted small">${schema.title ?? schema.description ?? ""}</div>`,
    sort: ({ newest }) => newest.name,
  },
  {
    key: "versions",
    label: "Newest",
    cell: ({ newest: { version, published } }) =>
      `v${version}, ${published ? "published" : "shipped"}`,
  },
  {
    key: "senders",
    label: "Devices",
    number: true,
    cell: ({ senders, behind }) =>
      html`${count(senders)}${behind > 0 && html`<div class="muted small">${count(behind)} on an older version</div>`}`,
    sort: ({ senders }) => -senders,
  },
  {
    key: "fields",
    label: "Fields",
    cell: ({ newest: { fields } }) => fields.map(({ name }) => name).join(", "),
  },
];

function Listed({ versions, broken, search }) {
  const found = contractsOf(versions).filter(({ newest: { name, fields } }) =>
    [name, ...fields.map((field) => field.name)].some((text) =>
      text.toLowerCase().includes(search),
    ),
  );
  return html`
    ${broken.map((line) => html`<${Note} key=${line} state="warn" title=${line} />`)}
    <${Panel} flush>
      <${Table}
        cards
        label=${plural(found.length, "contract")}
        columns=${COLUMNS}
        rows=${found}
        keyOf=${({ newest }) => newest.name}
        empty=${html`<${Empty} title="No such contract">None has this in its name or its fields.<//>`}
      />
    <//>
  `;
}

function NewContract() {
  const [name, setName] = useState("");
  const isName = /^[a-z][a-z0-9_-]{0,63}$/.test(name);
  const error =
    name === "" || isName ? null : "lower-case letters, digits, - and _, beginning with a letter";
  return html`<${Panel}
    title="New contract"
    actions=${html`<${Button} size="small" onClick=${() => setQuery({ new: null })}>Close<//>`}
  >
    <div class="stack">
      <${TextField}
        label="Name"
        value=${name}
        onInput=${setName}
        error=${error}
        hint="the last part of the topic: devices/{id}/telemetry/{name}"
      />
      ${isName && html`<${VersionEditor} key=${name} name=${name} first=${FIRST} published=${() => navigate(urlOf(["contracts", name]))} />`}
    </div>
  <//>`;
}
