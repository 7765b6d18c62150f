// The streams and buckets of the plan on their servers: compared, created, and updated where they differ.
// Nothing else creates a stream: no process can, but for the copy of a log that it makes again.
import {
  AckPolicy,
  type ConsumerConfig,
  DeliverPolicy,
  type JetStreamManager,
  type NatsConnection,
  StorageType,
  type StreamConfig,
  millis,
  nanos,
} from "nats";
import { bucketStream, rejectsStream, telemetryStream } from "../../../contracts/names/subjects.ts";
import { type Stages, lanesOf, parseStages } from "../../../contracts/names/lane-stages.ts";
import { consumerOrNull } from "../client/errors.ts";
import { type Feed, feedConsumer, feedSubject } from "../client/feeds.ts";
import { FEED_HEARTBEAT_MS } from "../client/push-feed.ts";
import { Streams } from "../client/streams.ts";
import { nameRegions } from "../lanes/copies.ts";
import { stagesIn } from "../lanes/log-lanes.ts";
import { HUB_ACCOUNT } from "./crossings.ts";
import { misplaced, moveMirrors } from "./move-mirrors.ts";
import { administered, connectionTo, managerOf, placeOf, streamConfig } from "./places.ts";
import { continueBehind } from "./continue-behind.ts";
import type { StreamSpec } from "./spec.ts";
import {
  type BucketSpec,
  HUB,
  REJECT_BOUNDS_DEFAULT,
  type RejectBounds,
  type TopologyOptions,
  domainsOf,
  feedsOfCopy,
  logMirror,
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
    (sum, { streams, buckets, feeds }) => sum + streams.length + buckets.length + feeds.length,
    0,
  );

/** The differences between the servers and the plan, a line for each, which names its domain. */
export async function diffTopology(
  connections: Readonly<Record<string, NatsConnection>>,
  options: TopologyOptions,
  progress?: TopologyProgress,
): Promise<string[]> {
  const lines: string[] = [];
  for (const domain of domainsOf(options)) {
    const { streams, buckets, feeds } = domain;
    const name = placeOf(domain);
    const manager = await managerOf(connections, domain);
    const compare = async (of: { name: string }, differences: () => Promise<string[]>) => {
      progress?.at(`${of.name} at ${name}`);
      for (const line of await differences()) lines.push(`${name}: ${line}`);
      progress?.step();
    };
    for (const stream of await misplaced(connections, domain))
      lines.push(`${name}: ${stream} is in account ${HUB_ACCOUNT}, and is to be moved`);
    for (const spec of streams)
      await compare(spec, async () =>
        streamDifferences(...(await kept(spec, streamConfig(manager, spec.name), options))),
      );
    for (const bucket of buckets)
      await compare(bucket, async () =>
        bucketDifferences(bucket, await bucketConfig(manager, bucket), options),
      );
    for (const feed of feeds)
      await compare({ name: feedConsumer(feed) }, async () => feedDifferences(manager, feed));
  }
  return lines;
}

/**
 * Creates what is missing and updates what differs; of an origin's subjects only a log's, which has grown (topology.ts/T3).
 * A region's stream that begins anew goes on behind the hub's copy of it (continue-behind.ts); a line for each.
 * Origins and buckets come first: a mirror whose origin is not there yet waits seconds to try again. Consumers come last.
 */
export async function applyTopology(
  connections: Readonly<Record<string, NatsConnection>>,
  options: TopologyOptions,
  progress?: TopologyProgress,
): Promise<string[]> {
  const told: string[] = [];
  for (const domain of domainsOf(options)) await moveMirrors(connections, domain, progress);
  for (const isMirror of [false, true])
    for (const domain of domainsOf(options)) {
      const { streams, buckets } = domain;
      const name = placeOf(domain);
      const connection = connectionTo(connections, domain.name);
      const manager = await managerOf(connections, domain);
      const ensure = async (of: { name: string }, work: () => Promise<void>): Promise<void> => {
        progress?.at(`${of.name} at ${name}`);
        await work();
        progress?.step();
      };
      for (const spec of streams)
        if ((spec.mirror !== undefined) === isMirror)
          await ensure(spec, async () => {
            const hub = name === HUB || isMirror ? null : connectionTo(connections, HUB);
            await ensureStream(manager, spec, options);
            const seen = hub && (await continueBehind(await administered(hub), manager, spec.name));
            if (seen !== null) told.push(wentOn(name, spec.name, seen));
          });
      if (isMirror) continue;
      for (const bucket of buckets)
        await ensure(bucket, () => ensureBucket({ connection, manager }, bucket, options));
    }
  await nameRegions(connectionTo(connections, HUB), options.regions);
  for (const domain of domainsOf(options)) {
    const manager = await managerOf(connections, domain);
    for (const feed of domain.feeds) {
      progress?.at(`${feedConsumer(feed)} of ${feed.stream} at ${placeOf(domain)}`);
      await ensureFeed(manager, feed);
      progress?.step();
    }
  }
  return told;
}

