// The metrics of every process, from where they are declared.
import { aggregatorMetricSpecs } from "../../cloud/aggregator/metrics.ts";
import { insightMetricSpecs } from "../../cloud/insight/metrics.ts";
import { notifierMetricSpecs } from "../../cloud/notifier/metrics.ts";
import { stewardMetricSpecs } from "../../cloud/steward/metrics.ts";
import { linkMetricSpecs } from "../link/metrics.ts";
import { simulatorMetricSpecs } from "../../device-sim/metrics.ts";
import { alertingMetricSpecs } from "../../gateway/alerting/metrics.ts";
import { httpMetricSpecs, makeHttpCounters } from "../../gateway/http/counters.ts";
import { FrameFigures } from "../../gateway/ingest/frame-figures.ts";
import { logGroupMetrics } from "../../gateway/groups/metrics.ts";
import { type GatewayFigures, gatewayMetricSpecs } from "../../gateway/metrics.ts";
import { type MetricSpec, metricFamily } from "../../otel/metrics.ts";
import { processMetricSpecs } from "../../otel/process-metrics.ts";
import { natsServerMetricSpecs } from "../../platform/nats/monitoring/metrics.ts";
import { GENERATED, code, page, table } from "./markdown.ts";

/** The specs are only looked at: nobody asks for a value. */
const unread = (): never => {
  throw new Error("a page asks no process for its status");
};

const NO_GROUPS = { delivered: 0, acknowledged: 0, lostFrames: 0, status: [] };
const GATEWAY = {
  status: unread,
  broker: { counters: {}, limits: {}, queues: unread },
  logFill: { last: null },
  frames: new FrameFigures(),
  series: { refused: {} },
} as unknown as GatewayFigures;
type Measured = Parameters<typeof aggregatorMetricSpecs>[1];

const PROCESSES: readonly (readonly [name: string, specs: readonly MetricSpec[]])[] = [
  [
    "Gateway",
    [
      ...gatewayMetricSpecs(GATEWAY),
      ...logGroupMetrics(NO_GROUPS),
      ...httpMetricSpecs(makeHttpCounters(), () => 0),
    ],
  ],
  ["Alerting engine", alertingMetricSpecs(unread)],
  ["Aggregator", aggregatorMetricSpecs(unread, {} as Measured)],
  ["Steward", [...stewardMetricSpecs(unread), ...insightMetricSpecs(() => null)]],
  ["Notifier", notifierMetricSpecs(unread)],
  ["Link", linkMetricSpecs(unread)],
  ["Simulator", simulatorMetricSpecs(unread)],
  [
    "The nats-server of an alerting engine or a steward",
    natsServerMetricSpecs({ figures: null, isAsking: false }),
  ],
  [
    "Every process",
    processMetricSpecs("any", {
      version: "",
      vitals: { read: unread },
      collections: { values: {} },
    }),
  ],
];

const labelsOf = ({ label, labels = [] }: MetricSpec): string[] => [
  ...new Set(["region", ...(label === undefined ? [] : [label]), ...labels]),
];

const rows = (specs: readonly MetricSpec[]): string[][] =>
  specs.map((spec) => [
    code(metricFamily(spec).sample),
    spec.kind,
    labelsOf(spec).map(code).join(", "),
    spec.doc,
  ]);

export const metricsPage = (): string =>
  page(
    GENERATED,
    "# Metrics",
    "Every process answers `GET /metrics` on its status port, in the Prometheus text format, or in OpenMetrics with exemplars " +
      "if the request's `Accept` prefers that, as Prometheus does. Counters start at 0 with the process. Label `region` is the " +
      "region that a process runs in, `hub` at the hub, or the region that the figure is about. A simulator runs in no region: what it " +
      "says of itself has no such label. A histogram has its samples under its name and `_bucket`, `_sum` and `_count`.",
    ...PROCESSES.flatMap(([name, specs]) => [
      `## ${name}`,
      table(["metric", "kind", "labels", "meaning"], rows(specs)),
    ]),
  );
