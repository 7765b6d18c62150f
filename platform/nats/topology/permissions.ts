// The rights of every user at every nats-server: a user per kind of process with the least rights it works
// with, and what may cross the WAN between a region and the hub, stream by stream. Pure.
import {
  ACKNOWLEDGEMENTS_BUCKET,
  ALERT_STATE_BUCKET,
  AUDIT_STREAM,
  AUDIT_SUBJECT,
  COMMANDS_STREAM,
  COMMANDS_SUBJECTS,
  CONTRACTS_BUCKET,
  COPIES_BUCKET,
  DEVICES_BUCKET,
  GENERATIONS_BUCKET,
  LEASES_BUCKET,
  LEDGER_BUCKET,
  LIVE_SUBJECTS,
  NOTIFIERS_BUCKET,
  POSITIONS_BUCKET,
  VOLUME_KEYS,
  PRESENCE_BUCKET,
  RULES_BUCKET,
  alertSubjects,
  alertsOfRule,
  alertsStream,
  deadLettersStream,
  liveDigestSubject,
  liveProcesses,
  rejectSubjects,
  reconciledKey,
  rejectsStream,
  repliesStream,
  replaySubject,
  replySubjects,
  retrySetAsideSubject,
  setAsideStream,
  suspectKey,
  telemetryFilter,
  telemetryStream,
} from "../../../contracts/names/subjects.ts";
import {
  BROADCAST_BUCKETS,
  BROADCAST_STREAMS,
  type Crossing,
  crossingsOf,
  leafAccount,
  mirroredStreams,
  reading,
  seenRecords,
  statedRejects,
  writtenStreams,
} from "./crossings.ts";
import { type Feed, feedConsumer, feedFlowControl, feedSubject } from "../client/feeds.ts";
import { hubFeeds, regionFeeds } from "./live-readers.ts";
import type { RegionPairs } from "./pairs.ts";
import { GROUPS } from "../lanes/group-places.ts";
import {
  INBOX,
  ANSWERS,
  readingBuckets,
  INFO,
  positionsOf,
  leasing,
  settingAside,
  watchingSetAside,
  notifying,
} from "./rights.ts";
import { GATEWAY_RULES } from "../../../contracts/messages/alert.ts";
import { FENCE_KEY, GENERATION_KEY } from "../../../contracts/messages/generation.ts";

/** True for the subjects of answers: they stay where the question was asked. */
export const isOfAnswers = (subject: string): boolean => /^_(INBOX|R_)/.test(subject);

export const REGION_USERS = ["admin", "gateway", "alerting", "notifier"] as const;
export const HUB_USERS = [
  "admin",
  "aggregator",
  "steward",
  "notifier",
  "console",
  "operator",
  "viewer",
] as const;
export type NatsUser = (typeof REGION_USERS)[number] | (typeof HUB_USERS)[number];

