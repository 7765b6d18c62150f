// The values around the reading that raised an alert, with the limit that they crossed.
import { html } from "/lib/htm.js";
import { useMemo } from "/lib/hooks.js";
import { Chart } from "../kit/chart.js";
import { Empty } from "../kit/empty.js";
import { exact, plural, timeText } from "../kit/numbers.js";
import { Panel } from "../kit/panel.js";
import { unitText } from "../kit/units.js";
import { urlOf } from "../shell/url.js";

const POINTS_SHOWN_MAX = 150;
/** More moments than these cover the line. */
const MOMENTS_MAX = 6;

export function ValuesAround({ alert, history, values }) {
  const drawn = useMemo(() => values && drawingOf(values), [values]);
  if (values === null || values.points.length === 0)
    return html`<${Panel} title="The values around it">
      <${Empty} title="Nothing to draw">
        ${
          values === null
            ? "This alert is about no single number, or InfluxDB does not answer."
            : "InfluxDB has no readings of this time. They come as soon as the WAN and InfluxDB allow."
        }
      <//>
    <//>`;
  const { contract, field, unit, limits, points } = values;
  const steps = history.filter(({ state }) => state === "firing" || state === "resolved");
  const marks = [
    ...limits.map((at) => ({ at, label: `limit ${exact(at)}` })),
    ...steps.slice(-MOMENTS_MAX).map(({ atMs, state }) => ({ atMs, label: state })),
  ];
  const extremes = points.map(({ value }) => value);
  const said = `${field} of ${alert.key}: ${plural(points.length, "reading")} from ${exact(Math.min(...extremes))} to ${exact(Math.max(...extremes))}${unitText(unit) && ` ${unitText(unit)}`}`;
  const { key, series } = alert;
  const explore = urlOf(["explore"], {
    contract,
    field,
    tags: JSON.stringify({ device: series?.key ?? key, ...series?.tags }),
    from: points[0].tMs,
    until: points.at(-1).tMs + 1,
  });
  return html`<${Panel}
    title="The values around it"
    note=${`${timeText(points[0].tMs)} to ${timeText(points.at(-1).tMs)}`}
    actions=${html`<a class="button" data-size="small" href=${explore}>Explore</a>`}
  >
    <${Chart}
      ...${drawn}
      marks=${marks}
      label=${`${said}; limit ${limits.map(exact).join(" and ") || "none"}`}
    />
    <p class="muted small">${said}.</p>
  <//>`;
}

const drawingOf = ({ field, unit, points }) => ({
  timesMs: points.map(({ tMs }) => tMs),
  series: [
    {
      label: field,
      unit: unit ?? "",
      points: points.length <= POINTS_SHOWN_MAX,
      values: points.map(({ value }) => value),
    },
  ],
});
