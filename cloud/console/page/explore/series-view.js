// Lines over time: fields of series, with what is known about each point.
import { html } from "/lib/htm.js";
import { useEffect, useRef, useState } from "/lib/hooks.js";
import { Answer } from "../kit/answer.js";
import { useAsk } from "../kit/ask.js";
import { Button } from "../kit/button.js";
import { SelectField } from "../kit/form.js";
import { setQuery } from "../shell/router.js";
import { urlOf } from "../shell/url.js";
import { ChosenRow } from "./chosen-row.js";
import { LINES_MAX, queryOf } from "./choice.js";
import { SeriesPanels } from "./series-panels.js";
import { SPANS, moved, spanOf, zoomedOut } from "./span.js";

/** Points of all lines together. */
const POINTS = 4_000;
const POINTS_OF_ONE_MAX = 1_500;
const CSV_POINTS = 50_000;
const EVERY_MS = 5_000;

const SOURCES = [
  { value: "", text: "by the span" },
  { value: "raw", text: "readings" },
  { value: "10s", text: "rollups of 10 s" },
  { value: "1m", text: "rollups of 1 min" },
  { value: "1h", text: "rollups of 1 h" },
  { value: "1d", text: "rollups of 1 d (UTC)" },
];

/** A change of the address that a person asked for: with a step to go back to. */
const go = (change) => setQuery(change, { replace: false });

export function SeriesView({ contract, choice, query }) {
  const about = useAsk(urlOf(["series"], { contract, limit: 1 }));
  return html`<${Answer} of=${about}
    >${({ fields }) => {
      const named = choice.fields.filter((name) => fields.some((field) => field.name === name));
      const drawn = named.length > 0 ? named : fields.slice(0, 1).map(({ name }) => name);
      const whole = { series: choice.series, fields: drawn };
      return html`
        <${ChosenRow} ...${{ contract, query, fields, go }} choice=${whole} />
        <${OverTime} ...${{ contract, query }} choice=${whole} />
      `;
    }}<//
  >`;
}

function OverTime({ contract, choice, query }) {
  // The end of a span that follows the clock moves with each answer, not with each drawing of the page.
  const [nowMs, setNow] = useState(Date.now());
  const span = spanOf(query, nowMs);
  const { fromMs, untilMs, follows } = span;
  const lines = choice.series.length * choice.fields.length;
  const asked = { contract, ...queryOf(choice), source: query.source, fromMs, untilMs };
  const points = Math.min(POINTS, POINTS_OF_ONE_MAX * lines);
  const answer = useAsk(lines > LINES_MAX ? null : urlOf(["series", "data"], { ...asked, points }));
  const kind = JSON.stringify([choice, query.source, follows ?? [fromMs, untilMs]]);
  const data = useLast(answer.data, kind);
  const csv = `/api/v1${urlOf(["series", "data"], { ...asked, points: CSV_POINTS, format: "csv" })}`;
  useEffect(() => {
    if (follows === null) return undefined;
    const timer = setInterval(() => !document.hidden && setNow(Date.now()), EVERY_MS);
    return () => clearInterval(timer);
  }, [follows]);
  if (lines > LINES_MAX)
    return html`<p class="muted" role="status">
      These are ${lines} lines; ${LINES_MAX} can be told apart. Take out some series or fields.
    </p>`;
  return html`
    <div class="toolbar">
      <${SelectField}
        label="Drawn from"
        value=${query.source ?? ""}
        options=${SOURCES}
        onChange=${(name) => go({ source: name })}
      />
      <${SpanField} span=${span} now=${() => setNow(Date.now())} />
      <a class="button spread" href=${csv} download>Download CSV</a>
    </div>
    <${Answer} of=${{ ...answer, data }}
      >${(drawn) => html`<${SeriesPanels} lines=${drawn.lines} choice=${choice} span=${span} zoom=${(from, until) => go({ from, until, span: null })} />`}<//
    >
  `;
}

function SpanField({ span, now }) {
  return html`<div class="field">
    <span class="field-label" id="span-label">Span</span>
    <div class="row" role="group" aria-labelledby="span-label">
      ${Object.entries(SPANS).map(
        ([name, { text }]) =>
          html`<${Button}
            key=${name}
            size="small"
            kind=${span.follows === name ? "primary" : undefined}
            aria-pressed=${span.follows === name}
            onClick=${() => {
              now();
              go({ span: name, from: null, until: null });
            }}
            >${text}<//
          >`,
      )}
      <${Button}
        size="small"
        onClick=${() => go(moved(span, -0.5, Date.now()))}
        aria-label="Earlier"
        >←<//
      >
      <${Button} size="small" onClick=${() => go(moved(span, 0.5, Date.now()))} aria-label="Later"
        >→<//
      >
      <${Button} size="small" onClick=${() => go(zoomedOut(span, Date.now()))}>Zoom out<//>
    </div>
  </div>`;
}

/** What was there stays until the next answer to a question of the same kind. */
function useLast(data, kind) {
  const last = useRef({ kind: null, data: null });
  if (data !== null) last.current = { kind, data };
  return last.current.kind === kind ? last.current.data : null;
}
