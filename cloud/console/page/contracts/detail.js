import { html } from "/lib/htm.js";
import { Answer } from "../kit/answer.js";
import { useAsk } from "../kit/ask.js";
import { Button } from "../kit/button.js";
import { Code } from "../kit/code.js";
import { Facts, Time } from "../kit/number.js";
import { plural } from "../kit/numbers.js";
import { PageHead, Panel, Tabs } from "../kit/panel.js";
import { Table } from "../kit/table.js";
import { navigate, setQuery } from "../shell/router.js";
import { urlOf } from "../shell/url.js";
import { ForOperators } from "../shell/session.js";
import { PayloadTrial } from "./payload-trial.js";
import { limitsText, nextSchema, typeText } from "./schema-words.js";
import { VersionEditor } from "./version-editor.js";

const CRUMB = { href: "/contracts", text: "Contracts" };

export function ContractDetail({ name, version, query }) {
  const answer = useAsk(urlOf(["contracts", name]));
  const actions =
    query.next === undefined &&
    html`<${ForOperators}>
      <${Button} kind="primary" onClick=${() => setQuery({ next: "1" }, { replace: false })}
        >New version<//
      >
    <//>`;
  return html`
    <${PageHead} title=${name} crumb=${CRUMB} actions=${answer.data && actions} />
    <${Answer} of=${answer}
      >${(data) => html`<${Shown} ...${{ name, data, query }} wanted=${Number(version)} changed=${answer.reload} />`}<//
    >
  `;
}

function Shown({ name, data: { versions, rules }, wanted, query, changed }) {
  const newest = versions.at(-1);
  const chosen = versions.find(({ version }) => version === wanted) ?? newest;
  const published = (version) => {
    changed();
    navigate(urlOf(["contracts", name, version]));
  };
  const tabs = versions.toReversed().map(({ version, senders }) => ({
    href: urlOf(["contracts", name, version]),
    text: `v${version}${senders > 0 ? `, ${plural(senders, "device")}` : ""}`,
    current: version === chosen.version,
  }));
  if (query.next !== undefined)
    return html`<${Panel}
      title=${`The next version of ${name}`}
      actions=${html`<${Button} size="small" onClick=${() => setQuery({ next: null })}>Close<//>`}
    >
      <${VersionEditor} name=${name} first=${nextSchema(newest.schema)} published=${published} />
    <//>`;
  return html`
    <${Tabs} label="Versions" tabs=${tabs} />
    <div class="stack">
      <${Panel}><${VersionFacts} version=${chosen} rules=${rules} /><//>
      <${Panel} title="Properties" flush><${Properties} schema=${chosen.schema} /><//>
      <${PayloadTrial} key=${chosen.version} name=${name} version=${chosen} />
      <${Panel} title="Schema"
        ><${Code} text=${JSON.stringify(chosen.schema, null, 2)} label="Schema"
      /><//>
    </div>
  `;
}

const VersionFacts = ({
  version: { version, published, senders, partitionKey, identity, tags, schema },
  rules,
}) =>
  html`<${Facts}
    rows=${[
      ["What it is", schema.title ?? schema.description],
      [
        "Version",
        published
          ? html`v${version}, published ${" "}<${Time} atMs=${published.atMs} />${" "}
              (${published.mode}${published.reason ? `: ${published.reason}` : ""})`
          : `v${version}, ships with Skerry`,
      ],
      [
        "Who sends it",
        senders === 0
          ? html`<span class="muted">no device since the console started</span>`
          : html`<a href="/devices">${plural(senders, "device")}</a>`,
      ],
      ["Series by", [partitionKey, ...tags].join(", ")],
      [
        "A repeat is known by",
        { sequence: "its sequence", time: "its time", none: "its content and time" }[identity],
      ],
      [
        "Rules that read it",
        rules.length === 0
          ? html`<span class="muted">none</span>`
          : rules.map(
              (id, at) =>
                html`${at > 0 && ", "}<a key=${id} href=${urlOf(["rules", id])}>${id}</a>`,
            ),
      ],
    ]}
  />`;

const PROPERTY_COLUMNS = [
  { key: "name", label: "Property", cell: ({ name }) => html`<code>${name}</code>` },
  { key: "role", label: "Role", cell: ({ property }) => property["x-role"] ?? "" },
  { key: "type", label: "Type", cell: ({ property }) => typeText(property) },
  { key: "limits", label: "Allowed", cell: ({ property }) => limitsText(property) },
  { key: "needed", label: "Needed", cell: ({ isRequired }) => (isRequired ? "yes" : "") },
  { key: "about", label: "About", cell: ({ property }) => property.description ?? "" },
];

function Properties({ schema }) {
  const rows = Object.entries(schema.properties ?? {}).map(([name, property]) => ({
    name,
    property,
    isRequired: (schema.required ?? []).includes(name),
  }));
  return html`<${Table}
    cards
    label="Properties"
    columns=${PROPERTY_COLUMNS}
    rows=${rows}
    keyOf=${({ name }) => name}
  />`;
}
