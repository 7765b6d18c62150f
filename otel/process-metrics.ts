import type { VitalsMeter } from "../platform/runtime/vitals.ts";
import type { GarbageCollections } from "./garbage-collections.ts";
import type { MetricSpec } from "./metrics.ts";

/** Sources of the figures of a process. */
export interface ProcessFigures {
  readonly version: string;
  readonly vitals: Pick<VitalsMeter, "read">;
  readonly collections: Pick<GarbageCollections, "values">;
}

const MS_PER_S = 1000;
const US_PER_S = 1e6;

/** Metrics of every process, whatever it does; label `process` says which it is. */
export function processMetricSpecs(process_: string, figures: ProcessFigures): MetricSpec[] {
  const { version, vitals, collections } = figures;
  const one = (read: () => number) => ({ label: "process", read: () => ({ [process_]: read() }) });
  return [
    {
      name: "skerry.build_info",
      kind: "gauge",
      unit: "1",
      doc: "always 1; its labels say which program runs",
      labels: ["process", "version", "node"],
      read: () => [{ labels: { process: process_, version, node: process.version }, value: 1 }],
    },
    {
      name: "skerry.process.uptime",
      kind: "gauge",
      unit: "s",
      doc: "time since the process started",
      ...one(() => process.uptime()),
    },
    {
      name: "skerry.process.cpu",
      kind: "counter",
      unit: "s",
      doc: "time that the process, with all its threads, was on a core",
      ...one(() => cpuSeconds()),
    },
    {
      name: "skerry.process.resident_memory",
      kind: "gauge",
      unit: "By",
      doc: "memory of the process that is in RAM",
      ...one(() => vitals.read().rssBytes),
    },
    {
      name: "skerry.process.heap_used",
      kind: "gauge",
      unit: "By",
      doc: "heap of JavaScript that is in use, garbage included",
      ...one(() => vitals.read().heapUsedBytes),
    },
    {
      name: "skerry.process.event_loop_delay_p50",
      kind: "gauge",
      unit: "s",
      doc: "half of all timers came later than this, over the last ten seconds",
      ...one(() => vitals.read().eventLoopP50Ms / MS_PER_S),
    },
    {
      name: "skerry.process.event_loop_delay_p99",
      kind: "gauge",
      unit: "s",
      doc: "one of a hundred timers came later than this, over the last ten seconds",
      ...one(() => vitals.read().eventLoopP99Ms / MS_PER_S),
    },
    {
      name: "skerry.process.gc",
      kind: "histogram",
      unit: "s",
      doc: "pauses for garbage, by what was collected",
      labels: ["process", "collection"],
      read: () =>
        Object.entries(collections.values).map(([collection, value]) => ({
          labels: { process: process_, collection },
          value,
        })),
    },
  ];
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / US_PER_S;
}
