// The latency of every reading of every region, hop by hop, once the store has acknowledged it.
//
// Z1. Every reading counts in every hop, but for the two hops around the hub's copy while nobody knows when
//     its frame came there (hub-arrivals.ts/Y3).
// Z2. The skew of its device's clock is taken out of the hops that begin with it (device-skews.ts).
import * as hdr from "hdr-histogram-js";
import {
  LATENCY_HOPS,
  type LatencyHop,
  type RecentLatency,
  type SkewStatus,
} from "../../../contracts/messages/latency.ts";
import type { AggregatorStatus } from "../../../contracts/messages/status.ts";
import { DeviceSkews } from "./device-skews.ts";
import { HopLatency } from "./hop-latency.ts";
import type { LatencyCounts } from "./latency-counts.ts";

const HDR_MAX_MS = 3_600_000;
/** A histogram takes most of a millisecond to encode, and statuses are asked for by several. */
const SUMMARY_FOR_MS = 2_000;
/** Devices whose clock is off that a status lists. */
const SKEWS_SHOWN = 20;

/** The times of a frame at each hop, epoch ms. */
export interface FrameTimes {
  readonly storeMs: number;
  /** Null if it is not known. */
  readonly hubMs: number | null;
  readonly arrivedMs: number;
  readonly endMs: number;
}

/** The times of a frame's readings, by their place in it. */
export interface ReadingTimes {
  /** Epoch ms by the gateway's clock: the skew of the devices' is taken out (Z2). */
  readonly happenedMs: Float64Array;
  readonly receivedMs: Float64Array;
  readonly traced: readonly { readonly at: number; readonly traceparent: string }[];
}

/** Time of each hop of something that was received at `receivedMs` and happened then, or before. */
export function hopsOf(
  { storeMs, hubMs, arrivedMs, endMs }: FrameTimes,
  { happenedMs, receivedMs }: { readonly happenedMs: number; readonly receivedMs: number },
): Partial<Record<LatencyHop, number>> {
  const around =
    hubMs === null ? {} : { log_to_hub: hubMs - storeMs, hub_to_aggregator: arrivedMs - hubMs };
  return {
    device_to_gateway: receivedMs - happenedMs,
    gateway_to_log: storeMs - receivedMs,
    ...around,
    aggregator_to_store: endMs - arrivedMs,
    total: endMs - happenedMs,
  };
}

/** The parts of a status that take time to make. */
type Summary = Pick<AggregatorStatus, "latencyMs" | "clockSkews">;
type Hops = Readonly<Record<LatencyHop, HopLatency>>;

export class Latencies {
  readonly #regions: ReadonlyMap<string, { readonly hops: Hops; readonly skews: DeviceSkews }>;
  #summary: { readonly atMs: number; readonly made: Summary } | null = null;

