// Lag and links as metrics of whoever keeps an insight (pure).
import type { MetricPoint, MetricSpec } from "../../otel/metrics.ts";
import type { Insight, RegionInsight } from "./insight.ts";
import { LAG_STATES, type LagVerdict } from "./lag/verdict.ts";

const MS_PER_S = 1000;

type Labels = Readonly<Record<"region" | "partition" | "operator", string>>;

/** Every reader of a lane with its verdict; the hub's copy reads all lanes of a region, as partition `all`. */
function* readersOf({ region, copy, lanes }: RegionInsight): Generator<[Labels, LagVerdict]> {
  if (copy) yield [{ region, partition: "all", operator: "mirror" }, copy.verdict];
  for (const { partition, aggregator, alerting } of lanes) {
    const place = { region, partition: String(partition) };
    yield [{ ...place, operator: "aggregator" }, aggregator];
    yield [{ ...place, operator: "alerting" }, alerting];
  }
}

/** Metrics of an insight; none while there is no insight yet. */
export function insightMetricSpecs(insight: () => Insight | null): MetricSpec[] {
  const byRegion = (read: (region: RegionInsight) => number | null) => (): MetricPoint[] =>
    (insight()?.regions ?? []).flatMap((one) => {
      const value = read(one);
      return value === null ? [] : [{ labels: { region: one.region }, value }];
    });
  const byReader = (read: (verdict: LagVerdict, labels: Labels) => MetricPoint[]) => () =>
    (insight()?.regions ?? []).flatMap((region) =>
      Array.from(readersOf(region), ([labels, verdict]) => read(verdict, labels)).flat(),
    );
  const labels = ["partition", "operator"];
  return [
    {
      name: "skerry.lane.verdict",
      kind: "gauge",
      unit: "1",
      doc: "1 for the verdict on a reader of a lane: ok, catching_up, standing, waiting_for_wan or stuck; 0 for the others",
      labels: [...labels, "verdict"],
      read: byReader(({ state }, of) =>
        LAG_STATES.map((verdict) => ({
          labels: { ...of, verdict },
          value: state === verdict ? 1 : 0,
        })),
      ),
    },
    {
      name: "skerry.lane.lag.frames",
      kind: "gauge",
      unit: "{frame}",
      doc: "frames of the log that a reader has not done with",
      labels,
      read: byReader(({ behindFrames }, of) => [{ labels: of, value: behindFrames }]),
    },
    {
      name: "skerry.lane.lag",
      kind: "gauge",
      unit: "s",
      doc: "age of the oldest frame that a reader has not done with",
      labels,
      read: byReader(({ behindMs }, of) =>
        behindMs === null ? [] : [{ labels: of, value: behindMs / MS_PER_S }],
      ),
    },
    {
      name: "skerry.hub.fenced",
      kind: "gauge",
      unit: "1",
      doc: "1 while the hub takes no changes of records, because its store is older than what a region has seen of it",
      labels: [],
      read: () => {
        const now = insight();
        if (!now) return [];
        return [
          { labels: {}, value: now.problems.some(({ kind }) => kind === "hub_fenced") ? 1 : 0 },
        ];
      },
    },
    {
      name: "skerry.region.went_back",
      kind: "gauge",
      unit: "1",
      doc: "1 while a region's store is older than the hub's copies of it, and has not gone on behind them",
      read: byRegion(({ wentBack }) => (wentBack === null ? 0 : 1)),
    },
    {
      name: "skerry.link.up",
      kind: "gauge",
      unit: "1",
      doc: "1 while the hub hears of a region",
      read: byRegion(({ link }) => (link === null ? null : link.up ? 1 : 0)),
    },
    {
      name: "skerry.freshness",
      kind: "gauge",
      unit: "s",
      doc: "age of what the store has of every lane of a region",
      read: byRegion(({ freshnessMs }) => (freshnessMs === null ? null : freshnessMs / MS_PER_S)),
    },
  ];
}
