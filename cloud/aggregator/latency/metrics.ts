// Latencies, canaries and skews as metrics; a histogram is made of the counts when somebody asks.
import type { CanaryStatus } from "../../../contracts/messages/latency.ts";
import type { Exemplar as MetricExemplar, MetricPoint, MetricSpec } from "../../../otel/metrics.ts";
import { spanContextOf } from "../../../otel/propagation.ts";
import type { Canaries } from "./canaries.ts";
import { BUCKETS_MS, type Exemplar } from "./hop-latency.ts";
import type { Latencies } from "./latencies.ts";
import type { LatencyCounts } from "./latency-counts.ts";

const SECOND_MS = 1_000;
const BOUNDS = BUCKETS_MS.map((ms) => ms / SECOND_MS);

/** @param nowMs the time of asking, epoch ms. */
export const latencyMetricSpecs = (
  { latencies, canaries }: { latencies: Latencies; canaries: Canaries },
  nowMs: () => number,
): MetricSpec[] => [
  {
    name: "skerry.latency",
    kind: "histogram",
    unit: "s",
    doc: "time that readings took for a hop, every reading, to 1 %; `total` is device clock to store acknowledgement. When a frame came to the hub is known to 1 s, so log_to_hub is up to 1 s too much where hub_to_aggregator is as much too little. `outage` is true for readings that waited behind an outage of the WAN",
    labels: ["hop", "outage"],
    read: () => latencyPoints(latencies),
  },
  {
    name: "skerry.canary.age",
    kind: "gauge",
    unit: "s",
    doc: "time since the last canary was sent that the store has acknowledged, for lanes held here",
    labels: ["partition", "gateway"],
    read: () => canaries.all.map((one) => pointOf(one, (nowMs() - one.sentMs) / SECOND_MS)),
  },
  {
    name: "skerry.canary.latency",
    kind: "gauge",
    unit: "s",
    doc: "time that the last canary took for a hop, for lanes held here",
    labels: ["partition", "gateway", "hop"],
    read: () =>
      canaries.all.flatMap((one) =>
        Object.entries(one.hopsMs).map(([hop, ms]) => pointOf(one, ms / SECOND_MS, { hop })),
      ),
  },
  {
    name: "skerry.devices.skewed",
    kind: "gauge",
    unit: "{device}",
    doc: "devices that are remembered here and whose clock is ahead, or behind by seconds",
    label: "region",
    read: () => latencies.skewed(),
  },
];

function pointOf(
  { region, partition, gateway }: CanaryStatus,
  value: number,
  more: Readonly<Record<string, string>> = {},
): MetricPoint {
  return { labels: { region, partition: String(partition), gateway, ...more }, value };
}

function* latencyPoints(latencies: Latencies): Generator<MetricPoint, void, void> {
  for (const { region, hop, latency } of latencies.entries())
    for (const [outage, counts, exemplars] of [
      ["false", latency.usual, latency.exemplars.usual],
      ["true", latency.behindOutage, latency.exemplars.behindOutage],
    ] as const)
      if (counts.readings > 0)
        yield { labels: { region, hop, outage }, value: histogramOf(counts, exemplars) };
}

const histogramOf = (counts: LatencyCounts, exemplars: ReadonlyMap<number, Exemplar>) => ({
  bounds: BOUNDS,
  counts: counts.buckets(BUCKETS_MS),
  sum: counts.sumMs / SECOND_MS,
  exemplars: [...exemplars.values()].flatMap(exemplarOf),
});

/** None for a trace that was never sampled, or is none. */
function exemplarOf({ valueMs, atMs, traceparent }: Exemplar): MetricExemplar[] {
  const span = spanContextOf(traceparent);
  if (!span) return [];
  return [{ value: valueMs / SECOND_MS, atMs, traceId: span.traceId, spanId: span.spanId }];
}
