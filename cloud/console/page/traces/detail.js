// One trace as a waterfall.
import { html } from "/lib/htm.js";
import { useState } from "/lib/hooks.js";
import { Answer } from "../kit/answer.js";
import { useAsk } from "../kit/ask.js";
import { CopyButton } from "../kit/code.js";
import { Facts } from "../kit/number.js";
import { duration, plural, timeText, valueText } from "../kit/numbers.js";
import { PageHead, Panel } from "../kit/panel.js";
import { urlOf } from "../shell/url.js";
import { waterfallOf } from "./waterfall.js";

const CRUMB = { href: "/traces", text: "Traces" };

export function TraceDetail({ id }) {
  const answer = useAsk(urlOf(["traces", id]));
  return html`
    <${PageHead}
      title=${answer.data ? nameOf(answer.data.spans) : "Trace"}
      crumb=${CRUMB}
      actions=${html`<${CopyButton} text=${id} label="Copy the id" />`}
    >
      <code>${id}</code>
    <//>
    <${Answer} of=${answer}>${({ spans }) => html`<${Waterfall} spans=${spans} />`}<//>
  `;
}

/** The process and its region. */
const placeOf = ({ service, region }) => (region === null ? service : `${service} ${region}`);

const nameOf = (spans) => waterfallOf(spans).rows[0]?.span.name ?? "Trace";

function Waterfall({ spans }) {
  const { rows, startMs, endMs } = waterfallOf(spans);
  const [chosen, setChosen] = useState(rows[0]?.span.spanId);
  const services = [...new Set(rows.map(({ span }) => span.service))];
  const span = spans.find(({ spanId }) => spanId === chosen);
  return html`<div class="stack">
    <${Panel}
      title=${`${plural(rows.length, "span")} in ${duration(endMs - startMs)}`}
      note=${`from ${timeText(startMs)}`}
    >
      <ol class="waterfall" aria-label="Spans in the order of their beginnings">
        ${rows.map(
          (row) =>
            html`<${SpanRow}
              key=${row.span.spanId}
              row=${row}
              startMs=${startMs}
              colour=${services.indexOf(row.span.service) % 4}
              isChosen=${row.span.spanId === chosen}
              choose=${() => setChosen(row.span.spanId)}
            />`,
        )}
      </ol>
    <//>
    ${span && html`<${SpanFacts} span=${span} startMs=${startMs} />`}
  </div>`;
}

function SpanRow({ row: { span, depth, left, width }, startMs, colour, isChosen, choose }) {
  const took = duration(span.endMs - span.startMs);
  const after = duration(span.startMs - startMs);
  return html`<li>
    <button class="row-button span" type="button" aria-pressed=${isChosen} onClick=${choose}>
      <span class="span-name" style=${{ paddingInlineStart: `${depth * 14}px` }}
        >${span.name}<span class="muted small"> ${placeOf(span)}</span></span
      >
      <span class="span-track">
        <span
          class="span-bar"
          data-colour=${colour}
          style=${{ insetInlineStart: `${left * 100}%`, width: `${Math.max(width * 100, 0.4)}%` }}
        ></span>
      </span>
      <span class="span-took"
        >${took}<span class="hidden-text"> from ${after} after the beginning</span></span
      >
    </button>
  </li>`;
}

const SpanFacts = ({ span, startMs }) =>
  html`<${Panel} title=${span.name} note=${placeOf(span)}>
    <${Facts}
      rows=${[
        [
          "Begins",
          `${duration(span.startMs - startMs)} after the first, at ${timeText(span.startMs)}`,
        ],
        ["Takes", duration(span.endMs - span.startMs)],
        ...Object.entries(span.attributes).map(([name, value]) => [
          name,
          html`<code>${valueText(value)}</code>`,
        ]),
      ]}
    />
  <//>`;
