// Lines over time: one as exact as can be, or several that are compared.
import { html } from "/lib/htm.js";
import { useMemo } from "/lib/hooks.js";
import { aligned } from "../kit/aligned.js";
import { Chart } from "../kit/chart.js";
import { plural } from "../kit/numbers.js";
import { Panel } from "../kit/panel.js";
import { fieldTitle, unitText } from "../kit/units.js";
import { lineName } from "./choice.js";
import { columnsOf, openFromFinal } from "./completeness.js";
import { LinesTable } from "./lines-table.js";
import { NothingHere, POINTS_SHOWN_MAX, PointsPanel } from "./points.js";
import { SeriesPanel } from "./series-panel.js";

/** Dots are for what is not final. */
const DOTS = [2, 4];

export function SeriesPanels({ lines, choice, span, zoom }) {
  const named = useMemo(
    () =>
      lines.map((line, at) => ({
        ...{ ...line, colour: at, name: lineName(line, choice) },
        columns: drawnColumns(line),
      })),
    [lines],
  );
  if (named.length === 1) return html`<${SeriesPanel} data=${lines[0]} ...${{ span, zoom }} />`;
  if (named.every(({ points }) => points.length === 0))
    return html`<${Panel}><${NothingHere} lines=${lines} span=${span} /><//>`;
  return html`<div class="stack">
    ${unitGroups(named).map(
      (group) =>
        html`<${UnitPanel} key=${group.map(({ name }) => name).join()} ...${{ group, zoom }} />`,
    )}
    <${LinesTable} lines=${named} />
    <${Counts} lines=${named} zoom=${zoom} />
    <${PointsPanel} lines=${named} label="Points of all lines" />
  </div>`;
}

function drawnColumns({ points, stepMs }) {
  const columns = columnsOf(points, stepMs);
  return { ...columns, open: openFromFinal(columns) };
}

const isNumber = (value) => typeof value === "number";
const isDrawn = ({ columns: { value, open } }) => value.some(isNumber) || open.some(isNumber);

/** Lines of one unit share an axis; text has none. */
function unitGroups(lines) {
  const groups = new Map();
  for (const line of lines.filter(isDrawn))
    groups.set(line.unit, [...(groups.get(line.unit) ?? []), line]);
  return [...groups.values()];
}

function UnitPanel({ group, zoom }) {
  const { timesMs, series } = useMemo(
    () => drawingOf(group),
    [group.map(({ columns }) => columns)].flat(),
  );
  const fields = [...new Set(group.map(({ field }) => field))];
  const title = fieldTitle(fields.join(", "), group[0].unit);
  const said = `${plural(group.length, "line")} of ${fields.join(" and ")}: ${group.map(({ name }) => name).join(", ")}${unitText(group[0].unit) && `, in ${unitText(group[0].unit)}`}`;
  return html`<${Panel} title=${title} note="Drag over a part to zoom in">
    <${Chart} timesMs=${timesMs} series=${series} label=${said} height=${260} onZoom=${zoom} />
  <//>`;
}

function drawingOf(group) {
  const { timesMs, lines } = aligned(group.map(({ columns }) => columns));
  const series = group.flatMap(({ name, unit, colour, points }, at) => {
    const shared = { label: name, unit: unit ?? "", colour };
    const { value, open } = lines[at];
    return [
      { ...shared, values: value, points: points.length <= POINTS_SHOWN_MAX },
      { ...shared, values: open, points: true, dash: DOTS, follows: true },
    ];
  });
  return { timesMs, series };
}

/** Readings of each window, of the lines that are rollups. */
function Counts({ lines, zoom }) {
  const rollups = lines.filter(({ source, points }) => source !== "raw" && points.length > 0);
  const drawn = useMemo(() => {
    const { timesMs, lines: wide } = aligned(rollups.map(({ columns }) => columns));
    const series = rollups.map(({ name, colour }, at) => ({
      ...{ label: name, values: wide[at].count, colour, points: false, stepped: true },
    }));
    return { timesMs, series };
  }, [lines]);
  if (rollups.length === 0) return null;
  return html`<${Panel} title="Readings in each window">
    <${Chart}
      ...${drawn}
      fromZero
      label="Readings in each window, by line"
      height=${140}
      onZoom=${zoom}
    />
  <//>`;
}
