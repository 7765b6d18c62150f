import type { GatewayStatus } from "../contracts/messages/status.ts";
import type { MetricPoint, MetricSpec } from "../otel/metrics.ts";
import type { Broker } from "./broker/broker.ts";
import type { LogFill } from "./retention/log-fill.ts";

type Status = () => GatewayStatus;

/** Metrics of a gateway. */
export const gatewayMetricSpecs = (
  status: Status,
  counters: Broker["counters"],
  logFill: Pick<LogFill, "last">,
): MetricSpec[] => [
  ...ingestMetrics(status),
  ...logMetrics(logFill),
  setAsideMetric(status),
  ...commandMetrics(status),
  ...brokerMetrics(counters),
];

const ingestMetrics = (status: Status): MetricSpec[] => [
  {
    name: "skerry.gateway.readings",
    kind: "counter",
    unit: "{reading}",
    doc: "readings stored in the region's log, and so acknowledged",
    read: () => status().readingsStored,
  },
  {
    name: "skerry.gateway.rejects",
    kind: "counter",
    unit: "{reject}",
    doc: "publishes refused and stored with their reason",
    read: () => status().rejectsStored,
  },
  {
    name: "skerry.gateway.values.noted",
    kind: "counter",
    unit: "{value}",
    doc: "values that readings do not hold as they were sent, by what became of them",
    label: "how",
    read: () => status().notes.totals,
  },
  {
    name: "skerry.gateway.rejects.dropped",
    kind: "gauge",
    unit: "{reject}",
    doc: "rejects of the region that are gone and that nobody had replayed, over the time that rejects are kept",
    read: () => status().rejectsDropped.total,
  },
  {
    name: "skerry.gateway.takeovers",
    kind: "counter",
    unit: "{connection}",
    doc: "connections that ended because another came with their client id",
    read: () => status().takeovers,
  },
  {
    name: "skerry.gateway.client_ids.contested",
    kind: "gauge",
    unit: "{client}",
    doc: "client ids that clients take from each other all the time",
    read: () => status().contestedClientIds.length,
  },
  {
    name: "skerry.gateway.qos0.dropped",
    kind: "counter",
    unit: "{message}",
    doc: "QoS 0 publishes dropped under pressure",
    read: () => status().qos0Dropped,
  },
  {
    name: "skerry.gateway.presence.dropped",
    kind: "counter",
    unit: "{reading}",
    doc: "presence readings dropped because the log was behind",
    read: () => status().presenceDropped,
  },
  {
    name: "skerry.gateway.bridge.repeats",
    kind: "counter",
    unit: "{message}",
    doc: "retained messages that bridges sent again after they connected: no new readings",
    read: () => status().bridgeRepeats,
  },
  {
    name: "skerry.gateway.connections",
    kind: "gauge",
    unit: "{connection}",
    doc: "connected MQTT clients",
    read: () => status().connections,
  },
  {
    name: "skerry.gateway.publishes.held",
    kind: "gauge",
    unit: "{message}",
    doc: "publishes received and not yet acknowledged",
    read: () => status().held,
  },
  {
    name: "skerry.gateway.log.refusing",
    kind: "gauge",
    unit: "1",
    doc: "1 while the region's log refuses or is away: nothing is acknowledged",
    read: () => (status().log.state === "refusing" ? 1 : 0),
  },
];

/** No series while it is not known. */
const logMetrics = (fill: Pick<LogFill, "last">): MetricSpec[] => {
  const oneIfKnown = (value: number | null | undefined): MetricPoint[] =>
    value === null || value === undefined ? [] : [{ labels: {}, value }];
  return [
    {
      name: "skerry.gateway.log.size",
      kind: "gauge",
      unit: "By",
      doc: "what the region's log holds",
      read: () => oneIfKnown(fill.last?.bytes),
    },
    {
      name: "skerry.gateway.log.limit",
      kind: "gauge",
      unit: "By",
      doc: "size at which the region's log refuses, and nothing is acknowledged",
      read: () => oneIfKnown(fill.last?.bytesMax),
    },
  ];
};

const setAsideMetric = (status: Status): MetricSpec => ({
  name: "skerry.gateway.set.aside",
  kind: "counter",
  unit: "{record}",
  doc: "records that could not be handled and are kept",
  read: () => status().setAside,
});

const commandMetrics = (status: Status): MetricSpec[] => [
  {
    name: "skerry.gateway.commands.open",
    kind: "gauge",
    unit: "{command}",
    doc: "commands sent to devices and not answered yet",
    read: () => status().commands.open,
  },
  {
    name: "skerry.gateway.commands.refused",
    kind: "counter",
    unit: "{command}",
    doc: "commands not sent, because too many were open",
    read: () => status().commands.refused,
  },
  {
    name: "skerry.gateway.replies",
    kind: "counter",
    unit: "{reply}",
    doc: "replies to commands stored in the region, and so acknowledged",
    read: () => status().commands.repliesStored,
  },
];

const brokerMetrics = (counters: Broker["counters"]): MetricSpec[] => [
  {
    name: "skerry.gateway.publishes.received",
    kind: "counter",
    unit: "{message}",
    doc: "publishes that clients sent, whatever became of them",
    read: () => counters.publishesReceived,
  },
  {
    name: "skerry.gateway.publishes.held_size",
    kind: "gauge",
    unit: "By",
    doc: "payloads of publishes received and not yet acknowledged",
    read: () => counters.publishesHeldBytes,
  },
  {
    name: "skerry.gateway.connections.paused",
    kind: "counter",
    unit: "{pause}",
    doc: "times that a client was no longer read for a while, by reason",
    label: "reason",
    read: () => counters.paused,
  },
  {
    name: "skerry.gateway.connections.closed",
    kind: "counter",
    unit: "{connection}",
    doc: "connections the gateway closed, by reason",
    label: "reason",
    read: () => counters.closed,
  },
  {
    name: "skerry.gateway.connects.refused",
    kind: "counter",
    unit: "{connect}",
    doc: "CONNECTs refused, by reason",
    label: "reason",
    read: () => counters.refused,
  },
  {
    name: "skerry.gateway.deliveries.dropped",
    kind: "counter",
    unit: "{message}",
    doc: "messages to subscribers that were not delivered, by reason",
    label: "reason",
    read: () => counters.dropped,
  },
];