const wentOn = (region: string, stream: string, seen: number): string =>
  `${region}: ${stream} was empty, and goes on behind ${seen}: what it held up to there is in the hub's copy`;

const bucketConfig = (manager: JetStreamManager, { name }: BucketSpec) =>
  streamConfig(manager, bucketStream(name));

type Lowering = Pick<TopologyOptions, "lowersReplicas">;

/** The replicas that something is to have: those that it has, if they are more. */
const replicasOf = (
  planned: number | undefined,
  found: StreamConfig | null,
  { lowersReplicas = false }: Lowering,
): number => Math.max(planned ?? 1, lowersReplicas ? 1 : (found?.num_replicas ?? 1));

/** The plan of a stream that is there, beside what is there. */
async function kept(
  spec: StreamSpec,
  finding: Promise<StreamConfig | null>,
  options: Lowering,
): Promise<[StreamSpec, StreamConfig | null]> {
  const found = await finding;
  return [{ ...spec, num_replicas: replicasOf(spec.num_replicas, found, options) }, found];
}

function bucketDifferences(
  bucket: BucketSpec,
  found: StreamConfig | null,
  options: Lowering,
): string[] {
  const { name } = bucket;
  if (!found) return [`bucket ${name} is missing`];
  const planned = bucketBounds(bucket, found, options);
  const [keepsMs, ttlMs] = [found.max_age, planned.max_age].map(millis);
  return [
    ...(keepsMs === ttlMs ? [] : [`bucket ${name}: TTL is ${keepsMs} ms, planned ${ttlMs} ms`]),
    ...(["allow_direct", "allow_rollup_hdrs", "num_replicas"] as const)
      .filter((option) => (found[option] ?? false) !== planned[option]) // A server leaves out what is false.
      .map((option) => `bucket ${name}: ${option} is ${found[option]}, planned ${planned[option]}`),
  ];
}

/**
 * Nothing of a bucket goes but by its bounds: with the rights to write one key and a header (`Nats-Rollup`), all
 * others could be removed.
 */
const bucketBounds = (
  { ttlMs = 0, replicas }: BucketSpec,
  found: StreamConfig,
  options: Lowering,
) => ({
  num_replicas: replicasOf(replicas, found, options),
  max_age: nanos(ttlMs),
  allow_direct: true,
  allow_rollup_hdrs: false,
});

async function ensureBucket(
  { connection, manager }: { connection: NatsConnection; manager: JetStreamManager },
  bucket: BucketSpec,
  options: Lowering,
): Promise<void> {
  const { ttlMs: ttl = 0, replicas = 1 } = bucket;
  await connection
    .jetstream()
    .views.kv(bucket.name, { history: 1, storage: StorageType.File, ttl, replicas });
  const config = await bucketConfig(manager, bucket);
  if (config && bucketDifferences(bucket, config, options).length > 0)
    await manager.streams.update(config.name, bucketBounds(bucket, config, options));
}

/**
 * Makes the copy of a region's log again, or for the first time after a kill in between, from the region, under the same sequence numbers.
 * @param into the domain that the connection is to.
 * @param partitions of a log that does not say; at the hub they are pushed to its readers.
 */