  constructor(regions: readonly string[]) {
    const hops = (): Hops =>
      Object.fromEntries(LATENCY_HOPS.map((hop) => [hop, new HopLatency()])) as unknown as Hops;
    this.#regions = new Map(
      regions.map((region) => [region, { hops: hops(), skews: new DeviceSkews() }]),
    );
  }

  skewsOf(region: string): DeviceSkews {
    return this.#regions.get(region)!.skews;
  }

  record(
    region: string,
    times: FrameTimes,
    readings: ReadingTimes,
    { behindOutage }: { readonly behindOutage: boolean },
  ): void {
    const { hops } = this.#regions.get(region)!;
    const { storeMs, hubMs, arrivedMs, endMs } = times;
    const { happenedMs, receivedMs } = readings;
    const count = happenedMs.length;
    if (count === 0) return;
    const counts = (hop: LatencyHop) => hops[hop].countsAt(endMs, behindOutage);
    const all = (hop: LatencyHop, ms: number): void => {
      for (const one of counts(hop)) one.add(ms, count);
    };
    const [device, log, total] = [
      counts("device_to_gateway"),
      counts("gateway_to_log"),
      counts("total"),
    ];
    for (let at = 0; at < count; at++) {
      add(device, receivedMs[at]! - happenedMs[at]!);
      add(log, storeMs - receivedMs[at]!);
      add(total, endMs - happenedMs[at]!);
    }
    if (hubMs !== null) {
      all("log_to_hub", hubMs - storeMs);
      all("hub_to_aggregator", arrivedMs - hubMs);
    }
    all("aggregator_to_store", endMs - arrivedMs);
    for (const { at, traceparent } of readings.traced) {
      const own = { happenedMs: happenedMs[at]!, receivedMs: receivedMs[at]! };
      for (const [hop, ms] of Object.entries(hopsOf(times, own))) {
        const exemplar = { valueMs: Math.max(ms, 0), atMs: endMs, traceparent };
        hops[hop as LatencyHop].exemplify(exemplar, behindOutage);
      }
    }
  }

  /** Regions and hops that have readings. */
  *entries(): Generator<{ region: string; hop: LatencyHop; latency: HopLatency }, void, void> {
    for (const [region, { hops }] of this.#regions)
      for (const hop of LATENCY_HOPS) {
        const latency = hops[hop];
        if (latency.usual.readings + latency.behindOutage.readings > 0)
          yield { region, hop, latency };
      }
  }

  /** Histograms since the start, and devices whose clock is off; at most two seconds old. */
  summary(nowMs: number): Summary {
    const known = this.#summary;
    if (known && Math.abs(nowMs - known.atMs) < SUMMARY_FOR_MS) return known.made;
    const latencyMs = this.#byRegion((latency) => encode(latency.all()));
    const made = { latencyMs, clockSkews: this.#skews() };
    this.#summary = { atMs: nowMs, made };
    return made;
  }

  /** Region → hop → what came of late. */
  recent(nowMs: number): Record<string, Partial<Record<LatencyHop, RecentLatency>>> {
    return this.#byRegion((latency) => latency.recent(nowMs));
  }

  /** Readings that waited behind an outage of the WAN, by region, since the start. */
  behindOutage(): Record<string, number> {
    return Object.fromEntries(
      [...this.#regions].map(([region, { hops }]) => [region, hops.total.behindOutage.readings]),
    );
  }

  /** Devices whose clock is off, by region. */
  skewed(): Record<string, number> {
    return Object.fromEntries(
      [...this.#regions].map(([region, { skews }]) => [region, skews.skewed]),
    );
  }

  #skews(): SkewStatus {
    const most: SkewStatus["most"][number][] = [];
    for (const [region, { skews }] of this.#regions) {
      for (const one of skews.worst(SKEWS_SHOWN)) most.push({ region, ...one });
    }
    most.sort((a, b) => Math.abs(b.skewMs) - Math.abs(a.skewMs));
    return { devices: this.skewed(), most: most.slice(0, SKEWS_SHOWN) };
  }

  #byRegion<T>(
    of: (latency: HopLatency) => T | null,
  ): Record<string, Partial<Record<LatencyHop, T>>> {
    const found: Record<string, Partial<Record<LatencyHop, T>>> = {};
    for (const region of this.#regions.keys()) found[region] = {};
    for (const { region, hop, latency } of this.entries()) {
      const value = of(latency);
      if (value !== null) found[region]![hop] = value;
    }
    return found;
  }
}

function add(counts: readonly LatencyCounts[], ms: number): void {
  for (let at = 0; at < counts.length; at++) counts[at]!.add(ms);
}

function encode(counts: LatencyCounts): string {
  const histogram = hdr.build({
    bitBucketSize: 32,
    lowestDiscernibleValue: 1,
    highestTrackableValue: HDR_MAX_MS,
    numberOfSignificantValueDigits: 2,
    useWebAssembly: false,
  });
  for (const [ms, readings] of counts.entries())
    histogram.recordValueWithCount(Math.min(ms, HDR_MAX_MS), readings);
  return hdr.encodeIntoCompressedBase64(histogram);
}
