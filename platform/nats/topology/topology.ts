// The streams and buckets as data. apply-topology.ts creates them.
//
// T1. An origin log has max_bytes and discards new, no max_age: full, it refuses; it never forgets.
// T2. A mirror discards old: a full one that discards new skips messages. A mirror of a log has no max_bytes,
//     because it may forget nothing that is not read yet (lanes/trim.ts bounds it); every other
//     stream, mirrors included, has a bound that the server keeps. A bucket keeps one entry of each key, and
//     its keys are those of things that are there: lanes, devices, rules.
// T3. A region's log has a subject for each present lane, and its description names the lanes that it has had: the
//     two are changed at once, so what is written to a lane that has ended is stored nowhere (docs/decisions/0081).
import { DiscardPolicy, RetentionPolicy, StorageType, nanos } from "nats";
import { COMMANDS_KEPT_MS, REPLIES_KEPT_MS } from "../../../contracts/messages/command.ts";
import { type Stages, stagesText, presentLanes } from "../../../contracts/names/lane-stages.ts";
import {
  ALERT_STATE_BUCKET,
  AUDIT_STREAM,
  AUDIT_SUBJECTS,
  COMMANDS_STREAM,
  COMMANDS_SUBJECTS,
  LEASES_BUCKET,
  LEDGER_BUCKET,
  POSITIONS_BUCKET,
  PRESENCE_BUCKET,
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
import type { Feed } from "../client/feeds.ts";
import { LEASE_TTL_MS } from "../lanes/leases.ts";
import {
  BROADCAST_BUCKETS,
  HUB_ACCOUNT,
  RECORDS_API,
  accountOfStream,
  inAccount,
  outAccount,
  relayName,
} from "./crossings.ts";
import { hubFeeds, regionFeeds } from "./live-readers.ts";
import { type RegionPairs, copiesIn } from "./pairs.ts";
import type { StreamSpec } from "./spec.ts";

export const HUB = "hub";
export const PARTITIONS_DEFAULT = 1;
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
/** Changes made through the console; the oldest go first. */
const AUDIT_BYTES_MAX = 64 * 1024 ** 2;
const AUDIT_KEPT_MS = 400 * 24 * 3_600_000;
/** Replies to one command: a device may report how it gets on. */
const REPLIES_KEPT_PER_SUBJECT = 10;
const DUPLICATE_WINDOW_MS = 120_000;

/** The streams of one account of one nats-server. */
export interface Domain {
  /** The nats-server, and its JetStream domain: `hub` or a region. */
  readonly name: string;
  /** The account there (crossings.ts). */
  readonly account: string;
  readonly streams: readonly StreamSpec[];
  readonly buckets: readonly BucketSpec[];
  /** Consumers that push what is new to its readers. */
  readonly feeds: readonly Feed[];
}

/** Copies that a cluster keeps of each stream and bucket. */
export type Replicas = 1 | 3;

export interface BucketSpec {
  readonly name: string;
  /** Age at which an entry is forgotten; without it, never. */
  readonly ttlMs?: number;
  readonly replicas?: Replicas;
}

export interface TopologyOptions extends RegionPairs {
  /** The number that a log is created with. */
  readonly partitions: number;
  /** The lanes that logs have had, by region; absent for one that is created. */
  readonly stages?: Readonly<Record<string, Stages>>;
  /** Size bound of a region's origin log. */
  readonly logBytesMax: number;
  /** Replicas by nats-server; absent: one. What runs with more keeps them, unless `lowersReplicas`. */
  readonly replicas?: Readonly<Record<string, Replicas>>;
  readonly lowersReplicas?: boolean;
  /** Bounds of the rejects of each domain and of each copy of them; absent: the defaults. */
  readonly rejects?: RejectBounds;
}

export interface RejectBounds {
  readonly bytesMax: number;
  readonly keepMs: number;
}

export const REJECT_BOUNDS_DEFAULT: RejectBounds = {
  bytesMax: REJECTS_BYTES_DEFAULT,
  keepMs: REJECTS_KEPT_MS_DEFAULT,
};

const base = (spec: StreamSpec): StreamSpec => ({
  storage: StorageType.File,
  retention: RetentionPolicy.Limits,
  num_replicas: 1,
  // Readers ask for messages by sequence (client/stored-range.ts).
  allow_direct: true,
  ...spec,
});

/** A mirror of the stream that is reached by a JetStream API, delivered to `into`; its sequence numbers agree. */
const mirrorBy = (api: string, name: string, into: string): StreamSpec =>
  base({
    name,
    discard: DiscardPolicy.Old,
    mirror: { name, external: { api, deliver: `dlv.${into}.${name}` } },
  });

/** A mirror in `into` of a stream whose origin is the domain `of`. */
export const mirror = (name: string, of: string, into: string): StreamSpec =>
  mirrorBy(`$JS.${of}.API`, name, into);

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

/** Changes that people made through the console. */
const audit = base({
  name: AUDIT_STREAM,
  subjects: [AUDIT_SUBJECTS],
  max_bytes: AUDIT_BYTES_MAX,
  max_age: nanos(AUDIT_KEPT_MS),
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

const stagesIn = ({ stages, partitions }: LaneOptions, region: string): Stages =>
  stages?.[region] ?? [partitions];

/** A region's log. */
export function originLog(region: string, options: TopologyOptions): StreamSpec {
  const stages = stagesIn(options, region);
  const { first, count } = presentLanes(stages);
  return base({
    name: telemetryStream(region),
    description: stagesText(stages),
    subjects: telemetrySubjects(region, count, first),
    max_bytes: options.logBytesMax,
    discard: DiscardPolicy.New,
    duplicate_window: nanos(DUPLICATE_WINDOW_MS),
  });
}

/** A copy in `into` of a region's log. */
export const logMirror = (region: string, into: string, stages: Stages): StreamSpec => ({
  ...mirror(telemetryStream(region), region, into),
  description: stagesText(stages),
});

/** Streams that a region writes itself. */
export const originStreams = (region: string, options: TopologyOptions): StreamSpec[] => [
  originLog(region, options),
  alerts(region),
  rejects(region, options),
  replies(region),
  deadLetters(region),
  setAside(region),
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

/** Bounds of a read-only copy of a bucket that is written at the hub; bind to it by the same name. */
const BUCKET_BOUNDS = {
  max_msgs_per_subject: 1,
  allow_rollup_hdrs: true,
  deny_delete: true,
  mirror_direct: true,
};

/** Copies of what is written at the hub for every region. @param api by which their origins are reached. */
const recordMirrors = (api: string, into: string): StreamSpec[] => [
  ...BROADCAST_BUCKETS.map((bucket) => ({
    ...mirrorBy(api, bucketStream(bucket), into),
    ...BUCKET_BOUNDS,
  })),
  { ...mirrorBy(api, COMMANDS_STREAM, into), ...COMMANDS_BOUNDS },
];

/** A region's copies of what is written at the hub. */
export const broadcastMirrors = (region: string): StreamSpec[] =>
  recordMirrors(`$JS.${HUB}.API`, region);

/** The hub's copies of its own records, from which a region takes its own. */
export const recordRelays = (region: string): StreamSpec[] =>
  recordMirrors(RECORDS_API, relayName(region));

/** The feeds of a copy that was made again. @param into the domain of the copy: in a region nobody reads it live. */
export const feedsOfCopy = (region: string, into: string, stages: Stages): Feed[] =>
  into === HUB
    ? ofLanes(hubFeeds([region]), {
        regions: [region],
        partitions: 0,
        stages: { [region]: stages },
      }).filter(({ stream }) => stream === telemetryStream(region))
    : [];

type LaneOptions = Pick<TopologyOptions, "partitions" | "stages">;

/** Those of present lanes: nothing more is pushed of others, and a region's server refuses it. */
const ofLanes = (
  feeds: readonly Feed[],
  options: LaneOptions & Pick<TopologyOptions, "regions">,
): Feed[] => {
  const { regions } = options;
  const lanes = new Set(
    regions.flatMap((region) => {
      const { first, count } = presentLanes(stagesIn(options, region));
      return telemetrySubjects(region, count, first);
    }),
  );
  const logs = new Set(regions.map(telemetryStream));
  return feeds.filter(({ stream, subject }) => !logs.has(stream) || lanes.has(subject));
};

/** The accounts of the hub: what is written there, and of each region what it writes and what it may mirror. */
function hubDomains(options: TopologyOptions): Domain[] {
  const { regions } = options;
  const feeds = ofLanes(hubFeeds(regions), options);
  const feedsIn = (account: string): Feed[] =>
    feeds.filter(({ stream }) => accountOfStream(stream, regions) === account);
  const records: Domain = {
    ...{ name: HUB, account: HUB_ACCOUNT, feeds: feedsIn(HUB_ACCOUNT) },
    buckets: [
      ...OPERATOR_BUCKETS,
      { name: LEDGER_BUCKET },
      ...BROADCAST_BUCKETS.map((name) => ({ name })),
    ],
    streams: [
      ...[alerts(HUB), rejects(HUB, options), deadLetters(HUB), setAside(HUB)],
      ...[commands, audit],
    ],
  };
  const mirrors = (region: string): Domain => ({
    ...{ name: HUB, account: inAccount(region), feeds: feedsIn(inAccount(region)), buckets: [] },
    streams: [
      logMirror(region, HUB, stagesIn(options, region)),
      { ...mirror(alertsStream(region), region, HUB), ...ALERTS_BOUNDS },
      { ...mirror(rejectsStream(region), region, HUB), ...rejectBounds(options) },
      { ...mirror(repliesStream(region), region, HUB), ...REPLIES_BOUNDS },
    ],
  });
  const relays = (region: string): Domain => ({
    ...{ name: HUB, account: outAccount(region), feeds: [], buckets: [] },
    streams: recordRelays(region),
  });
  return [records, ...regions.flatMap((region) => [mirrors(region), relays(region)])];
}

/** The streams and buckets of one region: its own logs, and copies of the other regions'. */
const regionDomain = (region: string, options: TopologyOptions): Domain => ({
  name: region,
  account: HUB_ACCOUNT,
  feeds: ofLanes(regionFeeds(region), options),
  buckets: [...OPERATOR_BUCKETS, ...ENGINE_BUCKETS],
  streams: [
    ...originStreams(region, options),
    ...copiesIn(options, region).map((other) => logMirror(other, region, stagesIn(options, other))),
    ...broadcastMirrors(region),
  ],
});

/** Everything that is planned, by nats-server and account. */
export const domainsOf = (options: TopologyOptions): Domain[] =>
  [...hubDomains(options), ...options.regions.map((region) => regionDomain(region, options))].map(
    (domain) => replicated(domain, options.replicas?.[domain.name] ?? 1),
  );

const replicated = (domain: Domain, replicas: Replicas): Domain => ({
  ...domain,
  streams: domain.streams.map((spec) => ({ ...spec, num_replicas: replicas })),
  buckets: domain.buckets.map((bucket) => ({ ...bucket, replicas })),
});