/** Subjects; a user without any may say and hear everything. */
export interface Permissions {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

/** Hearing what is pushed, and answering its flow control. */
const fed = (feeds: readonly Feed[], user: NatsUser): Permissions => {
  const own = feeds.filter((feed) => feed.user === user);
  return { publish: own.map(feedFlowControl), subscribe: own.map(feedSubject) };
};

/** The rights of users with what is pushed to them. */
const withFeeds = <U extends NatsUser>(
  rights: Readonly<Record<U, Permissions | null>>,
  feeds: readonly Feed[],
): Readonly<Record<U, Permissions | null>> =>
  Object.fromEntries(
    (Object.entries(rights) as [U, Permissions | null][]).map(([user, own]) => {
      const more = fed(feeds, user);
      const all = own && {
        publish: [...new Set([...own.publish, ...more.publish])],
        subscribe: [...own.subscribe, ...more.subscribe],
      };
      return [user, all];
    }),
  ) as Record<U, Permissions | null>;

/** @param copies regions whose log this region has a copy of. */
export function regionPermissions(
  region: string,
  copies: readonly string[],
): Readonly<Record<(typeof REGION_USERS)[number], Permissions | null>> {
  const logs = [region, ...copies].map(telemetryStream);
  const rights = {
    admin: null,
    gateway: {
      publish: [
        INFO,
        liveProcesses({ domain: region, kind: "gateway" }),
        ...(["readings", "topics", "events"] as const).map((kind) =>
          liveDigestSubject(region, kind),
        ),
        telemetryFilter(region),
        rejectSubjects(region),
        replySubjects(region),
        ...settingAside(region),
        // Answers to those who ask it to replay rejects, or what is set aside.
        ANSWERS,
        ...logs.flatMap((stream) => reading(stream)),
        ...[...logs, rejectsStream(region)].map((stream) => `$JS.API.STREAM.PURGE.${stream}`),
        ...GATEWAY_RULES.map((rule) => alertsOfRule(region, rule)),
        ...copies
          .map(telemetryStream)
          .flatMap((stream) => [
            `$JS.API.STREAM.DELETE.${stream}`,
            `$JS.API.STREAM.CREATE.${stream}`,
          ]),
        "$JS.API.STREAM.LIST",
        ...reading(alertsStream(region)),
        ...reading(rejectsStream(region)),
        // Of rejects what was replayed; of the log what stops its copies.
        ...[rejectsStream(region), telemetryStream(region)].map(
          (stream) => `$JS.API.STREAM.MSG.DELETE.${stream}`,
        ),
        ...reading(COMMANDS_STREAM),
        ...reading(repliesStream(region)),
        ...readingBuckets(
          ...[CONTRACTS_BUCKET, DEVICES_BUCKET, COPIES_BUCKET],
          ...[GENERATIONS_BUCKET, POSITIONS_BUCKET, LEASES_BUCKET],
        ),
        // The places of groups that read the log, and which gateway reads for one.
        positionsOf(GROUPS),
        ...leasing,
      ],
      subscribe: [
        INBOX,
        replaySubject(region),
        retrySetAsideSubject({ domain: region, by: "gateway" }),
      ],
    },
    alerting: {
      publish: [
        INFO,
        liveProcesses({ domain: region, kind: "alerting" }),
        alertSubjects(region),
        ...settingAside(region),
        watchingSetAside(region),
        // Answers to those who ask it to handle again what is set aside.
        ANSWERS,
        positionsOf("alerting"),
        ...[ALERT_STATE_BUCKET, PRESENCE_BUCKET].map((bucket) => `$KV.${bucket}.>`),
        ...reading(telemetryStream(region)),
        ...reading(alertsStream(region)),
        ...readingBuckets(
          CONTRACTS_BUCKET,
          RULES_BUCKET,
          ACKNOWLEDGEMENTS_BUCKET,
          // Whether its alerts went back behind the hub's copy of them.
          COPIES_BUCKET,
          GENERATIONS_BUCKET,
          POSITIONS_BUCKET,
          ALERT_STATE_BUCKET,
          PRESENCE_BUCKET,
        ),
      ],
      subscribe: [INBOX, retrySetAsideSubject({ domain: region, by: "alerting" })],
    },
    notifier: {
      publish: notifying(region, [region]),
      subscribe: [INBOX, retrySetAsideSubject({ domain: region, by: "notifier" })],
    },
  };
  return withFeeds(rights, regionFeeds(region));
}

/** Seeing all that the hub has, logs aside. */
const watching = (regions: readonly string[]): string[] => [
  INFO,
  ...regions.map(statedRejects),
  "$JS.API.STREAM.LIST",
  "$JS.API.STREAM.NAMES",
  ...["hub", ...regions].flatMap((domain) => [
    ...reading(alertsStream(domain)),
    ...reading(rejectsStream(domain)),
  ]),
  ...regions.map(repliesStream).flatMap((stream) => reading(stream)),
  ...[COMMANDS_STREAM, AUDIT_STREAM, setAsideStream("hub"), deadLettersStream("hub")].flatMap(
    (stream) => reading(stream),
  ),
  ...readingBuckets(...BROADCAST_BUCKETS, POSITIONS_BUCKET, LEASES_BUCKET, LEDGER_BUCKET),
];

/** Changing what a person changes through the console, and writing down who did. */
const operating = (regions: readonly string[]): string[] => [
  AUDIT_SUBJECT,
  COMMANDS_SUBJECTS,
  ...[
    DEVICES_BUCKET,
    RULES_BUCKET,
    CONTRACTS_BUCKET,
    ACKNOWLEDGEMENTS_BUCKET,
    NOTIFIERS_BUCKET,
  ].map((bucket) => `$KV.${bucket}.>`),
  `$KV.${LEDGER_BUCKET}.acknowledged.>`,
  ...regions.map(replaySubject),
];

/** Another server of the hub takes over a copy that stands: of whatever regions write. */
const takingOverCopies = (regions: readonly string[]): string[] =>
  regions
    .flatMap(mirroredStreams)
    .flatMap((stream) =>
      ["INFO", "LEADER.STEPDOWN"].map((verb) => `$JS.API.STREAM.${verb}.${stream}`),
    );

/** Whether a region's streams went back behind the hub's copies; those of its log and rejects are read anyway. */
const comparing = (region: string): string[] => [
  ...writtenStreams(region),
  ...[alertsStream(region), repliesStream(region)].flatMap((stream) => reading(stream)),
];

export function hubPermissions(
  regions: readonly string[],
): Readonly<Record<(typeof HUB_USERS)[number], Permissions | null>> {
  const logs = regions.map(telemetryStream);
  const rejectStreams = ["hub", ...regions].map(rejectsStream);
  const mirrors = logs.flatMap((stream) => reading(stream));
  const origins = regions.flatMap((region) =>
    reading(telemetryStream(region), `$JS.${region}.API`),
  );
  const seeing = [...watching(regions), ...mirrors, ...origins];
  const subscribe = [INBOX];
  const rights = {
    admin: null,
    aggregator: {
      publish: [
        INFO,
        liveProcesses({ domain: "hub", kind: "aggregator" }),
        rejectSubjects("hub"),
        alertSubjects("hub"),
        ...settingAside("hub"),
        ANSWERS,
        ...reading(alertsStream("hub")),
        positionsOf("aggregator"),
        ...regions.map((region) => `$KV.${POSITIONS_BUCKET}.${suspectKey(region)}`),
        ...leasing,
        ...readingBuckets(CONTRACTS_BUCKET, GENERATIONS_BUCKET, POSITIONS_BUCKET, LEASES_BUCKET),
        ...mirrors,
        ...origins,
      ],
      subscribe: [
        ...subscribe,
        LIVE_SUBJECTS,
        retrySetAsideSubject({ domain: "hub", by: "aggregator" }),
      ],
    },
    steward: {
      publish: [
        INFO,
        liveProcesses({ domain: "hub", kind: "steward" }),
        alertSubjects("hub"),
        watchingSetAside("hub"),
        // The hub's rejects and the copies of the regions'; what is dropped of its own is noted among them.
        rejectSubjects("hub"),
        ...rejectStreams.flatMap((stream) => [
          ...reading(stream),
          `$JS.API.STREAM.PURGE.${stream}`,
        ]),
        `$KV.${COPIES_BUCKET}.>`,
        ...regions.flatMap((region) =>
          [reconciledKey(region), suspectKey(region)].map(
            (key) => `$KV.${POSITIONS_BUCKET}.${key}`,
          ),
        ),
        `$KV.${POSITIONS_BUCKET}.${VOLUME_KEYS}`,
        `$KV.${LEDGER_BUCKET}.base.>`,
        // The fence: the hub's records are held against those that the regions have seen. The level of formats is people's.
        ...[GENERATION_KEY, FENCE_KEY].map((key) => `$KV.${GENERATIONS_BUCKET}.${key}`),
        ...BROADCAST_STREAMS.flatMap((stream) => reading(stream)),
        ...regions.flatMap(seenRecords),
        ...regions.flatMap(comparing),
        ...reading(alertsStream("hub")),
        ...readingBuckets(COPIES_BUCKET, CONTRACTS_BUCKET, POSITIONS_BUCKET, LEDGER_BUCKET),
        ...logs.flatMap((stream) =>
          ["PURGE", "DELETE", "CREATE"].map((verb) => `$JS.API.STREAM.${verb}.${stream}`),
        ),
        ...takingOverCopies(regions),
        // A copy that is made again is pushed to its readers again.
        ...hubFeeds(regions)
          .filter(({ stream }) => logs.includes(stream))
          .flatMap((feed) => {
            const consumer = `${feed.stream}.${feedConsumer(feed)}`;
            return [
              ...["INFO", "DELETE"].map((verb) => `$JS.API.CONSUMER.${verb}.${consumer}`),
              `$JS.API.CONSUMER.CREATE.${consumer}.${feed.subject}`,
            ];
          }),
        ...[...mirrors, ...origins],
      ],
      subscribe: [...subscribe, LIVE_SUBJECTS],
    },
    notifier: {
      publish: notifying("hub", ["hub", ...regions]),
      subscribe: [...subscribe, retrySetAsideSubject({ domain: "hub", by: "notifier" })],
    },
    console: {
      publish: [
        liveProcesses({ domain: "hub", kind: "console" }),
        ...[...seeing, ...operating(regions)],
      ],
      subscribe: [...subscribe, LIVE_SUBJECTS],
    },
    // People at the command line.
    operator: {
      publish: [...seeing, ...operating(regions)],
      subscribe: [...subscribe, LIVE_SUBJECTS],
    },
    viewer: {
      publish: seeing,
      subscribe: [...subscribe, LIVE_SUBJECTS],
    },
  };
  return withFeeds(rights, hubFeeds(regions));
}

/**
 * Rights of a region's leaf connection, as the hub sees it: publish is what the region may send into its account
 * at the hub, subscribe what it may receive. A second line: the account has no other subjects anyway, and
 * nats-server before 2.11 does not check at the hub what a leaf sends.
 */
export function leafPermissions(region: string, pairs: RegionPairs): Permissions {
  const account = leafAccount(region);
  const crossings = crossingsOf(pairs);
  const names = (kind: Crossing["kind"], side: "owner" | "asker"): string[] => [
    ...new Set(
      crossings
        .filter((one) => one.kind === kind && one[side] === account)
        .map(({ subject, over }) => (side === "asker" ? (over ?? subject) : subject)),
    ),
  ];
  return {
    publish: [ANSWERS, ...names("requests", "asker"), ...names("messages", "owner")],
    // Answers to the requests of mirrors.
    subscribe: ["$JSC.R.>", ...names("requests", "owner"), ...names("messages", "asker")],
  };
}
