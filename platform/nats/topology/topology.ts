// The streams and buckets as data, created and reconciled idempotently.
//
// T1. An origin log has max_bytes and discards new, no max_age: full, it refuses; it never forgets.
// T2. A mirror discards old: a full one that discards new skips messages. A mirror of a log has no max_bytes,
//     because it may forget nothing that is not read yet (lanes/trim.ts bounds it); every other
//     stream, mirrors included, has a bound that the server keeps.
// T3. The number of partitions is the number of subjects, fixed when the log is created.
import {
  DiscardPolicy,
  type JetStreamManager,
  type NatsConnection,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
  millis,
  nanos,
} from "nats";
import { COMMANDS_KEPT_MS, REPLIES_KEPT_MS } from "../../../contracts/messages/command.ts";
import {
  ACKNOWLEDGEMENTS_BUCKET,
  ALERT_STATE_BUCKET,
  COMMANDS_STREAM,
  COMMANDS_SUBJECTS,
  CONTRACTS_BUCKET,
  COPIES_BUCKET,
  DEVICES_BUCKET,
  LEASES_BUCKET,
  NOTIFIERS_BUCKET,
  POSITIONS_BUCKET,
  PRESENCE_BUCKET,
  RULES_BUCKET,
  bucketStream,
  deadLetterSubjects,
  deadLettersStream,
  retrySubjects,
  setAsideStream,
  setAsideSubjects,
  alertSubjects,
  alertsStream,
  rejectSubjects,
  rejectsStream,
  repliesStream,
  replySubjects,
  telemetryStream,
  telemetrySubjects,
} from "../../../contracts/names/subjects.ts";
import { streamOrNull } from "../client/errors.ts";
import { LEASE_TTL_MS } from "../lanes/leases.ts";
import { type RegionPairs, copiesIn } from "./pairs.ts";
import type { StreamSpec } from "./spec.ts";
import { streamDifferences } from "./topology-diff.ts";

export const HUB = "hub";
export const PARTITIONS_DEFAULT = 4;
/** Size of the rejects of a region, and age at which they go; see lanes/reject-room.ts. */
export const REJECTS_BYTES_DEFAULT = 1024 ** 3;
export const REJECTS_KEPT_MS_DEFAULT = 30 * 24 * 3_600_000;

/** Dead letters of a domain and those waiting to be sent again, together; the oldest go first. */
const DEAD_LETTERS_KEPT = 10_000;
/** Records that were set aside in one domain; the oldest go first. */
const SET_ASIDE_KEPT = 10_000;
const SET_ASIDE_BYTES_MAX = 256 * 1024 ** 2;
const SET_ASIDE_KEPT_MS = 30 * 24 * 3_600_000;
const ALERTS_KEPT_PER_SUBJECT = 1_000;
/** All alerts of a domain; the oldest go first. */
const ALERTS_BYTES_MAX = 512 * 1024 ** 2;
/** All replies to commands of a region, all commands, all dead letters of a domain. */
const REPLIES_BYTES_MAX = 256 * 1024 ** 2;
const COMMANDS_BYTES_MAX = 256 * 1024 ** 2;
const DEAD_LETTERS_BYTES_MAX = 256 * 1024 ** 2;
/** Replies to one command: a device may report how it gets on. */
const REPLIES_KEPT_PER_SUBJECT = 10;
const DUPLICATE_WINDOW_MS = 120_000;

interface Domain {
  /** JetStream domain: `hub` or a region. */
  readonly name: string;
  readonly streams: readonly StreamSpec[];
  readonly buckets: readonly BucketSpec[];
}

interface BucketSpec {
  readonly name: string;
  /** Age at which an entry is forgotten; without it, never. */
  readonly ttlMs?: number;
}

export interface TopologyOptions extends RegionPairs {
  readonly partitions: number;
  /** Size bound of a region's origin log. */
  readonly logBytesMax: number;
  /** Bounds of the rejects of each domain and of each copy of them; absent: the defaults. */
  readonly rejects?: RejectBounds;
}

export interface RejectBounds {
  readonly bytesMax: number;
  readonly keepMs: number;
}

const REJECT_BOUNDS_DEFAULT: RejectBounds = {
  bytesMax: REJECTS_BYTES_DEFAULT,
  keepMs: REJECTS_KEPT_MS_DEFAULT,
};

const base = (spec: StreamSpec): StreamSpec => ({
  storage: StorageType.File,
  retention: RetentionPolicy.Limits,
  num_replicas: 1,
  ...spec,
});

