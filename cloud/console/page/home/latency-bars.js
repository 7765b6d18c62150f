// Latency of each hop: half of the readings, and 99 of 100, on a scale of powers of ten.
import { html } from "/lib/htm.js";
import { duration } from "../kit/numbers.js";
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

/** One region: a line for each hop. */
export function LatencyBars({ region, latency, href = urlOf(["latency"], { region }) }) {
  if (!latency || Object.keys(latency).length === 0)
    return html`<p class="muted">No reading was stored within the last minute.</p>`;
  return html`<a class="hops" href=${href}>
    ${HOPS.filter(([hop]) => latency[hop]).map(([hop, words]) => {
      const { p50, p99 } = latency[hop];
      return html`<span class="hop" key=${hop} data-total=${hop === "total" ? "true" : undefined}>
        <span class="hop-name">${words}</span>
        <span class="hop-bar" aria-hidden="true"
          ><span class="hop-p99" style=${{ width: widthOf(p99) }}></span
          ><span class="hop-p50" style=${{ width: widthOf(p50) }}></span
        ></span>
        <span class="hop-value">${duration(p50)}</span>
        <span class="hop-value muted">${duration(p99)}</span>
      </span>`;
    })}
  </a>`;
}
