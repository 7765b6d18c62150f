// Latency: each hop of each region, the last canary, and the devices whose clocks are off.
import { html } from "/lib/htm.js";
import { HOPS, LatencyBars, latencyText } from "../home/latency-bars.js";
import { Age } from "../kit/number.js";
import { UNKNOWN, count, duration } from "../kit/numbers.js";
import { PageHead, Panel } from "../kit/panel.js";
import { Table } from "../kit/table.js";
import { useOverview } from "../shell/feed.js";
import { urlOf } from "../shell/url.js";

/** Less is no clock that somebody would set. */
const OFF_MS = 500;

const COLUMNS = [
  { key: "hop", label: "Hop", cell: ({ words }) => words },
  {
    ...{ key: "p50", label: "Half within", number: true },
    cell: ({ hop, recent }) => (recent ? latencyText(hop, recent.p50) : UNKNOWN),
  },
  {
    ...{ key: "p99", label: "99 of 100 within", number: true },
    cell: ({ hop, recent }) => (recent ? latencyText(hop, recent.p99) : UNKNOWN),
  },
  {
    ...{ key: "max", label: "Slowest", number: true },
    cell: ({ hop, recent }) =>
      typeof recent?.max === "number" ? latencyText(hop, recent.max) : "",
  },
  {
    ...{ key: "readings", label: "Readings", number: true },
    cell: ({ recent }) => (typeof recent?.readings === "number" ? count(recent.readings) : ""),
  },
  {
    ...{ key: "canary", label: "Last canary", number: true },
    cell: ({ hop, canary }) => (typeof canary === "number" ? latencyText(hop, canary) : ""),
  },
];

function Region({ of: { region, latency, canary, behindOutage }, atMs }) {
  const rows = HOPS.map(([hop, words]) => ({
    ...{ hop, words },
    recent: latency?.[hop],
    canary: canary?.hopsMs?.[hop],
  }));
  const note = canary?.storedMs
    ? html`canary stored <${Age} atMs=${canary.storedMs} />`
    : "no canary is known yet";
  return html`<${Panel} title=${region} note=${note}>
      <${LatencyBars} ...${{ region, latency, atMs }} />
      ${
        behindOutage > 0 &&
        html`<p class="muted small">
          ${count(behindOutage)} readings waited behind an outage of the WAN; they are counted
          apart.
        </p>`
      }
    <//>
    <${Panel} flush title=${`Hops of ${region}`}>
      <${Table}
        label=${`Hops of ${region}`}
        columns=${COLUMNS}
        rows=${rows}
        keyOf=${({ hop }) => hop}
      />
    <//>`;
}

const SKEW_COLUMNS = [
  {
    ...{ key: "device", label: "Device" },
    cell: ({ device }) => html`<a href=${urlOf(["devices", device])}>${device}</a>`,
  },
  { key: "region", label: "Region", cell: ({ region }) => region },
  {
    ...{ key: "skew", label: "Its clock", number: true, sort: ({ skewMs }) => Math.abs(skewMs) },
    cell: ({ skewMs }) => `${duration(Math.abs(skewMs))} ${skewMs > 0 ? "behind" : "ahead"}`,
  },
];

export function Page({ query }) {
  const overview = useOverview();
  if (!overview)
    return html`<${PageHead} title="Latency" />
      <p class="loading" role="status">The console gathers facts once a second.</p>`;
  const regions = overview.regions.filter(({ region }) => !query.region || region === query.region);
  const skews = (overview.clockSkews?.most ?? []).filter(
    ({ skewMs }) => Math.abs(skewMs) >= OFF_MS,
  );
  return html`<${PageHead}
      title=${query.region ? `Latency of ${query.region}` : "Latency"}
      crumb=${query.region && { href: "/latency", text: "All regions" }}
    >
      From the clock of the device to the acknowledgement of the store, over the readings of the
      last half minute to minute that did not wait behind an outage of the WAN, with the skew of the
      device's clock taken out. When a reading came to the hub is known to a second: from the log to
      the hub it is at most what is shown.
    <//>
    <div class="stack">
      ${regions.map((of) => html`<${Region} key=${of.region} of=${of} atMs=${overview.atMs} />`)}
      ${
        skews.length > 0 &&
        html`<${Panel} flush title="Clocks that are off" note="taken out of every latency">
          <${Table}
            label="Clocks that are off"
            columns=${SKEW_COLUMNS}
            rows=${skews}
            keyOf=${({ region, device }) => `${region}/${device}`}
          />
        <//>`
      }
    </div>`;
}
