// The facts of the home page (pure): the insight, and what aggregators say, or said last, of latency, canaries and clocks.
import type {
  LatencyHop,
  CanaryStatus,
  RecentLatency,
  SkewStatus,
} from "../../../contracts/messages/latency.ts";
import type { Ledger } from "../../../contracts/messages/ledger.ts";
import type { AggregatorStatus, GatewayStatus } from "../../../contracts/messages/status.ts";
import type { HeardProcess } from "../../../platform/nats/live/live-view.ts";
import { lastStatusesOf } from "../../insight/facts.ts";
import type { Insight, RegionInsight } from "../../insight/insight.ts";

/** A process that has been silent for longer is not asked about anything. */
const HEARD_WITHIN_MS = 15_000;

export interface RegionOverview extends RegionInsight {
  /** Latencies of the last half minute to minute, of all aggregators: the worst of each. */
  readonly latency: Readonly<Partial<Record<LatencyHop, RecentLatency>>>;
  /** The last canary that went the whole way; null without one. */
  readonly canary: CanaryStatus | null;
  /** Clients that are connected to the region's gateways; null while none is heard. */
  readonly connections: number | null;
  /** Readings that waited behind an outage of the WAN, since the aggregators started. */
  readonly behindOutage: number;
}

export interface Overview extends Omit<Insight, "regions"> {
  readonly regions: readonly RegionOverview[];
  readonly clockSkews: SkewStatus;
}

/** Clocks that are listed, the farthest off of all regions first. */
const SKEWS_LISTED = 20;

export function overviewOf(insight: Insight, processes: readonly HeardProcess[]): Overview {
  const { atMs } = insight;
  const heard = processes.filter(({ heardMs }) => atMs - heardMs <= HEARD_WITHIN_MS);
  const statuses = heard.flatMap(({ status }) => status ?? []);
  const aggregators = lastStatusesOf({ processes, atMs }, "aggregator");
  const gateways = statuses.filter((one) => one.process === "gateway");
  const regions = insight.regions.map((region) => ({
    ...region,
    latency: latencyOf(region.region, aggregators),
    canary: lastCanary(region.region, aggregators),
    connections: connectionsOf(gateways.filter((one) => one.region === region.region)),
    behindOutage: sum(aggregators.map((one) => one.behindOutage[region.region] ?? 0)),
  }));
  return { ...insight, regions, clockSkews: skewsOf(aggregators) };
}

const sum = (counts: readonly number[]): number => counts.reduce((a, b) => a + b, 0);

const connectionsOf = (gateways: readonly GatewayStatus[]): number | null =>
  gateways.length === 0 ? null : sum(gateways.map(({ connections }) => connections));

/** Both aggregators of a lane that passed from one to the other remember the devices: the greater number counts. */
function skewsOf(aggregators: readonly AggregatorStatus[]): SkewStatus {
  const devices: Record<string, number> = {};
  const most = new Map<string, SkewStatus["most"][number]>();
  for (const { clockSkews } of aggregators) {
    for (const [region, count] of Object.entries(clockSkews.devices))
      devices[region] = Math.max(devices[region] ?? 0, count);
    for (const one of clockSkews.most) most.set(`${one.region}/${one.device}`, one);
  }
  const farthest = [...most.values()].sort((a, b) => Math.abs(b.skewMs) - Math.abs(a.skewMs));
  return { devices, most: farthest.slice(0, SKEWS_LISTED) };
}

function latencyOf(region: string, aggregators: readonly AggregatorStatus[]) {
  const latency: Partial<Record<LatencyHop, RecentLatency>> = {};
  for (const { recentLatencyMs } of aggregators)
    for (const [hop, one] of Object.entries(recentLatencyMs[region] ?? {}) as [
      LatencyHop,
      RecentLatency,
    ][]) {
      const other = latency[hop];
      latency[hop] = {
        readings: one.readings + (other?.readings ?? 0),
        p50: Math.max(one.p50, other?.p50 ?? 0),
        p99: Math.max(one.p99, other?.p99 ?? 0),
        max: Math.max(one.max, other?.max ?? 0),
        atMs: Math.max(one.atMs ?? 0, other?.atMs ?? 0),
      };
    }
  return latency;
}

function lastCanary(region: string, aggregators: readonly AggregatorStatus[]): CanaryStatus | null {
  return aggregators
    .flatMap(({ canaries }) => canaries.filter((canary) => canary.region === region))
    .reduce<CanaryStatus | null>(
      (last, canary) => (last && last.storedMs > canary.storedMs ? last : canary),
      null,
    );
}

/** The ledger that the steward told last; null while none is heard. */
export function ledgerIn(processes: readonly HeardProcess[], nowMs: number): Ledger | null {
  for (const { status, heardMs } of processes.toReversed())
    if (status?.process === "steward" && nowMs - heardMs <= HEARD_WITHIN_MS)
      return status.ledger && { ...status.ledger, named: namedIn(status.ledger) };
  return null;
}

/** None, of a steward that is older than the names. */
const namedIn = (ledger: Partial<Ledger>): Ledger["named"] => ledger.named ?? [];
