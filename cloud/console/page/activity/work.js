import { html } from "/lib/htm.js";
import { Answer } from "../kit/answer.js";
import { useAsk } from "../kit/ask.js";
import { Chip } from "../kit/chip.js";
import { Empty } from "../kit/empty.js";
import { Age } from "../kit/number.js";
import { count, duration, plural } from "../kit/numbers.js";
import { Panel } from "../kit/panel.js";
import { Table } from "../kit/table.js";
import { useEvents } from "../shell/feed.js";

const STATES = { running: "info", done: "ok", failed: "bad" };

const COLUMNS = [
  { key: "kind", label: "Work", cell: ({ kind }) => kind },
  {
    key: "state",
    label: "State",
    cell: ({ state }) => html`<${Chip} state=${STATES[state]}>${state}<//>`,
  },
  {
    key: "progress",
    label: "Progress",
    cell: ({ done, total, etaMs }) =>
      `${count(done)} of ${count(total)}${etaMs === null ? "" : `, done in about ${duration(etaMs)}`}`,
  },
  {
    key: "counts",
    label: "Outcome",
    cell: ({ counts }) =>
      Object.entries(counts)
        .map(([outcome, n]) => `${count(n)} ${outcome}`)
        .join(", "),
  },
  { key: "by", label: "By", cell: ({ by }) => by },
  { key: "started", label: "Began", cell: ({ startedMs }) => html`<${Age} atMs=${startedMs} />` },
];

export function Work() {
  const answer = useAsk("/jobs");
  useEvents("job", answer.reload, [answer.reload]);
  return html`<${Answer} of=${answer}
    >${({ jobs }) =>
      html`<${Panel} flush>
        <${Table}
          cards
          label=${plural(jobs.length, "piece of work", "pieces of work")}
          columns=${COLUMNS}
          rows=${jobs}
          keyOf=${({ id }) => id}
          empty=${html`<${Empty}
            title="No work was asked for"
            action=${{ href: "/rejects", text: "See the rejects" }}
          >
            A replay of rejects, for instance, is told here while it runs.
          <//>`}
        />
      <//>`}<//
  >`;
}