/** A mirror in `into` of a stream whose origin is the domain `of`; its sequence numbers agree. */
const mirror = (name: string, of: string, into: string): StreamSpec =>
  base({
    name,
    discard: DiscardPolicy.Old,
    mirror: {
      name,
      external: { api: `$JS.${of}.API`, deliver: `dlv.${into}.${name}` },
    },
  });

/** A stream that was made with a bound for each subject loses it. */
const NO_BOUND_PER_SUBJECT = -1;

const rejectBounds = ({ rejects = REJECT_BOUNDS_DEFAULT }: TopologyOptions) => ({
  max_msgs_per_subject: NO_BOUND_PER_SUBJECT,
  max_bytes: rejects.bytesMax,
  max_age: nanos(rejects.keepMs),
});

/** Rejects of a domain: refused by its gateways, or at the hub by InfluxDB. */
const rejects = (domain: string, options: TopologyOptions): StreamSpec =>
  base({
    name: rejectsStream(domain),
    subjects: [rejectSubjects(domain)],
    ...rejectBounds(options),
    discard: DiscardPolicy.Old,
    duplicate_window: nanos(DUPLICATE_WINDOW_MS),
  });

const ALERTS_BOUNDS = {
  max_msgs_per_subject: ALERTS_KEPT_PER_SUBJECT,
  max_bytes: ALERTS_BYTES_MAX,
};

/** Alerts of a domain: of its rules, or those that the hub raises itself. */
const alerts = (domain: string): StreamSpec =>
  base({
    name: alertsStream(domain),
    subjects: [alertSubjects(domain)],
    ...ALERTS_BOUNDS,
    discard: DiscardPolicy.Old,
    duplicate_window: nanos(DUPLICATE_WINDOW_MS),
  });

/** A command is said once; mirrors need bounds of their own, because they hear of no deletion. */
const COMMANDS_BOUNDS = {
  max_msgs_per_subject: 1,
  max_bytes: COMMANDS_BYTES_MAX,
  max_age: nanos(COMMANDS_KEPT_MS),
};
const REPLIES_BOUNDS = {
  max_msgs_per_subject: REPLIES_KEPT_PER_SUBJECT,
  max_bytes: REPLIES_BYTES_MAX,
  max_age: nanos(REPLIES_KEPT_MS),
};

const commands = base({
  name: COMMANDS_STREAM,
  subjects: [COMMANDS_SUBJECTS],
  ...COMMANDS_BOUNDS,
  discard: DiscardPolicy.Old,
  duplicate_window: nanos(DUPLICATE_WINDOW_MS),
});

/** Answers of the devices of a region to commands. */
const replies = (region: string): StreamSpec =>
  base({
    name: repliesStream(region),
    subjects: [replySubjects(region)],
    ...REPLIES_BOUNDS,
    discard: DiscardPolicy.Old,
    duplicate_window: nanos(DUPLICATE_WINDOW_MS),
  });

/** Notifications of a domain's notifier that were given up, and those that are to be sent again. */
const deadLetters = (domain: string): StreamSpec =>
  base({
    name: deadLettersStream(domain),
    subjects: [deadLetterSubjects(domain), retrySubjects(domain)],
    max_msgs: DEAD_LETTERS_KEPT,
    max_bytes: DEAD_LETTERS_BYTES_MAX,
    discard: DiscardPolicy.Old,
    duplicate_window: nanos(DUPLICATE_WINDOW_MS),
  });

/** Records that could not be handled in a domain; each once, however often it is met. */
const setAside = (domain: string): StreamSpec =>
  base({
    name: setAsideStream(domain),
    subjects: [setAsideSubjects(domain)],
    max_msgs_per_subject: 1,
    max_msgs: SET_ASIDE_KEPT,
    max_bytes: SET_ASIDE_BYTES_MAX,
    max_age: nanos(SET_ASIDE_KEPT_MS),
    discard: DiscardPolicy.Old,
    duplicate_window: nanos(DUPLICATE_WINDOW_MS),
  });

/** Streams that a region writes itself. */
export const originStreams = (region: string, options: TopologyOptions): StreamSpec[] => [
  base({
    name: telemetryStream(region),
    subjects: telemetrySubjects(region, options.partitions),
    max_bytes: options.logBytesMax,
    discard: DiscardPolicy.New,
    duplicate_window: nanos(DUPLICATE_WINDOW_MS),
  }),
  alerts(region),
  rejects(region, options),
  replies(region),
  deadLetters(region),
  setAside(region),
];