export async function rebuildCopy(
  connection: NatsConnection,
  region: string,
  into: string,
  partitions: number,
): Promise<void> {
  const manager = await administered(connection);
  const name = telemetryStream(region);
  const found = await streamConfig(manager, name);
  const says = found ?? (await new Streams(connection, { domain: region }).find(name));
  const stages = stagesIn(
    { description: says?.description ?? "", subjects: says?.subjects ?? [] },
    partitions,
  );
  if (found) await manager.streams.delete(name);
  const spec = logMirror(region, into, stages);
  await manager.streams.add({ ...spec, num_replicas: replicasOf(1, found, {}) });
  for (const feed of feedsOfCopy(region, into, stages)) await ensureFeed(manager, feed);
}

/** A consumer that pushes what is new from now on: a reader asks for what is older (client/stream-reader.ts). */
const consumerOf = (feed: Feed): Partial<ConsumerConfig> => ({
  durable_name: feedConsumer(feed),
  deliver_subject: feedSubject(feed),
  filter_subject: feed.subject,
  deliver_policy: DeliverPolicy.New,
  ack_policy: AckPolicy.None,
  flow_control: true,
  idle_heartbeat: nanos(FEED_HEARTBEAT_MS),
});

async function feedDifferences(manager: JetStreamManager, feed: Feed): Promise<string[]> {
  const name = feedConsumer(feed);
  const found = await consumerOrNull(manager.consumers.info(feed.stream, name));
  if (!found && !(await streamConfig(manager, feed.stream))) return []; // Which is said of the stream.
  if (!found) return [`consumer ${name} of ${feed.stream} is missing`];
  const planned = consumerOf(feed);
  return (["deliver_subject", "filter_subject", "ack_policy", "idle_heartbeat"] as const)
    .filter((key) => found.config[key] !== planned[key])
    .map(
      (key) =>
        `consumer ${name} of ${feed.stream}: ${key} is ${found.config[key]}, planned ${planned[key]}`,
    );
}

/** One that differs is made anew: most of a consumer cannot be changed, and it keeps nobody's place. */
export async function ensureFeed(manager: JetStreamManager, feed: Feed): Promise<void> {
  const differences = await feedDifferences(manager, feed);
  if (differences.length === 0) return;
  await consumerOrNull(manager.consumers.delete(feed.stream, feedConsumer(feed)));
  await manager.consumers.add(feed.stream, consumerOf(feed));
}

async function ensureStream(
  manager: JetStreamManager,
  planned: StreamSpec,
  options: Lowering,
): Promise<void> {
  const [spec, found] = await kept(planned, streamConfig(manager, planned.name), options);
  if (!found) return void (await manager.streams.add(spec));
  const { mirror: _mirror, subjects, ...changeable } = spec;
  const grows = isGrowth(spec, found) ? { subjects: subjects! } : {};
  await manager.streams.update(spec.name, { ...changeable, ...grows });
}

/** True of a log that is to have more lanes than it has. */
const isGrowth = ({ description }: StreamSpec, found: StreamConfig): boolean => {
  const planned = parseStages(description);
  const now = parseStages(found.description) ?? [found.subjects?.length ?? 0];
  return planned !== null && found.mirror === undefined && lanesOf(planned) > lanesOf(now);
};

/**
 * The lanes that the logs of regions have had, as they say themselves, else their copies at the hub. A region that has neither is
 * left out: its log is created with so many as are planned.
 */
export async function stagesOf(
  connections: Readonly<Record<string, NatsConnection>>,
  regions: readonly string[],
): Promise<Record<string, Stages>> {
  const found: Record<string, Stages> = {};
  for (const region of regions) {
    const stream = telemetryStream(region);
    const own = await new Streams(connectionTo(connections, region)).find(stream);
    const copy = own ?? (await new Streams(connectionTo(connections, HUB)).find(stream));
    const stages = own ? stagesIn(own, 1) : parseStages(copy?.description);
    if (stages) found[region] = stages;
  }
  return found;
}

/** The bounds of rejects as the hub has them, or the defaults where it has none yet. */
export async function rejectBoundsOf(connection: NatsConnection): Promise<RejectBounds> {
  const manager = await administered(connection);
  const found = await streamConfig(manager, rejectsStream(HUB));
  const { bytesMax, keepMs } = REJECT_BOUNDS_DEFAULT;
  return {
    bytesMax: found && found.max_bytes > 0 ? found.max_bytes : bytesMax,
    keepMs: found && found.max_age > 0 ? millis(found.max_age) : keepMs,
  };
}
