import type { Labels, MetricPoint, MetricSpec } from "../../../otel/metrics.ts";
import type { VolumeSize } from "../../../contracts/messages/status.ts";
import type { Volumes } from "./volumes.ts";
import type { ServerFigures, StreamFigures } from "./server-figures.ts";
import type { ServerMonitor } from "./server-monitor.ts";

const MS_PER_S = 1000;

/** Metrics of the nats-server that a process is told to ask; none if it is not told of one. */
export function natsServerMetricSpecs(
  monitor: Pick<ServerMonitor, "figures" | "isAsking">,
): MetricSpec[] {
  const one = (read: (figures: ServerFigures) => number) => (): MetricPoint[] =>
    monitor.figures ? [{ labels: {}, value: read(monitor.figures) }] : [];
  const directions = (read: (figures: ServerFigures) => ServerFigures["bytes"]) => ({
    labels: ["direction"],
    read: (): MetricPoint[] =>
      monitor.figures
        ? Object.entries(read(monitor.figures)).map(([direction, value]) => ({
            labels: { direction },
            value,
          }))
        : [],
  });
  return [
    {
      name: "skerry.nats.up",
      kind: "gauge",
      unit: "1",
      doc: "1 if the nats-server answers at its monitoring address",
      read: () => (monitor.isAsking ? [{ labels: {}, value: monitor.figures ? 1 : 0 }] : []),
    },
    {
      name: "skerry.nats.cpu.cores",
      kind: "gauge",
      unit: "1",
      doc: "cores that the nats-server is using",
      read: one(({ cpuShare }) => cpuShare),
    },
    {
      name: "skerry.nats.memory",
      kind: "gauge",
      unit: "By",
      doc: "memory of the nats-server that is in RAM",
      read: one(({ memoryBytes }) => memoryBytes),
    },
    {
      name: "skerry.nats.connections",
      kind: "gauge",
      unit: "{connection}",
      doc: "clients that are connected to the nats-server",
      read: one(({ connections }) => connections),
    },
    {
      name: "skerry.nats.leaf_nodes",
      kind: "gauge",
      unit: "{connection}",
      doc: "connections between regions and hub that are up, at this end",
      read: one(({ leafNodes }) => leafNodes),
    },
    {
      name: "skerry.nats.subscriptions",
      kind: "gauge",
      unit: "{subscription}",
      doc: "subscriptions at the nats-server",
      read: one(({ subscriptions }) => subscriptions),
    },
    {
      name: "skerry.nats.slow_consumers",
      kind: "counter",
      unit: "{connection}",
      doc: "clients that the nats-server closed because they read too slowly, since it started",
      read: one(({ slowConsumers }) => slowConsumers),
    },
    {
      name: "skerry.nats.messages",
      kind: "counter",
      unit: "{message}",
      doc: "messages into and out of the nats-server, since it started",
      ...directions(({ messages }) => messages),
    },
    {
      name: "skerry.nats.traffic",
      kind: "counter",
      unit: "By",
      doc: "bytes of messages into and out of the nats-server, since it started",
      ...directions(({ bytes }) => bytes),
    },
    ...jetStreamSpecs(one),
    ...streamSpecs(() => monitor.figures?.streams ?? []),
  ];
}

/** Metrics of disks that a process measures, and of what JetStream may have. */
export function volumeMetricSpecs(volumes: Pick<Volumes, "read">): MetricSpec[] {
  const each = (read: (size: VolumeSize) => number) => (): MetricPoint[] =>
    volumes.read().map((size) => ({ labels: { volume: size.name }, value: read(size) }));
  const of = { kind: "gauge", unit: "By", labels: ["volume"] } as const;
  return [
    {
      ...of,
      name: "skerry.volume.used",
      doc: "bytes in use on a disk of SKERRY_DISKS, or by JetStream",
      read: each(({ usedBytes }) => usedBytes),
    },
    {
      ...of,
      name: "skerry.volume.free",
      doc: "bytes that are left there",
      read: each(({ freeBytes }) => freeBytes),
    },
  ];
}

const jetStreamSpecs = (
  one: (read: (figures: ServerFigures) => number) => () => MetricPoint[],
): MetricSpec[] => [
  {
    name: "skerry.nats.api.requests",
    kind: "counter",
    unit: "{request}",
    doc: "requests to JetStream's API, since the nats-server started",
    read: one(({ api }) => api.requests),
  },
  {
    name: "skerry.nats.api.errors",
    kind: "counter",
    unit: "{request}",
    doc: "those of them that it refused",
    read: one(({ api }) => api.errors),
  },
  {
    name: "skerry.nats.store",
    kind: "gauge",
    unit: "By",
    doc: "disk that JetStream uses",
    read: one(({ store }) => store.bytes),
  },
  {
    name: "skerry.nats.store_limit",
    kind: "gauge",
    unit: "By",
    doc: "disk that JetStream may use",
    read: one(({ store }) => store.bytesMax),
  },
];

const streamSpecs = (streams: () => readonly StreamFigures[]): MetricSpec[] => {
  const each = (read: (stream: StreamFigures) => number | null | undefined) => ({
    kind: "gauge" as const,
    labels: ["stream", "account"],
    read: () =>
      streams().flatMap((stream) => {
        const value = read(stream);
        const labels: Labels = { stream: stream.name, account: stream.account };
        return value === null || value === undefined ? [] : [{ labels, value }];
      }),
  });
  return [
    {
      name: "skerry.nats.stream.messages",
      unit: "{message}",
      doc: "messages in a stream",
      ...each(({ messages }) => messages),
    },
    {
      name: "skerry.nats.stream",
      unit: "By",
      doc: "size of a stream",
      ...each(({ bytes }) => bytes),
    },
    {
      name: "skerry.nats.stream.limit",
      unit: "By",
      doc: "size that a stream may have, for those with a bound of their own",
      ...each(({ bytesMax }) => bytesMax),
    },
    {
      name: "skerry.nats.stream.consumers",
      unit: "{consumer}",
      doc: "consumers of a stream",
      ...each(({ consumers }) => consumers),
    },
    {
      name: "skerry.nats.stream.mirror_lag",
      unit: "{message}",
      doc: "messages that the origin of a mirror has and the mirror has not, as far as it heard",
      ...each(({ mirror }) => mirror?.lag),
    },
    {
      name: "skerry.nats.stream.mirror_silence",
      unit: "s",
      doc: "time since a mirror heard of its origin",
      ...each(({ mirror }) => (mirror ? mirror.silentMs / MS_PER_S : null)),
    },
  ];
};
