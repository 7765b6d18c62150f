// Latency of each hop: half of the readings, and 99 of 100, on a scale of powers of ten.
import { html } from "/lib/htm.js";
import { duration, timeText } from "../kit/numbers.js";
import { urlOf } from "../shell/url.js";

export const HOPS = [
  ["device_to_gateway", "device to gateway"],
  ["gateway_to_log", "gateway to log"],
  ["log_to_hub", "log to hub (WAN)"],
  ["hub_to_aggregator", "hub to aggregator"],
  ["aggregator_to_store", "aggregator to store"],
  ["total", "device to store"],
];

const FROM_MS = 1;
const TO_MS = 100_000;

const widthOf = (ms) =>
  `${Math.min(100, Math.max(1.5, (Math.log10(Math.max(ms, FROM_MS)) / Math.log10(TO_MS / FROM_MS)) * 100)).toFixed(1)}%`;

/** Hops of which less is not known: the end of the hub's copy is looked at once a second. */
const KNOWN_TO_MS = { hub_to_aggregator: 1_000 };

/** A latency in words, no finer than it is known. */
export const latencyText = (hop, ms) =>
  ms < (KNOWN_TO_MS[hop] ?? 0) ? `< ${KNOWN_TO_MS[hop] / 1_000} s` : duration(ms);

const barOf = (hop, ms) => (ms < (KNOWN_TO_MS[hop] ?? 0) ? "0%" : widthOf(ms));

/** Without a reading for so long, latencies are of the past. */
const OLD_MS = 15_000;

const newestOf = (latency) => Math.max(0, ...Object.values(latency).map(({ atMs }) => atMs ?? 0));

/** Since when nothing newer was measured, epoch ms; null while something is. */
function oldSince(latency, atMs) {
  const newestMs = newestOf(latency ?? {});
  return newestMs > 0 && atMs - newestMs >= OLD_MS ? newestMs : null;
}

/** One region at `atMs`, the time of the overview: a line for each hop; grey once it is of the past. */
export function LatencyBars({ region, latency, atMs, href = urlOf(["latency"], { region }) }) {
  const oldSinceMs = oldSince(latency, atMs);
  if (!latency || Object.keys(latency).length === 0)
    return html`<p class="muted">
      In the last half minute nothing was stored that had not waited behind an outage of the WAN.
    </p>`;
  return html`${
      oldSinceMs !== null &&
      html`<p class="muted small">As of ${timeText(oldSinceMs)}: nothing was stored since.</p>`
    }
    <a class="hops" href=${href} data-old=${oldSinceMs === null ? undefined : "true"}>
      ${HOPS.filter(([hop]) => latency[hop]).map(([hop, words]) => {
        const { p50, p99 } = latency[hop];
        return html`<span class="hop" key=${hop} data-total=${hop === "total" ? "true" : undefined}>
          <span class="hop-name">${words}</span>
          <span class="hop-bar" aria-hidden="true"
            ><span class="hop-p99" style=${{ width: barOf(hop, p99) }}></span
            ><span class="hop-p50" style=${{ width: barOf(hop, p50) }}></span
          ></span>
          <span class="hop-value">${latencyText(hop, p50)}</span>
          <span class="hop-value muted">${latencyText(hop, p99)}</span>
        </span>`;
      })}
    </a>`;
}
