// Waits for a device: its connection, its first message, or the refusal and what to change.
import { html } from "/lib/htm.js";
import { useState } from "/lib/hooks.js";
import { useAsk } from "../kit/ask.js";
import { Chip, StateMark } from "../kit/chip.js";
import { Age, Value } from "../kit/number.js";
import { duration, valueText } from "../kit/numbers.js";
import { Panel } from "../kit/panel.js";
import { useNow } from "../kit/now.js";
import { fieldsOf } from "../devices/readings.js";
import { useUnits } from "../devices/units.js";
import { useEvents, useFollowDevices } from "../shell/feed.js";
import { urlOf } from "../shell/url.js";
import { adviceOf } from "./advice.js";

const LATE_MS = 60_000;
const PASSED_ASKED_MS = 2_000;

const isOf = (id) => (event) =>
  event.device === id || event.clientId === id || event.clientId?.startsWith(`${id}/`);

/** What was heard of a device since this page waits for it: `{ sinceMs, connectedMs, reading, refusal }`. */
function useHeard({ id, region }) {
  const [heard, setHeard] = useState({ id, sinceMs: Date.now() });
  useFollowDevices([id]);
  useEvents(
    "values",
    (rows) => {
      const own = rows.find(({ row }) => row[0] === id);
      if (!own) return;
      const [, contract, version, tsMs, receivedMs, topic, mapping, values] = own.row;
      const reading = { contract, version, tsMs, receivedMs, topic, mapping, values };
      setHeard((before) => ({
        ...before,
        region: own.region,
        reading,
        first: before.first ?? reading,
        refusal: null,
      }));
    },
    [id],
  );
  useEvents(
    "event",
    (event) => {
      if (!isOf(id)(event)) return;
      const { kind, atMs } = event;
      if (kind === "connected")
        setHeard((before) => ({ ...before, connectedMs: atMs, refusal: null }));
      if (kind === "connect_refused" || kind === "reject")
        setHeard((before) => ({ ...before, refusal: event }));
    },
    [id],
  );
  return { region, ...heard };
}

const Step = ({ state, children }) =>
  html`<li class="row" data-state=${state}>
    <${StateMark} state=${state} /><span>${children}</span>
  </li>`;

function Refusal({ refusal, device }) {
  const { kind, reason, detail, atMs } = refusal;
  const advice = adviceOf(refusal, device.id);
  return html`<div class="arrival" data-state="bad" role="alert">
    <h3>${kind === "reject" ? "A message was refused, and kept" : "The connection was refused"}</h3>
    <p>
      <${Chip} state="bad">${reason}<//> <span class="muted"><${Age} atMs=${atMs} /></span>
    </p>
    ${detail && html`<p><code>${detail}</code></p>`} ${advice && html`<p>${advice}</p>`}
    ${
      kind === "reject" &&
      html`<p>
        <a href=${urlOf(["rejects"], { device: device.id })}>See what was sent</a>
      </p>`
    }
  </div>`;
}

/** What came of it and made no reading: nothing is wrong with that, but nothing is stored. */
function Passed({ topic: { topic, region, passed, lastMs }, device }) {
  return html`<div class="arrival" data-state="warn" role="status">
    <h3>A message of ${device.id} arrived, and is stored nowhere</h3>
    <p>
      On <code>${topic}</code> in ${region}, <${Age} atMs=${lastMs} />.${" "}
      ${
        passed === "relayed"
          ? html`It went to other clients, as on any broker: no mapping says what this topic means.
              Where it is to be a reading,${" "}
              <a href=${urlOf(["contracts"], { tab: "mappings", topic })}>write a mapping</a>, or
              publish on${" "} <code>devices/${device.id}/telemetry/{contract}</code>.`
          : html`This gateway ignores the topic (<code>SKERRY_IGNORE</code>).`
      }
    </p>
  </div>`;
}

function Arrived({ reading, device }) {
  const { contract, version, receivedMs, tsMs, mapping } = reading;
  const unitOf = useUnits();
  return html`<div class="arrival" data-state="ok" role="status">
    <h3>${device.id} is connected: its reading is stored</h3>
    <p>
      ${contract} v${version}${mapping ? `, by mapping ${mapping}` : ""}, received ${" "}<${Age}
        atMs=${receivedMs}
      />, ${duration(Math.max(0, receivedMs - tsMs))} on its way
    </p>
    <dl class="values">
      ${fieldsOf(reading).map(
        ([name, value]) =>
          html`<div key=${name}>
            <dt>${name}</dt>
            <dd><${Value} value=${valueText(value)} unit=${unitOf(contract, version, name)} /></dd>
          </div>`,
      )}
    </dl>
    <p><a href=${urlOf(["devices", device.id])}>All about ${device.id}</a></p>
  </div>`;
}

function Waiting({ heard, device }) {
  const waitedMs = useNow() - heard.sinceMs;
  return html`<div class="arrival" role="status">
    <h3><span class="pulse" aria-hidden="true"></span>Waiting for the first message</h3>
    <ol class="steps">
      <${Step} state="ok">${device.id} is registered: every gateway knows it<//>
      <${Step} state=${heard.connectedMs ? "ok" : "idle"}
        >${heard.connectedMs ? "It has connected" : "It connects"}<//
      >
      <${Step} state="idle">Its first message is stored<//>
    </ol>
    ${
      waitedMs > LATE_MS &&
      html`<p class="muted">
        Nothing yet after ${duration(waitedMs)}. Does the device reach the gateway's address and
        port? Refusals of others are on <a href="/activity">Activity</a>, its messages on ${" "}<a
          href="/topics"
          >Topics</a
        >.
      </p>`
    }
  </div>`;
}

export function Arrival({ device }) {
  const heard = useHeard(device);
  const isWaiting = !heard.refusal && !heard.reading;
  const path = isWaiting ? urlOf(["topics"], { device: device.id, limit: 20 }) : null;
  const passed = useAsk(path, { everyMs: PASSED_ASKED_MS })
    .data?.topics.filter((one) => one.passed)
    .toSorted((a, b) => b.lastMs - a.lastMs)[0];
  return html`<${Panel}>
    ${
      heard.refusal
        ? html`<${Refusal} refusal=${heard.refusal} device=${device} />`
        : heard.reading
          ? html`<${Arrived} reading=${heard.reading} device=${device} />`
          : passed
            ? html`<${Passed} topic=${passed} device=${device} />`
            : html`<${Waiting} heard=${heard} device=${device} />`
    }
  <//>`;
}
