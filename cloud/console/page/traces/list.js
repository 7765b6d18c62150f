import { html } from "/lib/htm.js";
import { Answer } from "../kit/answer.js";
import { useAsk, useSettled } from "../kit/ask.js";
import { Chip } from "../kit/chip.js";
import { Empty } from "../kit/empty.js";
import { SearchField } from "../kit/form.js";
import { Age } from "../kit/number.js";
import { count, duration, plural } from "../kit/numbers.js";
import { PageHead, Panel } from "../kit/panel.js";
import { Table } from "../kit/table.js";
import { setQuery } from "../shell/router.js";
import { urlOf } from "../shell/url.js";

const EVERY_MS = 5_000;
const LIMIT = 300;

const COLUMNS = [
  {
    key: "name",
    label: "Trace",
    cell: ({ traceId, name, isError }) =>
      html`<a href=${urlOf(["traces", traceId])}>${name}</a>${" "}
        <span class="muted small mono">${traceId.slice(0, 8)}</span>${" "}
        ${isError && html`<${Chip} state="bad">failed<//>`}`,
    sort: ({ name }) => name,
  },
  { key: "services", label: "Through", cell: ({ services }) => services.join(", ") },
  {
    key: "spans",
    label: "Spans",
    number: true,
    cell: ({ spans }) => count(spans),
    sort: ({ spans }) => spans,
  },
  {
    key: "duration",
    label: "Took",
    number: true,
    cell: ({ durationMs }) => duration(durationMs),
    sort: ({ durationMs }) => -durationMs,
  },
  {
    key: "at",
    label: "Began",
    cell: ({ startMs }) => html`<${Age} atMs=${startMs} />`,
    sort: ({ startMs }) => -startMs,
  },
];

/** A link of a device names it: its spans have its id in their attributes. */
export function TraceList({ query: { device = "", search = device } }) {
  const settled = useSettled(search);
  const answer = useAsk(urlOf(["traces"], { search: settled, limit: LIMIT }), {
    everyMs: EVERY_MS,
  });
  return html`
    <${PageHead} title="Traces">
      A share of the readings is followed from hop to hop, and every alert, reject and slow reading.
      The console remembers the last thousand.
    <//>
    <div class="toolbar">
      <${SearchField}
        value=${search}
        placeholder="device, topic, process"
        onInput=${(text) => setQuery({ search: text, device: null })}
      />
    </div>
    <${Answer} of=${answer}
      >${({ traces }) => html`<${Listed} traces=${traces} isFiltered=${settled !== ""} />`}<//
    >
  `;
}

function Listed({ traces, isFiltered }) {
  const none = !isFiltered
    ? html`<${Empty}
        title="No trace has come yet"
        action=${{ href: "/connect", text: "Connect a device" }}
      >
        One reading in a hundred is followed (SKERRY_TRACE_SHARE). Processes send their spans where
        OTEL_EXPORTER_OTLP_ENDPOINT says: under npm start that is here, unless you have set another
        place.
      <//>`
    : html`<${Empty} title="No such trace"
        >None has this in a name or an attribute of its spans.<//
      >`;
  return html`<${Panel} flush>
    <${Table}
      cards
      label=${plural(traces.length, "trace")}
      columns=${COLUMNS}
      rows=${traces}
      keyOf=${({ traceId }) => traceId}
      empty=${none}
    />
  <//>`;
}
