import type { StewardStatus } from "../../contracts/messages/status.ts";
import type { LedgerRow } from "../../contracts/messages/ledger.ts";
import type { Labels, MetricPoint, MetricSpec } from "../../otel/metrics.ts";

/** One series for each term. */
function pointsOf({ region, contract, waiting, ...row }: LedgerRow): MetricPoint[] {
  const terms: Readonly<Record<string, number>> = {
    acknowledged: row.acknowledged,
    stored: row.stored,
    repeats: row.repeats,
    refused: row.refused,
    waiting_region: waiting.region,
    waiting_hub: waiting.hub,
    waiting_aggregator: waiting.aggregator,
    set_aside: row.setAside,
    lost: row.lost,
    open: row.open,
  };
  return Object.entries(terms).map(([term, value]) => ({
    labels: { region, contract, term },
    value,
  }));
}

const point = (labels: Labels, value: number | null): MetricPoint[] =>
  value === null ? [] : [{ labels, value }];

type Job = StewardStatus["jobs"][string];

/** Metrics of a steward. */
export const stewardMetricSpecs = (status: () => StewardStatus): MetricSpec[] => {
  const byJob = (read: (job: Job) => number) => () =>
    Object.fromEntries(Object.entries(status().jobs).map(([name, job]) => [name, read(job)]));
  return [
    {
      name: "skerry.steward.job.run_timestamp",
      kind: "gauge",
      unit: "s",
      doc: "when scheduled work last ran, seconds since the epoch",
      label: "job_name",
      read: byJob(({ lastRunMs }) => lastRunMs / 1000),
    },
    {
      name: "skerry.steward.job.failed",
      kind: "gauge",
      unit: "1",
      doc: "1 for scheduled work that failed when it last ran",
      label: "job_name",
      read: byJob(({ error }) => (error === null ? 0 : 1)),
    },
    ...forecastSpecs(status),
    {
      name: "skerry.steward.retention.differing",
      kind: "gauge",
      unit: "{kind}",
      doc: "kinds of records that the store keeps for another time than is configured; none where no time is",
      labels: [],
      read: () => {
        const { retention } = status();
        return retention ? [{ labels: {}, value: retention.length }] : [];
      },
    },
    {
      name: "skerry.steward.copy.done",
      kind: "gauge",
      unit: "{message}",
      doc: "last sequence of a region's log that the hub's copy holds",
      labels: [],
      read: () =>
        Object.entries(status().copies).map(([region, { seq }]) => ({
          labels: { region },
          value: seq,
        })),
    },
    {
      name: "skerry.steward.copy.seen_timestamp",
      kind: "gauge",
      unit: "s",
      doc: "when the copy of a region's log was last looked at, seconds since the epoch",
      labels: [],
      read: () =>
        Object.entries(status().copies).map(([region, { seenAtMs }]) => ({
          labels: { region },
          value: seenAtMs / 1000,
        })),
    },
    {
      name: "skerry.ledger.readings",
      kind: "gauge",
      unit: "{reading}",
      doc: "acknowledged readings by what became of them; acknowledged is the sum of the other terms, and open is 0 where the ledger balances",
      labels: ["region", "contract", "term"],
      read: () => (status().ledger?.rows ?? []).flatMap(pointsOf),
    },
    {
      name: "skerry.ledger.oldest_timestamp",
      kind: "gauge",
      unit: "s",
      doc: "when the oldest reading that waits was stored in a log, seconds since the epoch",
      labels: ["region", "contract"],
      read: () =>
        (status().ledger?.rows ?? []).flatMap(({ region, contract, oldestMs }) =>
          oldestMs === null ? [] : [{ labels: { region, contract }, value: oldestMs / 1000 }],
        ),
    },
  ];
};

/** Volumes and links over time. */
const forecastSpecs = (status: () => StewardStatus): MetricSpec[] => [
  {
    name: "skerry.forecast.growth",
    kind: "gauge",
    unit: "By",
    doc: "bytes a day by which a volume of the hub or of a region grows, and those over a region's link",
    labels: ["domain", "volume"],
    read: () => [
      ...(status().volumes ?? []).flatMap(({ domain, name, bytesPerDay }) =>
        point({ domain, volume: name }, bytesPerDay),
      ),
      ...(status().links ?? []).flatMap(({ region, bytesPerDay }) =>
        point({ domain: region, volume: "link" }, bytesPerDay),
      ),
    ],
  },
  {
    name: "skerry.forecast.full_in",
    kind: "gauge",
    unit: "s",
    doc: "time until a volume is full at the rate at which it grows; absent where that cannot be said yet, or it does not grow",
    labels: ["domain", "volume"],
    read: () =>
      (status().volumes ?? []).flatMap(({ domain, name, fullInMs }) =>
        point({ domain, volume: name }, fullInMs === null ? null : fullInMs / 1000),
      ),
  },
];
