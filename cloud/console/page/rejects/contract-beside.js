// The contract that a payload was held against, a property a line, with those at fault marked.
import { html } from "/lib/htm.js";
import { Chip } from "../kit/chip.js";
import { Empty } from "../kit/empty.js";
import { Table } from "../kit/table.js";
import { limitsText, typeText } from "../contracts/schema-words.js";

export function ContractBeside({ reject: { contract, reason }, schema, places }) {
  if (schema === null)
    return contract === null
      ? html`<${Empty} title="It came to no contract"
          >The message was refused before one was looked at: ${reason.replaceAll("_", " ")}.<//
        >`
      : html`<${Empty}
          title="There is no such contract"
          action=${{ href: "/contracts", text: "See those there are" }}
        >
          Nobody has published ${contract}.
        <//>`;
  const required = new Set(schema.required ?? []);
  const atFault = new Set(places.map(({ pointer }) => pointer.split("/")[1]).filter(Boolean));
  const missing = new Set(
    places.flatMap(({ message }) => /required property '([^']+)'/.exec(message)?.[1] ?? []),
  );
  const rows = Object.entries(schema.properties ?? {}).map(([name, property]) => ({
    name,
    property,
  }));
  const isWrong = ({ name }) => atFault.has(name) || missing.has(name);
  const columns = [
    {
      key: "name",
      label: "Property",
      cell: (row) =>
        html`<code>${row.name}</code>
          ${isWrong(row) && html`<${Chip} state="bad">${missing.has(row.name) ? "missing" : "here"}<//>`}`,
    },
    { key: "type", label: "Type", cell: ({ property }) => typeText(property) },
    { key: "limits", label: "Allowed", cell: ({ property }) => limitsText(property) },
    { key: "needed", label: "Needed", cell: ({ name }) => (required.has(name) ? "yes" : "") },
  ];
  return html`<${Table}
      label=${`Properties of ${contract}`}
      columns=${columns}
      rows=${rows}
      keyOf=${({ name }) => name}
      chosen=${isWrong}
    />
    ${schema.additionalProperties === false && html`<p class="muted small">No other property is allowed.</p>`}`;
}
