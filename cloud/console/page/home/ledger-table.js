// The standing ledger as a table: what became of everything that was acknowledged.
import { html } from "/lib/htm.js";
import { Chip } from "../kit/chip.js";
import { count, duration, minuteText } from "../kit/numbers.js";
import { Table } from "../kit/table.js";
import { urlOf } from "../shell/url.js";

export const waitingOf = ({ waiting }) => waiting.region + waiting.hub + waiting.aggregator;

const SUMMED = ["acknowledged", "stored", "repeats", "refused", "setAside", "lost", "open"];

/** Rows added up; the oldest that waits is the oldest of all. */
export function sumOf(rows) {
  const sum = { waiting: { region: 0, hub: 0, aggregator: 0 }, oldestMs: null };
  for (const term of SUMMED) sum[term] = rows.reduce((total, row) => total + row[term], 0);
  for (const place of Object.keys(sum.waiting))
    sum.waiting[place] = rows.reduce((total, row) => total + row.waiting[place], 0);
  const oldest = rows.flatMap(({ oldestMs }) => (oldestMs ? [oldestMs] : []));
  if (oldest.length > 0) sum.oldestMs = Math.min(...oldest);
  return sum;
}

const wherePart = (place, words, value) => (value > 0 ? [`${count(value)} ${words}`] : []);

/** Where readings wait, in words. */
export const waitingWords = ({ waiting }) =>
  [
    ...wherePart("region", "in the region", waiting.region),
    ...wherePart("hub", "at the hub", waiting.hub),
    ...wherePart("aggregator", "in the aggregator", waiting.aggregator),
  ].join(", ") || "nothing waits";

const tone = (value, state) => (value > 0 ? state : undefined);

function Waiting({ row, atMs }) {
  const waiting = waitingOf(row);
  if (waiting === 0) return row.isOld ? html`<span class="muted">not known</span>` : "0";
  return html`<span title=${waitingWords(row)}
    >${count(waiting)}${
      row.oldestMs !== null &&
      html`<span class="unit"> oldest ${duration(Math.max(0, atMs - row.oldestMs))}</span>`
    }</span
  >`;
}

/** A balance in a word; of a region that is not heard, it was one. */
export const Balance = ({ row }) =>
  row.open === 0 && row.isOld
    ? html`<${Chip} state="idle">balanced then<//>`
    : row.open === 0
      ? html`<${Chip} state="ok">balanced<//>`
      : html`<${Chip} state="bad">${count(Math.abs(row.open))} open<//>`;

/**
 * Columns of every ledger table; `first` names the rows, `href(row)` is the proof of a row's numbers. Ages are at
 * `atMs`, the time of the overview, as the age of what is stored is.
 */
export const ledgerColumns = (first, href, atMs) => {
  const linked = (row, text, state) =>
    html`<a class="plain" data-tone=${state} href=${href(row)}>${text}</a>`;
  const term = (key, label, state) => ({
    ...{ key, label, number: true, sort: (row) => row[key] },
    cell: (row) => linked(row, count(row[key]), tone(row[key], state)),
  });
  return [
    first,
    term("acknowledged", "Acknowledged"),
    term("stored", "Stored"),
    term("repeats", "Known repeats"),
    term("refused", "Refused, kept"),
    {
      ...{ key: "waiting", label: "Waiting", number: true, sort: waitingOf },
      cell: (row) => linked(row, html`<${Waiting} ...${{ row, atMs }} />`),
    },
    term("setAside", "Set aside", "warn"),
    term("lost", "Lost, named", "bad"),
    { key: "open", label: "Balance", cell: (row) => linked(row, html`<${Balance} row=${row} />`) },
  ];
};

/** A region speaks once a second: one that did not for so long is not heard. */
export const OLD_MS = 15_000;

const isOld = (heardMs, atMs) => Boolean(heardMs) && atMs - heardMs >= OLD_MS;

/** Of a region that is not heard, the ledger knows what it said last. */
function AsOf({ heardMs, atMs }) {
  if (!isOld(heardMs, atMs)) return null;
  return html`<span class="muted small">as of ${minuteText(heardMs)}</span>`;
}

/** One row for each region. */
export function LedgerTable({ ledger, atMs }) {
  const byRegion = Map.groupBy(ledger.rows, ({ region }) => region);
  const rows = [...byRegion].map(([region, own]) => ({
    ...{ region, isOld: isOld(ledger.heardMs?.[region], atMs) },
    ...sumOf(own),
  }));
  const href = ({ region }) => urlOf(["ledger", region]);
  const first = {
    ...{ key: "region", label: "Region" },
    cell: (row) =>
      html`<a href=${href(row)}>${row.region}</a> ${" "}<${AsOf}
          heardMs=${ledger.heardMs?.[row.region]}
          atMs=${atMs}
        />`,
  };
  return html`<${Table}
    cards
    label="Ledger by region"
    columns=${ledgerColumns(first, href, atMs)}
    rows=${rows}
    keyOf=${({ region }) => region}
  />`;
}
