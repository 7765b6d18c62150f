import { html } from "/lib/htm.js";
import { useRef } from "/lib/hooks.js";
import { Answer } from "../kit/answer.js";
import { useAsk, useSettled } from "../kit/ask.js";
import { Chip } from "../kit/chip.js";
import { Empty } from "../kit/empty.js";
import { SelectField, TextField } from "../kit/form.js";
import { Age } from "../kit/number.js";
import { count, plural } from "../kit/numbers.js";
import { Panel } from "../kit/panel.js";
import { Note } from "../kit/problem.js";
import { Table } from "../kit/table.js";
import { useEvents, useOverview } from "../shell/feed.js";
import { setQuery } from "../shell/router.js";
import { urlOf } from "../shell/url.js";

const EVERY_MS = 5_000;
const RELOAD_AT_MOST_EVERY_MS = 1_000;

/** Kinds in words, and how grave they are. */
const KINDS = {
  connect_refused: ["connection refused", "bad"],
  connected: ["connected", "ok"],
  connection_closed: ["connection closed", "idle"],
  reject: ["message refused", "warn"],
  slow_consumer: ["slow client", "warn"],
  slowed_down: ["slowed down", "warn"],
  session_queue: ["session with a queue", "warn"],
};

const wordsOf = (kind) => KINDS[kind] ?? [kind.replaceAll("_", " "), "idle"];

export function Events({ query: { kind = "", device = "", region = "" } }) {
  const settled = useSettled(device);
  const answer = useAsk(urlOf(["activity"], { kind, device: settled, region, limit: 300 }), {
    everyMs: EVERY_MS,
  });
  const reloadedMs = useRef(0);
  useEvents(
    "event",
    () => {
      if (Date.now() - reloadedMs.current < RELOAD_AT_MOST_EVERY_MS) return;
      reloadedMs.current = Date.now();
      answer.reload();
    },
    [answer.reload],
  );
  const regions = (useOverview()?.regions ?? []).map((one) => one.region);
  const kinds = Object.entries(KINDS).map(([value, [text]]) => ({ value, text }));
  return html`
    <div class="toolbar">
      <${SelectField}
        label="Kind"
        value=${kind}
        options=${[{ value: "", text: "every kind" }, ...kinds]}
        onChange=${(value) => setQuery({ kind: value })}
      />
      <${SelectField}
        label="Region"
        value=${region}
        options=${[{ value: "", text: "every region" }, ...[...new Set([...regions, ...(region ? [region] : [])])].map((value) => ({ value, text: value }))]}
        onChange=${(value) => setQuery({ region: value })}
      />
      <${TextField}
        label="Device or client id"
        value=${device}
        placeholder="any"
        onInput=${(text) => setQuery({ device: text.trim() })}
      />
    </div>
    <${Answer} of=${answer}
      >${(data) => html`<${Listed} ...${data} isFiltered=${kind !== "" || device !== "" || region !== ""} />`}<//
    >
  `;
}

const COLUMNS = [
  { key: "at", label: "When", cell: ({ atMs }) => html`<${Age} atMs=${atMs} />` },
  {
    key: "kind",
    label: "What",
    cell: ({ kind }) => {
      const [text, state] = wordsOf(kind);
      return html`<${Chip} state=${state}>${text}<//>`;
    },
  },
  {
    key: "who",
    label: "Who",
    cell: ({ device, clientId }) =>
      device !== null
        ? html`<a href=${urlOf(["devices", device])}><code>${device}</code></a>`
        : html`<code>${clientId ?? ""}</code>`,
  },
  {
    key: "why",
    label: "Why",
    cell: ({ reason, detail }) =>
      html`${reason.replaceAll("_", " ")}${detail && html`<div class="muted small">${detail}</div>`}`,
  },
  { key: "address", label: "Address", cell: ({ address }) => address ?? "" },
  { key: "region", label: "Region", cell: ({ region }) => region },
];

function Listed({ events, counted, isFiltered }) {
  const more = Object.entries(counted);
  const none = isFiltered
    ? html`<${Empty} title="No such event"
        >None of this kind, region and device since the console started.<//
      >`
    : html`<${Empty}
        title="Nothing has happened yet"
        action=${{ href: "/connect", text: "Connect a device" }}
      >
        Connections, refusals and their reasons, slow clients and waiting sessions are told here.
      <//>`;
  return html`<div class="stack">
    <${Panel} flush>
      <${Table}
        cards
        label=${plural(events.length, "event")}
        columns=${COLUMNS}
        rows=${events}
        keyOf=${({ atMs, kind, clientId, device, reason, detail }) => JSON.stringify([atMs, kind, clientId, device, reason, detail])}
        empty=${none}
      />
    <//>
    ${
      more.length > 0 &&
      html`<${Note} state="info" title="More than are told one by one">
        <ul>
          ${more.map(([what, n]) => {
            const [region, kind, ...reason] = what.split("/");
            return html`<li key=${what}>
              ${count(n)} × ${wordsOf(kind)[0]} in ${region}: ${" "}
              ${reason.join("/").replaceAll("_", " ")}
            </li>`;
          })}
        </ul>
      <//>`
    }
  </div>`;
}
