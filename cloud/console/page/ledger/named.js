// Differences between two counts that are known for what they are: open no longer, and never forgotten.
import { html } from "/lib/htm.js";
import { Chip } from "../kit/chip.js";
import { Time } from "../kit/number.js";
import { count } from "../kit/numbers.js";
import { Panel } from "../kit/panel.js";
import { Table } from "../kit/table.js";
import { urlOf } from "../shell/url.js";

const REASONS = {
  upgrade: "began apart",
  lost_position: "began anew",
  rollback: "rolled back",
};

const COLUMNS = [
  {
    key: "lane",
    label: "Lane",
    cell: ({ region, partition }) =>
      html`<a href=${urlOf(["lanes", region, String(partition)])}>${region}/${partition}</a>`,
  },
  {
    key: "reason",
    label: "Reason",
    cell: ({ reason, by }) =>
      html`<${Chip}>${reason === "acknowledged" ? `seen by ${by}` : REASONS[reason]}<//>`,
  },
  { key: "why", label: "Why", cell: ({ why }) => why },
  {
    key: "at",
    label: "Since",
    cell: ({ atMs }) => html`<${Time} atMs=${atMs} />`,
    sort: ({ atMs }) => -atMs,
  },
  {
    key: "readings",
    label: "Readings",
    number: true,
    cell: ({ readings }) => count(readings),
    sort: ({ readings }) => readings,
  },
  {
    key: "lost",
    label: "Of them lost",
    number: true,
    cell: ({ lost }) => html`<span data-tone=${lost > 0 ? "bad" : undefined}>${count(lost)}</span>`,
    sort: ({ lost }) => lost,
  },
];

/** Nothing without one. */
export function NamedDifferences({ named = [] }) {
  if (named.length === 0) return null;
  return html`<${Panel}
    flush
    title="Known differences"
    note="two sides count these differently, and it is known why; what comes on top of them is open"
  >
    <${Table}
      cards
      label="Known differences"
      columns=${COLUMNS}
      rows=${named}
      keyOf=${({ region, partition, atMs, reason }) => `${region}/${partition} ${atMs} ${reason}`}
    />
  <//>`;
}