/** Written at the hub, mirrored into every region. */
const BROADCAST_BUCKETS = [
  CONTRACTS_BUCKET,
  DEVICES_BUCKET,
  RULES_BUCKET,
  ACKNOWLEDGEMENTS_BUCKET,
  NOTIFIERS_BUCKET,
  COPIES_BUCKET,
];
/** Buckets of the operators in a domain. */
const OPERATOR_BUCKETS: readonly BucketSpec[] = [
  { name: POSITIONS_BUCKET },
  { name: LEASES_BUCKET, ttlMs: LEASE_TTL_MS },
];
/** Buckets of a region's alerting engine. */
const ENGINE_BUCKETS: readonly BucketSpec[] = [
  { name: ALERT_STATE_BUCKET },
  { name: PRESENCE_BUCKET },
];

/** A region's read-only copy of a bucket that is written at the hub; bind to it by the same name. */
const bucketMirror = (bucket: string, region: string): StreamSpec => ({
  ...mirror(bucketStream(bucket), HUB, region),
  max_msgs_per_subject: 1,
  allow_rollup_hdrs: true,
  deny_delete: true,
  allow_direct: true,
  mirror_direct: true,
});

/** The streams and buckets of the hub. */
const hubDomain = (options: TopologyOptions): Domain => ({
  name: HUB,
  buckets: [...OPERATOR_BUCKETS, ...BROADCAST_BUCKETS.map((name) => ({ name }))],
  streams: [
    alerts(HUB),
    rejects(HUB, options),
    deadLetters(HUB),
    setAside(HUB),
    commands,
    ...options.regions.flatMap((region) => [
      mirror(telemetryStream(region), region, HUB),
      { ...mirror(alertsStream(region), region, HUB), ...ALERTS_BOUNDS },
      { ...mirror(rejectsStream(region), region, HUB), ...rejectBounds(options) },
      { ...mirror(repliesStream(region), region, HUB), ...REPLIES_BOUNDS },
    ]),
  ],
});

/** The streams and buckets of one region: its own logs, and copies of the other regions'. */
const regionDomain = (region: string, options: TopologyOptions): Domain => ({
  name: region,
  buckets: [...OPERATOR_BUCKETS, ...ENGINE_BUCKETS],
  streams: [
    ...originStreams(region, options),
    ...copiesIn(options, region).map((other) => mirror(telemetryStream(other), other, region)),
    ...BROADCAST_BUCKETS.map((bucket) => bucketMirror(bucket, region)),
    { ...mirror(COMMANDS_STREAM, HUB, region), ...COMMANDS_BOUNDS },
  ],
});

/** Everything that is planned, by JetStream domain. */
export const domainsOf = (options: TopologyOptions): Domain[] => [
  hubDomain(options),
  ...options.regions.map((region) => regionDomain(region, options)),
];

/** The differences between the servers and the plan, a line for each, which names its domain. */
export async function diffTopology(
  connections: Readonly<Record<string, NatsConnection>>,
  options: TopologyOptions,
): Promise<string[]> {
  const lines: string[] = [];
  for (const { name, streams, buckets } of domainsOf(options)) {
    const manager = await connectionTo(connections, name).jetstreamManager();
    for (const spec of streams)
      for (const line of streamDifferences(spec, await streamConfig(manager, spec.name)))
        lines.push(`${name}: ${line}`);
    for (const bucket of buckets)
      for (const line of bucketDifferences(bucket, await bucketConfig(manager, bucket)))
        lines.push(`${name}: ${line}`);
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
 * Creates what is missing and updates what differs; an origin's subjects are never changed (T3).
 * Origins and buckets come first: a mirror whose origin is not there yet waits seconds to try again.
 */
export async function applyTopology(
  connections: Readonly<Record<string, NatsConnection>>,
  options: TopologyOptions,
): Promise<void> {
  for (const isMirror of [false, true])
    for (const { name, streams, buckets } of domainsOf(options)) {
      const connection = connectionTo(connections, name);
      const manager = await connection.jetstreamManager();
      for (const spec of streams)
        if ((spec.mirror !== undefined) === isMirror) await ensureStream(manager, spec);
      if (!isMirror) for (const bucket of buckets) await ensureBucket(connection, manager, bucket);
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
 * Makes the copy of a region's log again, from the region, under the same sequence numbers.
 * @param into the domain that the connection is to.
 */
export async function rebuildCopy(
  connection: NatsConnection,
  region: string,
  into: string,
): Promise<void> {
  const { streams } = await connection.jetstreamManager();
  await streams.delete(telemetryStream(region));
  await streams.add(mirror(telemetryStream(region), region, into));
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
