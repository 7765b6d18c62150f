import type { GatewayStatus } from "../contracts/messages/status.ts";
import type { MetricPoint, MetricSpec } from "../otel/metrics.ts";
import { oncePerTurn } from "../otel/once-per-turn.ts";
import type { Broker } from "./broker/broker.ts";
import type { FrameFigures } from "./ingest/frame-figures.ts";
import type { SeriesLimit } from "./ingest/series-limit.ts";
import type { UnregisteredDevices } from "./ingest/unregistered-devices.ts";
import type { TopicClasses } from "./relay/topic-classes.ts";
import type { LogFill } from "./retention/log-fill.ts";

type Status = () => GatewayStatus;

export interface GatewayFigures {
  readonly status: Status;
  readonly broker: Pick<Broker, "counters" | "limits" | "queues">;
  readonly logFill: Pick<LogFill, "last">;
  readonly frames: FrameFigures;
  readonly series: Pick<SeriesLimit, "refused">;
  readonly unregistered: Pick<UnregisteredDevices, "refused">;
  readonly classes: Pick<TopicClasses, "relayed" | "ignored">;
}

/** Metrics of a gateway. */
export const gatewayMetricSpecs = (of: GatewayFigures): MetricSpec[] => [
  ...ingestMetrics(of.status),
  ...logMetrics(of.logFill),
  ...frameMetrics(of.frames),
  seriesMetric(of),
  ...classMetrics(of.classes),
  setAsideMetric(of.status),
  ...commandMetrics(of.status),
  ...brokerMetrics(of.broker.counters),
  ...queueMetrics(of.broker),
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

const frameMetrics = ({ readings, bytes, spacing }: FrameFigures): MetricSpec[] => [
  {
    name: "skerry.gateway.frame.readings",
    kind: "histogram",
    unit: "{reading}",
    doc: "readings of a frame; none: it tells readers the time, as a partition without readings does each second",
    read: () => readings.value,
  },
  {
    name: "skerry.gateway.frame.size",
    kind: "histogram",
    unit: "By",
    doc: "a frame as it is stored, compressed if that is worth it",
    read: () => bytes.value,
  },
  {
    name: "skerry.gateway.frame.spacing",
    kind: "histogram",
    unit: "s",
    doc: "time between a frame and the one before it in its partition",
    read: () => spacing.value,
  },
];

const seriesMetric = ({
  series,
  unregistered,
}: Pick<GatewayFigures, "series" | "unregistered">): MetricSpec => ({
  name: "skerry.gateway.series.refused",
  kind: "counter",
  unit: "{reading}",
  doc: "readings refused because their device has too many series (named in an hour, or new ones), or their sender too many devices without a record",
  label: "reason",
  read: () => ({ ...series.refused, devices: unregistered.refused }),
});

const classMetrics = (classes: GatewayFigures["classes"]): MetricSpec[] => [
  {
    name: "skerry.gateway.publishes.relayed",
    kind: "counter",
    unit: "{message}",
    doc: "publishes on relayed topics, those that are mapped as well included",
    read: () => classes.relayed,
  },
  {
    name: "skerry.gateway.publishes.ignored",
    kind: "counter",
    unit: "{message}",
    doc: "publishes on ignored topics that are not relayed: acknowledged, and neither kept nor refused",
    read: () => classes.ignored,
  },
];

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
    name: "skerry.gateway.filters.refused",
    kind: "counter",
    unit: "{filter}",
    doc: "filters of SUBSCRIBE refused, by reason",
    label: "reason",
    read: () => counters.filtersRefused,
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

const queueMetrics = (broker: GatewayFigures["broker"]): MetricSpec[] => {
  const { limits } = broker;
  const queues = oncePerTurn(() => broker.queues());
  return [
    {
      name: "skerry.gateway.sessions",
      kind: "gauge",
      unit: "{session}",
      doc: "sessions that outlive their connection, by whether their client is connected or away",
      label: "client",
      read: () => ({ ...queues().sessions }),
    },
    {
      name: "skerry.gateway.sessions.away.limit",
      kind: "gauge",
      unit: "{session}",
      doc: "sessions of clients that are away that are kept at most",
      read: () => limits.pendingSessionsMax,
    },
    {
      name: "skerry.gateway.sessions.waiting",
      kind: "gauge",
      unit: "{session}",
      doc: "sessions with messages that wait for their client, or are not acknowledged by it yet",
      read: () => queues().filled,
    },
    {
      name: "skerry.gateway.queues.messages",
      kind: "gauge",
      unit: "{message}",
      doc: "messages that wait in all sessions, or are not acknowledged yet",
      read: () => queues().messages,
    },
    {
      name: "skerry.gateway.queues.size",
      kind: "gauge",
      unit: "By",
      doc: "what they take, as their bound counts it: payloads, and 256 bytes for each message",
      read: () => queues().bytes,
    },
    {
      name: "skerry.gateway.queues.limit",
      kind: "gauge",
      unit: "By",
      doc: "what the messages of all sessions may take; then further ones are dropped",
      read: () => limits.queuedBytesOfAllMax,
    },
    {
      name: "skerry.gateway.queues.fullest",
      kind: "gauge",
      unit: "1",
      doc: "share of the bound of one session, in messages or bytes, that the fullest one has used",
      read: () => queues().fullest,
    },
    {
      name: "skerry.gateway.queue.messages.limit",
      kind: "gauge",
      unit: "{message}",
      doc: "messages that may wait in one session",
      read: () => limits.queuedMessagesMax,
    },
    {
      name: "skerry.gateway.queue.limit",
      kind: "gauge",
      unit: "By",
      doc: "payloads that may wait in one session",
      read: () => limits.queuedBytesMax,
    },
  ];
};
