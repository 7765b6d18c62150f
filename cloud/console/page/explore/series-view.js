// One series: a field over time, with what is known about each point.
import { html } from "/lib/htm.js";
import { useEffect, useRef, useState } from "/lib/hooks.js";
import { Answer } from "../kit/answer.js";
import { useAsk } from "../kit/ask.js";
import { Button } from "../kit/button.js";
import { SelectField } from "../kit/form.js";
import { setQuery } from "../shell/router.js";
import { urlOf } from "../shell/url.js";
import { SeriesPanel } from "./series-panel.js";
import { SPANS, moved, spanOf, zoomedOut } from "./span.js";
import { unitText } from "../kit/units.js";

const POINTS = 1_500;
const CSV_POINTS = 50_000;
const EVERY_MS = 5_000;

const SOURCES = [
  { value: "", text: "by the span" },
  { value: "raw", text: "readings" },
  { value: "10s", text: "rollups of 10 s" },
  { value: "1m", text: "rollups of 1 min" },
];

export function SeriesView({ contract, tags, query }) {
  const about = useAsk(urlOf(["series"], { contract, limit: 1 }));
  const named = Object.entries(tags)
    .map(([name, value]) => `${name} ${value}`)
    .join(", ");
  return html`
    <div class="row series-name">
      <a href=${urlOf(["explore"], { contract })}>${contract}</a>
      <strong>${named || "all series"}</strong>
      ${tags.device && html`<a href=${urlOf(["devices", tags.device])}>the device</a>`}
    </div>
    <${Answer} of=${about}
      >${({ fields }) => html`<${OverTime} ...${{ contract, tags, query, fields }} />`}<//
    >
  `;
}

function OverTime({ contract, tags, query, fields }) {
  // The end of a span that follows the clock moves with each answer, not with each drawing of the page.
  const [nowMs, setNow] = useState(Date.now());
  const field = query.field ?? fields[0]?.name;
  const span = spanOf(query, nowMs);
  const { fromMs, untilMs, follows } = span;
  const asked = {
    ...{ contract, field, tags: JSON.stringify(tags), source: query.source },
    fromMs,
    untilMs,
  };
  const answer = useAsk(urlOf(["series", "data"], { ...asked, points: POINTS }));
  const kind = JSON.stringify([field, query.source, follows ?? [fromMs, untilMs]]);
  const data = useLast(answer.data, kind);
  const csv = `/api/v1${urlOf(["series", "data"], { ...asked, points: CSV_POINTS, format: "csv" })}`;
  useEffect(() => {
    if (follows === null) return undefined;
    const timer = setInterval(() => !document.hidden && setNow(Date.now()), EVERY_MS);
    return () => clearInterval(timer);
  }, [follows]);
  const go = (change) => setQuery(change, { replace: false });
  return html`
    <div class="toolbar">
      <${SelectField}
        label="Field"
        value=${field}
        options=${fields.map(({ name, unit }) => ({ value: name, text: unitText(unit) ? `${name} (${unitText(unit)})` : name }))}
        onChange=${(name) => go({ field: name })}
      />
      <${SelectField}
        label="Drawn from"
        value=${query.source ?? ""}
        options=${SOURCES}
        onChange=${(name) => go({ source: name })}
      />
      <div class="field">
        <span class="field-label" id="span-label">Span</span>
        <div class="row" role="group" aria-labelledby="span-label">
          ${Object.entries(SPANS).map(
            ([name, { text }]) =>
              html`<${Button}
                key=${name}
                size="small"
                kind=${follows === name ? "primary" : undefined}
                aria-pressed=${follows === name}
                onClick=${() => {
                  setNow(Date.now());
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
          <${Button}
            size="small"
            onClick=${() => go(moved(span, 0.5, Date.now()))}
            aria-label="Later"
            >→<//
          >
          <${Button} size="small" onClick=${() => go(zoomedOut(span, Date.now()))}>Zoom out<//>
        </div>
      </div>
      <a class="button spread" href=${csv} download>Download CSV</a>
    </div>
    <${Answer} of=${{ ...answer, data }}
      >${(points) => html`<${SeriesPanel} data=${points} span=${span} zoom=${(from, until) => go({ from, until, span: null })} />`}<//
    >
  `;
}

/** What was there stays until the next answer to a question of the same kind. */
function useLast(data, kind) {
  const last = useRef({ kind: null, data: null });
  if (data !== null) last.current = { kind, data };
  return last.current.kind === kind ? last.current.data : null;
}
