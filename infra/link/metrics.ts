import type { MetricSpec } from "../../otel/metrics.ts";
import type { LinkStatus } from "./link.ts";

/** Metrics of one end of a link. */
export const linkMetricSpecs = (status: () => LinkStatus): MetricSpec[] => {
  const bytes = (form: "plain" | "wire") => () => {
    const { toHub, fromHub } = status();
    return { to_hub: toHub[form], from_hub: fromHub[form] };
  };
  const label = "direction";
  return [
    {
      name: "skerry.link.connections",
      kind: "gauge",
      unit: "{connection}",
      doc: "connections of nats-servers that pass through",
      read: () => status().connections,
    },
    {
      name: "skerry.link.plain",
      kind: "counter",
      unit: "By",
      doc: "bytes that nats-servers wrote, by direction",
      read: bytes("plain"),
      label,
    },
    {
      name: "skerry.link.wire",
      kind: "counter",
      unit: "By",
      doc: "the same as they crossed the WAN, compressed",
      read: bytes("wire"),
      label,
    },
    {
      name: "skerry.link.waiting",
      kind: "gauge",
      unit: "By",
      doc: "bytes that wait at this end for its limit, by when they have their turn: first, live, last",
      read: () => status().waiting,
      label: "turn",
    },
  ];
};
