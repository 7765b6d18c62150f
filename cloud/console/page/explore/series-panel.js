// The chart of one line, and below it how complete its points are.
import { html } from "/lib/htm.js";
import { unitText } from "../kit/units.js";
import { useMemo } from "/lib/hooks.js";
import { Chart } from "../kit/chart.js";
import { Chip } from "../kit/chip.js";
import { count, duration, exact, plural } from "../kit/numbers.js";
import { Panel } from "../kit/panel.js";
import { columnsOf, completenessOf } from "./completeness.js";
import { NothingHere, POINTS_SHOWN_MAX, PointsPanel, drawnFrom } from "./points.js";

export function SeriesPanel({ data, span, zoom }) {
  const { field, stepMs, points, isCutShort } = data;
  const columns = useMemo(() => columnsOf(points, stepMs), [data]);
  const isDrawn =
    columns.value.some((value) => typeof value === "number") ||
    columns.open.some((value) => typeof value === "number");
  const title = `${field}, ${drawnFrom(data)}`;
  if (points.length === 0)
    return html`<${Panel} title=${title}><${NothingHere} lines=${[data]} span=${span} /><//>`;
  return html`<div class="stack">
    <${Panel} title=${title} note=${isDrawn ? "Drag over a part to zoom in" : undefined}>
      ${isDrawn && html`<${Lines} ...${{ data, columns, zoom }} />`}
      <${Completeness} points=${points} stepMs=${stepMs} isCutShort=${isCutShort} />
    <//>
    <${PointsPanel} lines=${[data]} label=${`Points of ${field}`} />
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
  const said = `${field}: ${plural(points.length, "point")}, from ${exact(Math.min(...numbers))} to ${exact(Math.max(...numbers))}${unitText(unit) && ` ${unitText(unit)}`}`;
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
