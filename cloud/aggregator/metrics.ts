import type { LaneStatus } from "../../contracts/messages/status.ts";
import type { MetricPoint, MetricSpec } from "../../otel/metrics.ts";
import type { Aggregator } from "./aggregator.ts";
import { latencyMetricSpecs } from "./latency/metrics.ts";

type Status = () => ReturnType<Aggregator["status"]>;

/** Metrics of an aggregator. */
export const aggregatorMetricSpecs = (
  status: Status,
  of: Pick<Aggregator, "latencies" | "canaries">,
): MetricSpec[] => [
  ...latencyMetricSpecs(of, Date.now),
  ...readingMetrics(status),
  ...laneMetrics(status),
  {
    name: "skerry.aggregator.rollups.revised",
    kind: "counter",
    unit: "{rollup}",
    doc: "final rollups written again with other values",
    read: () => status().rollupsRevised,
  },
  {
    name: "skerry.aggregator.rollups.long",
    kind: "counter",
    unit: "{rollup}",
    doc: "rollups of hours and days written",
    read: () => status().longRollups,
  },
  {
    name: "skerry.aggregator.repairs.waiting",
    kind: "gauge",
    unit: "{minute}",
    doc: "minutes of keys whose rollups wait to be recomputed",
    read: () => status().repairsWaiting,
  },
  {
    name: "skerry.aggregator.set.aside",
    kind: "counter",
    unit: "{record}",
    doc: "records that could not be handled and are kept",
    read: () => status().setAside,
  },
  {
    name: "skerry.aggregator.sink.refusing",
    kind: "gauge",
    unit: "1",
    doc: "1 while the sink is away or refuses: nothing is stored",
    read: () => (status().influx.state === "refusing" ? 1 : 0),
  },
  {
    name: "skerry.aggregator.sink.lines.refused",
    kind: "counter",
    unit: "{line}",
    doc: "records that the sink refused by themselves",
    read: () => status().linesRefused,
  },
  {
    name: "skerry.aggregator.sink.lines.beyond.retention",
    kind: "counter",
    unit: "{line}",
    doc: "lines that are older than the store keeps any such: their readings are rejects",
    read: () => status().linesBeyondRetention,
  },
];

const readingMetrics = (status: Status): MetricSpec[] => [
  {
    name: "skerry.aggregator.readings",
    kind: "counter",
    unit: "{reading}",
    doc: "readings that the sink has acknowledged",
    read: () => status().readingsStored,
  },
  {
    name: "skerry.aggregator.readings.late",
    kind: "counter",
    unit: "{reading}",
    doc: "readings that came after their window was final",
    read: () => status().lateReadings,
  },
  {
    name: "skerry.aggregator.readings.repeated",
    kind: "counter",
    unit: "{reading}",
    doc: "readings that were known already",
    read: () => status().repeatedReadings,
  },
  {
    name: "skerry.aggregator.readings.unwritable",
    kind: "counter",
    unit: "{reading}",
    doc: "readings that the sink cannot hold; they are kept as rejects",
    read: () => status().unwritableReadings,
  },
  {
    name: "skerry.aggregator.readings.uncounted",
    kind: "counter",
    unit: "{reading}",
    doc: "readings whose rollups are left to the repair, because too many series were open",
    read: () => status().uncountedReadings,
  },
  {
    name: "skerry.aggregator.sequence.restarts",
    kind: "counter",
    unit: "{restart}",
    doc: "times that devices began to count anew",
    read: () => status().sequenceRestarts.total,
  },
];

const laneMetrics = (status: Status): MetricSpec[] => {
  const labels = ["partition"];
  const byLane = (read: (lane: LaneStatus) => number) => (): MetricPoint[] =>
    status().lanes.map((lane) => ({
      labels: { region: lane.region, partition: String(lane.partition) },
      value: read(lane),
    }));
  return [
    {
      name: "skerry.aggregator.lane.done",
      kind: "gauge",
      unit: "{frame}",
      doc: "sequence up to which every effect of a lane's frames is durable, for lanes held here",
      labels,
      read: byLane(({ doneSeq }) => doneSeq),
    },
    {
      name: "skerry.aggregator.lane.watermark_timestamp",
      kind: "gauge",
      unit: "s",
      doc: "event time up to which windows are final, seconds since the epoch, for lanes held here",
      labels,
      read: byLane(({ watermarkMs }) => watermarkMs / 1000),
    },
    {
      name: "skerry.aggregator.lane.stopped",
      kind: "gauge",
      unit: "1",
      doc: "1 for a lane that stands still for a reason which is in its status",
      labels,
      read: byLane(({ stoppedBy }) => (stoppedBy === null ? 0 : 1)),
    },
  ];
};
