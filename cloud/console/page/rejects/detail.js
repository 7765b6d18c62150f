import { html } from "/lib/htm.js";
import { Answer } from "../kit/answer.js";
import { useAsk } from "../kit/ask.js";
import { Chip } from "../kit/chip.js";
import { Facts, Time } from "../kit/number.js";
import { bytes } from "../kit/numbers.js";
import { PageHead, Panel } from "../kit/panel.js";
import { Note } from "../kit/problem.js";
import { urlOf } from "../shell/url.js";
import { ForOperators } from "../shell/session.js";
import { ContractBeside } from "./contract-beside.js";
import { Mend } from "./mend.js";
import { Payload } from "./payload.js";
import { REASONS, saysOf } from "./reasons.js";
import { Replay } from "./replay.js";

/** Somebody else, or a replay that has just ended, may have taken it out. */
const EVERY_MS = 3_000;
const CRUMB = { href: "/rejects", text: "Rejects" };

export function RejectDetail({ region, seq }) {
  const answer = useAsk(urlOf(["rejects", region, seq]), { everyMs: EVERY_MS });
  return html`
    <${PageHead} title=${`Reject ${seq} of ${region}`} crumb=${CRUMB} />
    <${Answer} of=${answer}
      >${(data) => html`<${Shown} data=${data} changed=${answer.reload} />`}<//
    >
  `;
}

function Shown({ data, changed }) {
  const { reject, text, base64, schema, places } = data;
  const { reason, detail, region, seq, isDone } = reject;
  return html`<div class="stack">
    ${
      isDone
        ? html`<${Note} state="ok" title="It was replayed, and is stored" />`
        : html`<${Note} state="warn" title=${detail || saysOf(reason)}>
            <p>${sentence(saysOf(reason))} ${REASONS[reason]?.next}</p>
          <//>`
    }
    <div class="columns">
      <${Panel} title="What was sent" note=${bytes(reject.payloadBytes)}>
        <div class="stack">
          <${Payload} text=${text} base64=${base64} places=${places} />
          <${Places} places=${places} />
          <${RejectFacts} reject=${reject} />
        </div>
      <//>
      <${Panel}
        title=${reject.contract === null ? "The contract" : `Contract ${reject.contract}${reject.version === null ? "" : ` v${reject.version}`}`}
      >
        <${ContractBeside} reject=${reject} schema=${schema} places=${places} />
      <//>
    </div>
    ${!isDone && html`<${Mend} reject=${reject} schema=${schema} />`}
    ${
      !isDone &&
      region !== "hub" &&
      html`<${ForOperators}
        ><${Replay}
          order=${{ region, seqs: [seq] }}
          what="this one, as of its arrival"
          done=${changed}
      /><//>`
    }
  </div>`;
}

const sentence = (text) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

const Places = ({ places }) =>
  places.length > 0 &&
  html`<ul class="lines">
    ${places.map(
      ({ pointer, message }) =>
        html`<li key=${pointer + message}>
          <${Chip} state="bad">${pointer === "" ? "payload" : pointer}<//> ${message}
        </li>`,
    )}
  </ul>`;

const RejectFacts = ({
  reject: { topic, device, clientId, receivedAtMs, mapping, elements, contentType, traceparent },
}) =>
  html`<${Facts}
    rows=${[
      ["Device", html`<a href=${urlOf(["devices", device])}><code>${device}</code></a>`],
      ["Client id", clientId !== device && html`<code>${clientId}</code>`],
      ["Topic", html`<code>${topic}</code>`],
      ["Arrived", html`<${Time} atMs=${receivedAtMs} />`],
      ["Mapping", mapping],
      ["Elements", elements && elements.join(", ")],
      ["Content type", contentType],
      [
        "Trace",
        traceparent &&
          html`<a href=${urlOf(["traces", traceparent.split("-")[1]])}
            >${traceparent.split("-")[1]}</a
          >`,
      ],
    ]}
  />`;
