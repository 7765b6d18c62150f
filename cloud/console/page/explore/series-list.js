import { html } from "/lib/htm.js";
import { Answer } from "../kit/answer.js";
import { useAsk, useSettled } from "../kit/ask.js";
import { Empty } from "../kit/empty.js";
import { TextField } from "../kit/form.js";
import { plural } from "../kit/numbers.js";
import { Panel } from "../kit/panel.js";
import { Table } from "../kit/table.js";
import { setQuery } from "../shell/router.js";
import { urlOf } from "../shell/url.js";

const LIMIT = 200;

export function SeriesList({ contract, query: { search = "" }, contractField }) {
  const settled = useSettled(search);
  const answer = useAsk(urlOf(["series"], { contract, search: settled, limit: LIMIT }));
  return html`
    <div class="toolbar">
      ${contractField}
      <${TextField}
        label="Search"
        type="search"
        wide
        value=${search}
        placeholder="part of a device's id"
        onInput=${(text) => setQuery({ contract, search: text })}
      />
    </div>
    <${Answer} of=${answer}
      >${(data) => html`<${Found} ...${data} contract=${contract} search=${settled} />`}<//
    >
  `;
}

function Found({ series, fields, partitionKey, contract, search }) {
  const [first] = fields;
  const names = [...new Set([partitionKey, "region", ...series.flatMap(Object.keys)])];
  const columns = names.map((name, at) => ({
    key: name,
    label: name,
    cell: (tags) =>
      at === 0
        ? html`<a
            href=${urlOf(["explore"], { contract, tags: JSON.stringify(tags), field: first?.name })}
            ><code>${tags[name] ?? "all"}</code></a
          >`
        : (tags[name] ?? ""),
    sort: (tags) => tags[name] ?? "",
  }));
  const none =
    search === ""
      ? html`<${Empty}
          title=${`There are no readings of ${contract} yet`}
          action=${{ href: "/connect", text: "Connect a device" }}
        >
          They are here once InfluxDB has the first.
        <//>`
      : html`<${Empty} title="No such series"
          >No ${partitionKey} of ${contract} has this in its name.<//
        >`;
  return html`<${Panel} flush>
    <${Table}
      cards
      label=${`${plural(series.length, "series", "series")} of ${contract}`}
      columns=${columns}
      rows=${series}
      keyOf=${JSON.stringify}
      empty=${none}
    />
    ${series.length >= LIMIT && html`<p class="table-note">The first ${LIMIT}. Search for others.</p>`}
  <//>`;
}
