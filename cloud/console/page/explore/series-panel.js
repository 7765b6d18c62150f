// The chart of a series, and below it how complete its points are.
import { html } from "/lib/htm.js";
import { unitText } from "../kit/units.js";
import { useMemo } from "/lib/hooks.js";
import { Chart } from "../kit/chart.js";
import { Chip } from "../kit/chip.js";
import { Empty } from "../kit/empty.js";
import { count, duration, figure, plural, timeText, valueText } from "../kit/numbers.js";
import { Panel } from "../kit/panel.js";
import { Table } from "../kit/table.js";
import { columnsOf, completenessOf } from "./completeness.js";

const ROWS_MAX = 50;
const POINTS_SHOWN_MAX = 200;

const WORDS = { raw: "readings", "10s": "rollups of 10 s", "1m": "rollups of 1 min" };

export function SeriesPanel({ data, span: { fromMs, untilMs }, zoom }) {
  const { field, source, stepMs, points, isCutShort } = data;
  const columns = useMemo(() => columnsOf(points, stepMs), [data]);
  const isDrawn =
    columns.value.some((value) => typeof value === "number") ||
    columns.open.some((value) => typeof value === "number");
  const from = `${WORDS[source]}${stepMs > 10_000 && stepMs !== 60_000 ? `, ${duration(stepMs)} a point` : ""}`;
  const title = `${field}, ${from}`;
  if (points.length === 0)
    return html`<${Panel} title=${title}>
      <${Empty} title="There is nothing in this span">
        Between ${timeText(fromMs)} and ${timeText(untilMs)} InfluxDB has no ${WORDS[source]} of it.
        Zoom out, or choose another field.
      <//>
    <//>`;
  return html`<div class="stack">
    <${Panel} title=${title} note=${isDrawn ? "Drag over a part to zoom in" : undefined}>
      ${isDrawn && html`<${Lines} ...${{ data, columns, zoom }} />`}
      <${Completeness} points=${points} stepMs=${stepMs} isCutShort=${isCutShort} />
    <//>
    <${Panel}
      title="As a table"
      note=${points.length > ROWS_MAX ? `the last ${ROWS_MAX} of ${count(points.length)}` : undefined}
      flush
    >
      <${Table}
        label=${`Points of ${field}`}
        columns=${source === "raw" ? RAW : ROLLUPS}
        rows=${points.slice(-ROWS_MAX).toReversed()}
        keyOf=${({ tMs }) => tMs}
      />
    <//>
  </div>`;
}

function Lines({ data: { field, unit, source, stepMs, points }, columns, zoom }) {
  const { timesMs, value, open, min, max } = columns;
  const shown = points.length <= POINTS_SHOWN_MAX;
  const isRollup = source !== "raw";
  const series = useMemo(
    () => [
      { label: isRollup ? "mean" : field, unit: unit ?? "", values: value, points: shown },
      ...(isRollup
        ? [
            { label: "not final", unit: unit ?? "", values: open, points: true, dash: [4, 4] },
            { label: "max", unit: unit ?? "", values: max, edge: true },
            { label: "min", unit: unit ?? "", values: min, edge: true },
          ]
        : []),
    ],
    [columns],
  );
  const counts = useMemo(
    () => [{ label: "readings", values: columns.count, points: false, stepped: true }],
    [columns],
  );
  const numbers = points.map((point) => point.value).filter((one) => typeof one === "number");
  const said = `${field}: ${plural(points.length, "point")}, from ${figure(Math.min(...numbers))} to ${figure(Math.max(...numbers))}${unitText(unit) && ` ${unitText(unit)}`}`;
  return html`
    <${Chart}
      timesMs=${timesMs}
      series=${series}
      band=${isRollup ? [2, 3] : undefined}
      label=${said}
      height=${300}
      onZoom=${zoom}
    />
    ${
      isRollup &&
      html`<h3 class="chart-title">Readings in each window of ${duration(stepMs)}</h3>
        <${Chart}
          timesMs=${timesMs}
          series=${counts}
          fromZero
          label="Readings in each window"
          height=${110}
          onZoom=${zoom}
        />`
    }
  `;
}

function Completeness({ points, stepMs, isCutShort }) {
  const { readings, open, revised, usual, sparse, gaps } = completenessOf(points, stepMs);
  if (stepMs === 0)
    return html`<p class="row">
      <${Chip} state="ok">${plural(readings, "reading")}<//>
      ${isCutShort && html`<${Chip} state="warn">there are more: zoom in<//>`}
    </p>`;
  return html`<p class="row">
    <${Chip} state="ok">${plural(readings, "reading")}<//>
    <${Chip} state=${gaps > 0 ? "warn" : "ok"} title="No reading came in these windows"
      >${plural(gaps, "window")} missing<//
    >
    <${Chip} state=${sparse > 0 ? "warn" : "ok"} title=${`The others have about ${usual} readings`}
      >${plural(sparse, "window")} with few readings<//
    >
    <${Chip}
      state=${revised > 0 ? "info" : "idle"}
      title="Late readings changed them; the newest is shown"
      >${count(revised)} revised<//
    >
    <${Chip} state="idle" title="The window has not ended, or late readings may still come"
      >${count(open)} not final<//
    >
    ${isCutShort && html`<${Chip} state="warn">there are more: zoom in<//>`}
  </p>`;
}

const TIME = {
  key: "time",
  label: "Time",
  cell: ({ tMs }) => html`<time datetime=${new Date(tMs).toISOString()}>${timeText(tMs)}</time>`,
};
/** As exact as a sensor is, which is more than a glance needs. */
const DIGITS = 8;
const shownNumber = (value) => {
  if (value === null) return "";
  return typeof value === "number" ? String(Number(value.toPrecision(DIGITS))) : valueText(value);
};

const RAW = [
  TIME,
  { key: "value", label: "Value", number: true, cell: ({ value }) => shownNumber(value) },
];

const ROLLUPS = [
  TIME,
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
