// The streams and buckets of the plan on their servers: compared, created, and updated where they differ.
// Nothing else creates a stream: no process can, but for the copy of a log that it makes again.
import {
  type JetStreamManager,
  type NatsConnection,
  StorageType,
  type StreamConfig,
  millis,
  nanos,
} from "nats";
import { bucketStream, rejectsStream, telemetryStream } from "../../../contracts/names/subjects.ts";
import { streamOrNull } from "../client/errors.ts";
import type { StreamSpec } from "./spec.ts";
import {
  type BucketSpec,
  HUB,
  REJECT_BOUNDS_DEFAULT,
  type RejectBounds,
  type TopologyOptions,
  domainsOf,
  mirror,
} from "./topology.ts";
import { streamDifferences } from "./topology-diff.ts";

/** Told of work on the streams and buckets of the plan, one after the other. */
export interface TopologyProgress {
  /** The next one, as `TELEMETRY_eu at hub`. */
  at(now: string): void;
  /** It is done. */
  step(): void;
}

/** Streams and buckets of the plan, over all servers. */
export const topologySize = (options: TopologyOptions): number =>
  domainsOf(options).reduce(
    (sum, { streams, buckets }) => sum + streams.length + buckets.length,
    0,
  );

/** The differences between the servers and the plan, a line for each, which names its domain. */
export async function diffTopology(
  connections: Readonly<Record<string, NatsConnection>>,
  options: TopologyOptions,
  progress?: TopologyProgress,
): Promise<string[]> {
  const lines: string[] = [];
  for (const { name, streams, buckets } of domainsOf(options)) {
    const manager = await connectionTo(connections, name).jetstreamManager();
    const compare = async (of: { name: string }, differences: () => Promise<string[]>) => {
      progress?.at(`${of.name} at ${name}`);
      for (const line of await differences()) lines.push(`${name}: ${line}`);
      progress?.step();
    };
    for (const spec of streams)
      await compare(spec, async () =>
        streamDifferences(spec, await streamConfig(manager, spec.name)),
      );
    for (const bucket of buckets)
      await compare(bucket, async () =>
        bucketDifferences(bucket, await bucketConfig(manager, bucket)),
      );
  }
  return lines;
}

function connectionTo(
  connections: Readonly<Record<string, NatsConnection>>,
  domain: string,
): NatsConnection {
  const connection = connections[domain];
  if (!connection) throw new Error(`no connection to ${domain}`);
  return connection;
}

/**
 * Creates what is missing and updates what differs; an origin's subjects are never changed (topology.ts/T3).
 * Origins and buckets come first: a mirror whose origin is not there yet waits seconds to try again.
 */
export async function applyTopology(
  connections: Readonly<Record<string, NatsConnection>>,
  options: TopologyOptions,
  progress?: TopologyProgress,
): Promise<void> {
  for (const isMirror of [false, true])
    for (const { name, streams, buckets } of domainsOf(options)) {
      const connection = connectionTo(connections, name);
      const manager = await connection.jetstreamManager();
      const ensure = async (of: { name: string }, work: () => Promise<void>): Promise<void> => {
        progress?.at(`${of.name} at ${name}`);
        await work();
        progress?.step();
      };
      for (const spec of streams)
        if ((spec.mirror !== undefined) === isMirror)
          await ensure(spec, () => ensureStream(manager, spec));
      if (isMirror) continue;
      for (const bucket of buckets)
        await ensure(bucket, () => ensureBucket(connection, manager, bucket));
    }
}

const bucketConfig = (manager: JetStreamManager, { name }: BucketSpec) =>
  streamConfig(manager, bucketStream(name));

function bucketDifferences({ name, ttlMs = 0 }: BucketSpec, found: StreamConfig | null): string[] {
  if (!found) return [`bucket ${name} is missing`];
  const keepsMs = millis(found.max_age);
  return keepsMs === ttlMs ? [] : [`bucket ${name}: TTL is ${keepsMs} ms, planned ${ttlMs} ms`];
}

async function ensureBucket(
  connection: NatsConnection,
  manager: JetStreamManager,
  { name, ttlMs = 0 }: BucketSpec,
): Promise<void> {
  const options = { history: 1, storage: StorageType.File, ttl: ttlMs };
  await connection.jetstream().views.kv(name, options);
  const config = await bucketConfig(manager, { name });
  if (config && millis(config.max_age) !== ttlMs)
    await manager.streams.update(config.name, { max_age: nanos(ttlMs) });
}

/**
 * Makes the copy of a region's log again, or for the first time after a kill in between, from the region, under the same sequence numbers.
 * @param into the domain that the connection is to.
 */
export async function rebuildCopy(
  connection: NatsConnection,
  region: string,
  into: string,
): Promise<void> {
  const manager = await connection.jetstreamManager();
  const name = telemetryStream(region);
  if (await streamConfig(manager, name)) await manager.streams.delete(name);
  await manager.streams.add(mirror(name, region, into));
}

async function ensureStream(manager: JetStreamManager, spec: StreamSpec): Promise<void> {
  const found = await streamConfig(manager, spec.name);
  if (!found) return void (await manager.streams.add(spec));
  const { mirror: _mirror, subjects: _subjects, ...changeable } = spec;
  await manager.streams.update(spec.name, changeable);
}

/** The bounds of rejects as the hub has them, or the defaults where it has none yet. */
export async function rejectBoundsOf(connection: NatsConnection): Promise<RejectBounds> {
  const manager = await connection.jetstreamManager();
  const found = await streamConfig(manager, rejectsStream(HUB));
  const { bytesMax, keepMs } = REJECT_BOUNDS_DEFAULT;
  return {
    bytesMax: found && found.max_bytes > 0 ? found.max_bytes : bytesMax,
    keepMs: found && found.max_age > 0 ? millis(found.max_age) : keepMs,
  };
}

/** A stream's configuration, or null if it does not exist. */
export async function streamConfig(
  manager: JetStreamManager,
  name: string,
): Promise<StreamConfig | null> {
  const info = await streamOrNull(manager.streams.info(name));
  return info && info.config;
}
