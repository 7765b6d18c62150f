import type { StewardStatus } from "../../contracts/messages/status.ts";
import type { MetricSpec } from "../../otel/metrics.ts";

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
  ];
};
