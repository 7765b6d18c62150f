// Charts over time, by uPlot.
import { html } from "/lib/htm.js";
import { useEffect, useRef } from "/lib/hooks.js";
import UPlot from "/lib/uplot.js";
import { valueAt } from "./aligned.js";
import { exact } from "./numbers.js";
import { fieldTitle } from "./units.js";
import { useTheme } from "../shell/theme.js";

const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const SERIES_TOKENS = ["--series-1", "--series-2", "--series-3", "--series-4"];

/** Lines at a value (`{ at, label }`) or at a time (`{ atMs, label }`). */
const marksPlugin = (marks) => ({
  hooks: {
    draw: (plot) => {
      const { ctx, bbox } = plot;
      ctx.save();
      ctx.strokeStyle = token("--bad");
      ctx.fillStyle = token("--bad");
      ctx.lineWidth = devicePixelRatio;
      ctx.setLineDash([5 * devicePixelRatio, 4 * devicePixelRatio]);
      ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
      ctx.textAlign = "left";
      for (const { at, atMs, label = "" } of marks) {
        const isTime = atMs !== undefined;
        const place = Math.round(
          plot.valToPos(isTime ? atMs / 1000 : at, isTime ? "x" : "y", true),
        );
        ctx.beginPath();
        if (isTime) {
          ctx.moveTo(place, bbox.top);
          ctx.lineTo(place, bbox.top + bbox.height);
          const isRight = place > bbox.left + bbox.width / 2;
          ctx.textAlign = isRight ? "right" : "left";
          ctx.fillText(label, place + (isRight ? -4 : 4), bbox.top + 12 * devicePixelRatio);
          ctx.textAlign = "left";
        } else {
          ctx.moveTo(bbox.left, place);
          ctx.lineTo(bbox.left + bbox.width, place);
          ctx.fillText(label, bbox.left + 4, place - 4);
        }
        ctx.stroke();
      }
      ctx.restore();
    },
  },
});

/** Times at an axis, as the clocks of most countries say them; the day below where it begins. */
const CLOCK = [
  [365 * 86_400, "{YYYY}", null, null, null, null, null, null, 1],
  [28 * 86_400, "{D} {MMM}", "\n{YYYY}", null, null, null, null, null, 1],
  [86_400, "{D} {MMM}", "\n{YYYY}", null, null, null, null, null, 1],
  [60, "{HH}:{mm}", "\n{D} {MMM}", null, "\n{D} {MMM}", null, null, null, 1],
  [1, "{HH}:{mm}:{ss}", "\n{D} {MMM}", null, "\n{D} {MMM}", null, null, null, 1],
  [0.001, "{ss}.{fff}", "\n{HH}:{mm}", null, null, null, "\n{HH}:{mm}", null, 1],
];

/** Keeps marked values in sight, and zero where it is asked for. */
const rangeWith = (marks, fromZero) => (_plot, least, most) => {
  const ats = marks.flatMap(({ at }) => (at === undefined ? [] : [at]));
  if (fromZero) return [0, Math.max(most ?? 0, 1) * 1.1];
  const known = [least, most, ...ats].filter((value) => value !== null && Number.isFinite(value));
  if (known.length === 0) return [0, 1];
  const low = Math.min(...known);
  const high = Math.max(...known);
  const room = (high - low || Math.abs(high) || 1) * 0.08;
  return [low - room, high + room];
};

const steps = UPlot.paths.stepped({ align: 1 });

/** Lines beyond the number of colours are dashed, so that no two are the same. */
const LONG_DASH = [12, 5];

/** The colour of a line, which is also its mark in tables. */
export const colourOf = (at) => `var(${SERIES_TOKENS[at % SERIES_TOKENS.length]})`;
export const isDashed = (at) => at >= SERIES_TOKENS.length;

