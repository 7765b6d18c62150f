// What a nats-server tells about itself at its monitoring address, `/varz` and `/jsz`, as figures (pure).
// Both are JSON, which Prometheus does not read; fields are left out by servers that do not know them.

export interface StreamFigures {
  readonly name: string;
  /** Several accounts may have a stream of one name. */
  readonly account: string;
  readonly messages: number;
  readonly bytes: number;
  /** Null: no bound of its own. */
  readonly bytesMax: number | null;
  readonly consumers: number;
  /** Messages that its origin has and it does not, and how long ago it heard of its origin; null for no mirror. */
  readonly mirror: { readonly lag: number; readonly silentMs: number } | null;
}

export interface ServerFigures {
  readonly cpuShare: number;
  readonly memoryBytes: number;
  readonly connections: number;
  readonly leafNodes: number;
  readonly subscriptions: number;
  readonly slowConsumers: number;
  readonly messages: { readonly in: number; readonly out: number };
  readonly bytes: { readonly in: number; readonly out: number };
  /** Bytes over its leaf nodes, since each of them connected; null if it does not tell. */
  readonly leafBytes: number | null;
  readonly api: { readonly requests: number; readonly errors: number };
  readonly store: { readonly bytes: number; readonly bytesMax: number };
  readonly streams: readonly StreamFigures[];
}

interface Varz {
  cpu?: number;
  mem?: number;
  connections?: number;
  leafnodes?: number;
  subscriptions?: number;
  slow_consumers?: number;
  in_msgs?: number;
  out_msgs?: number;
  in_bytes?: number;
  out_bytes?: number;
  server_id?: string;
}

interface Leafz {
  leafs?: { in_bytes?: number; out_bytes?: number }[];
}

interface StreamDetail {
  name: string;
  config?: { max_bytes?: number };
  state?: { messages?: number; bytes?: number; consumer_count?: number };
  mirror?: { lag?: number; active?: number };
}

interface Jsz {
  config?: { max_storage?: number };
  storage?: number;
  api?: { total?: number; errors?: number };
  account_details?: { name?: string; stream_detail?: StreamDetail[] }[];
}

const PERCENT = 100;
const NS_PER_MS = 1e6;

/** @throws TypeError if `varz` is not the answer of a nats-server. */
export function serverFigures(varz: unknown, jsz: unknown, leafz: unknown = null): ServerFigures {
  const server = varz as Varz | null;
  if (typeof server?.server_id !== "string") throw new TypeError("no nats-server answers there");
  const jetStream = (jsz ?? {}) as Jsz;
  return {
    cpuShare: (server.cpu ?? 0) / PERCENT,
    memoryBytes: server.mem ?? 0,
    connections: server.connections ?? 0,
    leafNodes: server.leafnodes ?? 0,
    subscriptions: server.subscriptions ?? 0,
    slowConsumers: server.slow_consumers ?? 0,
    messages: { in: server.in_msgs ?? 0, out: server.out_msgs ?? 0 },
    bytes: { in: server.in_bytes ?? 0, out: server.out_bytes ?? 0 },
    leafBytes: leafBytesOf(leafz as Leafz | null),
    api: { requests: jetStream.api?.total ?? 0, errors: jetStream.api?.errors ?? 0 },
    store: { bytes: jetStream.storage ?? 0, bytesMax: jetStream.config?.max_storage ?? 0 },
    streams: (jetStream.account_details ?? []).flatMap(({ name = "", stream_detail = [] }) =>
      stream_detail.map((stream) => streamFigures(stream, name)),
    ),
  };
}

const leafBytesOf = (leafz: Leafz | null): number | null =>
  leafz === null
    ? null
    : (leafz.leafs ?? []).reduce(
        (sum, { in_bytes = 0, out_bytes = 0 }) => sum + in_bytes + out_bytes,
        0,
      );

function streamFigures(
  { name, config, state, mirror }: StreamDetail,
  account: string,
): StreamFigures {
  const bytesMax = config?.max_bytes ?? -1;
  return {
    ...{ name, account },
    messages: state?.messages ?? 0,
    bytes: state?.bytes ?? 0,
    bytesMax: bytesMax > 0 ? bytesMax : null,
    consumers: state?.consumer_count ?? 0,
    mirror: mirror
      ? { lag: mirror.lag ?? 0, silentMs: Math.max(0, mirror.active ?? 0) / NS_PER_MS }
      : null,
  };
}
