import { html } from "/lib/htm.js";
import { Answer } from "../kit/answer.js";
import { useAsk, useSettled } from "../kit/ask.js";
import { LinkButton } from "../kit/button.js";
import { Empty } from "../kit/empty.js";
import { CheckField, SearchField } from "../kit/form.js";
import { plural } from "../kit/numbers.js";
import { Panel } from "../kit/panel.js";
import { Table } from "../kit/table.js";
import { setQuery } from "../shell/router.js";
import { urlOf } from "../shell/url.js";
import { isFull, keyOf, queryOf, toggled } from "./choice.js";
import { partOf } from "./span.js";

const LIMIT = 200;

/** The series that there are; one is drawn by its name, several are chosen first. */
export function SeriesList({ contract, choice, query, contractField }) {
  const { search = "", field } = query;
  const settled = useSettled(search);
  const answer = useAsk(urlOf(["series"], { contract, search: settled, limit: LIMIT }));
  return html`
    <div class="toolbar">
      ${contractField}
      <${SearchField}
        value=${search}
        placeholder="part of a device's id"
        onInput=${(text) => setQuery({ contract, search: text })}
      />
    </div>
    <${Answer} of=${answer}
      >${(data) => html`<${Found} ...${{ ...data, contract, choice, field }} search=${settled} />`}<//
    >
    ${
      choice.series.length > 0 &&
      html`<div class="row chosen-bar" role="status">
        <span>${plural(choice.series.length, "series", "series")} chosen</span>
        <${LinkButton}
          kind="primary"
          href=${urlOf(["explore"], { contract, ...queryOf(choice), ...partOf(query) })}
          >Draw<//
        >
        <${LinkButton} kind="quiet" href=${urlOf(["explore"], { contract, search })}>Choose none<//>
      </div>`
    }
  `;
}

function Found({ series, fields, partitionKey, contract, search, choice, field }) {
  const drawn = field ?? fields[0]?.name;
  const chosen = new Set(choice.series.map(keyOf));
  const choose = (tags) => {
    const next = toggled({ ...choice, fields: drawn === undefined ? [] : drawn.split(",") }, tags);
    setQuery({ contract, ...queryOf(next), add: 1 });
  };
  const names = [...new Set([partitionKey, "region", ...series.flatMap(Object.keys)])];
  const columns = names.map((name, at) => ({
    key: name,
    label: name,
    cell: (tags) =>
      at === 0
        ? html`<a href=${urlOf(["explore"], { contract, tags: JSON.stringify(tags), field: drawn })}
            ><code>${tags[name] ?? "all"}</code></a
          >`
        : (tags[name] ?? ""),
    sort: (tags) => tags[name] ?? "",
  }));
  columns.push({
    key: " chosen",
    label: "Together",
    cell: (tags) =>
      html`<${CheckField}
        label=${html`<span class="hidden-text">Draw ${tags[partitionKey] ?? "all"} with others</span>`}
        checked=${chosen.has(keyOf(tags))}
        disabled=${!chosen.has(keyOf(tags)) && isFull(choice, { series: 1 })}
        onChange=${() => choose(tags)}
      />`,
  });
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
      chosen=${(tags) => chosen.has(keyOf(tags))}
      empty=${none}
    />
    ${series.length >= LIMIT && html`<p class="table-note">The first ${LIMIT}. Search for others.</p>`}
  <//>`;
}
