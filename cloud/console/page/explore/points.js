// Points of lines in words and as a table.
import { html } from "/lib/htm.js";
import { Chip } from "../kit/chip.js";
import { Empty } from "../kit/empty.js";
import { count, duration, exact, timeText, valueText } from "../kit/numbers.js";
import { Panel } from "../kit/panel.js";
import { Table } from "../kit/table.js";

const ROWS_MAX = 50;
/** Points of a line that are marked; more would hide it. */
export const POINTS_SHOWN_MAX = 200;

const WORDS = {
  raw: "readings",
  "10s": "rollups of 10 s",
  "1m": "rollups of 1 min",
  "1h": "rollups of 1 h",
  "1d": "rollups of 1 d (UTC)",
};
/** Sources whose windows say in their name what a point is of. */
const STEPS = { raw: 0, "10s": 10_000, "1m": 60_000, "1h": 3_600_000, "1d": 86_400_000 };

/** The source of a line in words: "rollups of 1 min, 4 min a point". */
export const drawnFrom = ({ source, stepMs }) =>
  `${WORDS[source]}${stepMs > STEPS[source] ? `, ${duration(stepMs)} a point` : ""}`;

export const NothingHere = ({ lines: [first], span: { fromMs, untilMs } }) =>
  html`<${Empty} title="There is nothing in this span">
    Between ${timeText(fromMs)} and ${timeText(untilMs)} InfluxDB has no ${WORDS[first.source]} of
    it. Zoom out, or choose another field.
  <//>`;

/** The newest points of one line or several, which have a `name` then. */
export function PointsPanel({ lines, label }) {
  const rows = lines
    .flatMap(({ name, points }) => points.map((point) => ({ name, ...point })))
    .sort((a, b) => b.tMs - a.tMs);
  const hasRollups = lines.some(({ source }) => source !== "raw");
  const named = lines.length > 1 ? [TIME, NAME] : [TIME];
  return html`<${Panel}
    title="As a table"
    note=${rows.length > ROWS_MAX ? `the last ${ROWS_MAX} of ${count(rows.length)}` : undefined}
    flush
  >
    <${Table}
      label=${label}
      columns=${[...named, ...(hasRollups ? ROLLUPS : RAW)]}
      rows=${rows.slice(0, ROWS_MAX)}
      keyOf=${({ tMs, name }) => `${tMs} ${name}`}
    />
  <//>`;
}

const TIME = {
  key: "time",
  label: "Time",
  cell: ({ tMs }) => html`<time datetime=${new Date(tMs).toISOString()}>${timeText(tMs)}</time>`,
};

const NAME = { key: "name", label: "Line", cell: ({ name }) => name };

const shownNumber = (value) => {
  if (value === null) return "";
  return typeof value === "number" ? exact(value) : valueText(value);
};

const RAW = [
  { key: "value", label: "Value", number: true, cell: ({ value }) => shownNumber(value) },
];

const ROLLUPS = [
  { key: "mean", label: "Mean", number: true, cell: ({ value }) => shownNumber(value) },
  { key: "min", label: "Min", number: true, cell: ({ min }) => shownNumber(min) },
  { key: "max", label: "Max", number: true, cell: ({ max }) => shownNumber(max) },
  { key: "count", label: "Readings", number: true, cell: ({ count: readings }) => count(readings) },
  {
    key: "state",
    label: "State",
    cell: ({ isFinal, revision }) =>
      isFinal
        ? revision > 0
          ? html`<${Chip} state="info">revised ${revision === 1 ? "once" : `${revision} times`}<//>`
          : html`<span class="muted">final</span>`
        : html`<${Chip}>not final<//>`,
  },
];
