import type { LogGroupStatus } from "../../contracts/messages/status.ts";
import type { MetricSpec } from "../../otel/metrics.ts";

interface Figures {
  readonly delivered: number;
  readonly acknowledged: number;
  readonly lostFrames: number;
  readonly status: readonly LogGroupStatus[];
}

/** Metrics of the groups that read the region's log here. */
export const logGroupMetrics = (groups: Figures): MetricSpec[] => [
  {
    name: "skerry.gateway.log_groups",
    kind: "gauge",
    unit: "{group}",
    doc: "groups for which this gateway reads the region's log",
    read: () => groups.status.filter(({ reading }) => reading !== null).length,
  },
  {
    name: "skerry.gateway.log_groups.lag",
    kind: "gauge",
    unit: "{frame}",
    doc: "frames of the log that the group which is furthest behind has not acknowledged",
    read: () => Math.max(0, ...groups.status.map(({ reading }) => reading?.lagFrames ?? 0)),
  },
  {
    name: "skerry.gateway.log_groups.delivered",
    kind: "counter",
    unit: "{reading}",
    doc: "readings of the log that were given to members of groups, repeats included",
    read: () => groups.delivered,
  },
  {
    name: "skerry.gateway.log_groups.acknowledged",
    kind: "counter",
    unit: "{reading}",
    doc: "readings of the log that members of groups have acknowledged",
    read: () => groups.acknowledged,
  },
  {
    name: "skerry.gateway.log_groups.lost",
    kind: "counter",
    unit: "{frame}",
    doc: "frames that retention removed before a group had read them",
    read: () => groups.lostFrames,
  },
];
