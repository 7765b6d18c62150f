// The facts of the home page (pure): the insight, and what aggregators say of latency, canaries and clocks.
import type {
  LatencyHop,
  CanaryStatus,
  RecentLatency,
} from "../../../contracts/messages/latency.ts";
import type { Ledger } from "../../../contracts/messages/ledger.ts";
import type { AggregatorStatus } from "../../../contracts/messages/status.ts";
import type { HeardProcess } from "../../../platform/nats/live/live-view.ts";
import type { Insight, RegionInsight } from "../../insight/insight.ts";

/** A process that has been silent for longer is not asked about anything. */
const HEARD_WITHIN_MS = 15_000;

export interface RegionOverview extends RegionInsight {
  /** Latencies of the last half minute to minute, of all aggregators: the worst of each. */
  readonly latency: Readonly<Partial<Record<LatencyHop, RecentLatency>>>;
  /** The last canary that went the whole way; null without one. */
  readonly canary: CanaryStatus | null;
}

export interface Overview extends Omit<Insight, "regions"> {
  readonly regions: readonly RegionOverview[];
}

const aggregatorsIn = (
  processes: readonly HeardProcess[],
  nowMs: number,
): readonly AggregatorStatus[] =>
  processes.flatMap(({ status, heardMs }) =>
    status?.process === "aggregator" && nowMs - heardMs <= HEARD_WITHIN_MS ? [status] : [],
  );

export function overviewOf(insight: Insight, processes: readonly HeardProcess[]): Overview {
  const aggregators = aggregatorsIn(processes, insight.atMs);
  const regions = insight.regions.map((region) => ({
    ...region,
    latency: latencyOf(region.region, aggregators),
    canary: lastCanary(region.region, aggregators),
  }));
  return { ...insight, regions };
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
    if (status?.process === "steward" && nowMs - heardMs <= HEARD_WITHIN_MS) return status.ledger;
  return null;
}