/** Lines take the colours in turn, unless they name one; an edge of a band is not drawn itself. */
const linesOf = (series) =>
  series.map(({ label, unit = "", points, dash, edge, stepped, colour, follows }, at) => {
    const place = colour ?? at;
    return {
      label: fieldTitle(label, unit),
      stroke: edge ? "transparent" : token(SERIES_TOKENS[place % SERIES_TOKENS.length]),
      width: edge ? 0 : 1.5,
      dash: dash ?? (isDashed(place) && !edge ? LONG_DASH : undefined),
      points: { show: edge ? false : points },
      ...(stepped ? { paths: steps } : {}),
      ...(follows ? { class: "u-follows" } : {}),
      value: (plot, value, of, place) => {
        // What is not final is a line of its own, which the legend does not name.
        const next = series[at + 1]?.follows ? plot.data[of + 1] : [];
        const shown =
          place === null ? null : (valueAt(plot.data[of], place) ?? valueAt(next, place));
        const said = value ?? shown;
        return said === null || said === undefined ? "" : exact(said);
      },
    };
  });

const bandOf = (band) =>
  band === undefined ? [] : [{ series: band.map((at) => at + 1), fill: token("--band") }];

function optionsOf({ series, marks, band, fromZero, width, height, onZoom }) {
  const axis = {
    stroke: token("--muted"),
    grid: { stroke: token("--line"), width: 1 },
    ticks: { stroke: token("--line"), width: 1 },
    font: "12px system-ui, sans-serif",
  };
  return {
    width,
    height,
    // Half of the last time stands beyond the end of its axis.
    padding: [null, 34, null, null],
    scales: { x: { time: true }, y: { range: rangeWith(marks, fromZero) } },
    axes: [
      { ...axis, values: CLOCK, space: 84 },
      { ...axis, size: 62 },
    ],
    series: [{ value: "{YYYY}-{MM}-{DD} {HH}:{mm}:{ss}" }, ...linesOf(series)],
    bands: bandOf(band),
    plugins: [marksPlugin(marks)],
    cursor: { drag: { x: onZoom !== undefined, y: false, setScale: false } },
    hooks: {
      // Without a place there are no values to read, and no time of them.
      setCursor: [(plot) => void (plot.root.dataset.placed = String(plot.cursor.idx !== null))],
      setSelect: [
        (plot) => {
          if (!onZoom || plot.select.width < 4) return;
          const from = plot.posToVal(plot.select.left, "x");
          const to = plot.posToVal(plot.select.left + plot.select.width, "x");
          plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
          onZoom(Math.round(from * 1000), Math.round(to * 1000));
        },
      ],
    },
  };
}

/**
 * Values over time. `timesMs` are the times, ascending; `series` are `{ label, unit, values, points, dash, stepped, colour, follows }`
 * with a value or null for each time, undefined where it has none of its own; `colour` counts the colours, and what `follows` goes on
 * with another line and is not named again; `band` are the places of the two series, the upper one first, between which it is filled,
 * and which have `edge` set; with `fromZero` values begin there; `marks` are limits and moments; `onZoom(fromMs, toMs)` is called when a span is dragged.
 * `label` says in words what the chart shows.
 */
export function Chart({
  timesMs,
  series,
  marks = [],
  band,
  fromZero,
  height = 240,
  label,
  onZoom,
}) {
  const frame = useRef(null);
  const plot = useRef(null);
  const theme = useTheme();
  const shape = JSON.stringify([
    series.map(({ label: name, unit, colour, points }) => [name, unit, colour, points]),
    marks,
    band,
    height,
  ]);
  const data = [timesMs.map((ms) => ms / 1000), ...series.map(({ values }) => values)];
  const zoom = useRef(onZoom);
  zoom.current = onZoom;
  useEffect(() => {
    const element = frame.current;
    const { clientWidth: width } = element;
    const zoomed = onZoom && ((from, to) => zoom.current?.(from, to));
    plot.current = new UPlot(
      optionsOf({ series, marks, band, fromZero, width, height, onZoom: zoomed }),
      data,
      element,
    );
    const observer = new ResizeObserver(() =>
      plot.current.setSize({ width: element.clientWidth, height }),
    );
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.current.destroy();
      plot.current = null;
    };
  }, [shape, theme]);
  useEffect(() => plot.current?.setData(data), [timesMs, series]);
  return html`<div class="chart" ref=${frame} role="img" aria-label=${label}></div>`;
}
