// What crosses between a region and the hub, as data: from it come the exports and imports of the accounts at the
// hub, and the rights of the leaf connections. Pure.
//
// A region's leaf arrives in an account of its own, which holds nothing. What another account wants of it, and what
// it wants of another, is named here, subject by subject: nothing else is there, whatever a region sends.
//
// A mirror does what its origin says, in the account that it is in: before nats-server 2.14.10 and 2.15.3 a region can have
// it publish what and where it likes there. So the mirrors of a region are in an account with nothing else, and whoever may
// make consumers of a stream (a region, for its mirrors) finds a copy of it in an account with nothing else.
import {
  ACKNOWLEDGEMENTS_BUCKET,
  COMMANDS_STREAM,
  CONTRACTS_BUCKET,
  COPIES_BUCKET,
  DEVICES_BUCKET,
  GENERATIONS_BUCKET,
  NOTIFIERS_BUCKET,
  RULES_BUCKET,
  alertsStream,
  bucketStream,
  liveSubjects,
  rejectsStream,
  repliesStream,
  replayFilter,
  telemetryStream,
} from "../../../contracts/names/subjects.ts";
import { type RegionPairs, copiedBy } from "./pairs.ts";

/** Written at the hub, mirrored into every region. */
export const BROADCAST_BUCKETS = [
  CONTRACTS_BUCKET,
  DEVICES_BUCKET,
  RULES_BUCKET,
  ACKNOWLEDGEMENTS_BUCKET,
  NOTIFIERS_BUCKET,
  COPIES_BUCKET,
  GENERATIONS_BUCKET,
];
/** The streams of the hub that every region has a copy of. */
export const BROADCAST_STREAMS = [...BROADCAST_BUCKETS.map(bucketStream), COMMANDS_STREAM];

/** The account of a server's own streams: of a region's, and at the hub of what is written there. */
export const HUB_ACCOUNT = "APP";
/** The account at the hub where the leaf of a region arrives. */
export const leafAccount = (region: string): string => `LEAF_${region}`;
/** The account at the hub with the mirrors of what a region writes. */
export const inAccount = (region: string): string => `IN_${region}`;
/** The account at the hub with copies of what a region may mirror. It makes consumers there, and harms itself at most. */
export const outAccount = (region: string): string => `OUT_${region}`;

/** The administrator in such an account: taking a stream into one (`STREAM.RESTORE`) goes through no import (2.9.10, 2.15.3). */
export const adminOf = (account: string): string => `admin-${account}`;

/** The JetStream of another account at the hub, as the administrator names it. */
export const apiOfAccount = (account: string): string => `$JS.${account}.API`;
/** The records of the hub as an account of copies names them: its own streams have the same names. */
export const RECORDS_API = "hub.API";

/** Requests that `asker` may make of `owner`, or messages that `asker` may hear of `owner`. Names of accounts. */
export interface Crossing {
  readonly kind: "requests" | "messages";
  readonly owner: string;
  readonly asker: string;
  /** The name in the account of the owner. */
  readonly subject: string;
  /** Its name in the account of the asker, where that is another one. */
  readonly as?: string;
  /** On the link, where it has another name there: nats-server takes the hub's domain out of what arrives. */
  readonly over?: string;
  /** True where one request has many answers. */
  readonly many?: boolean;
}

/** Written in a region, mirrored at the hub. */
export const mirroredStreams = (region: string): string[] =>
  [telemetryStream, alertsStream, rejectsStream, repliesStream].map((stream) => stream(region));

/**
 * Reading a stream: its state, and single messages. Without consumers: whoever may make one may have what it reads
 * delivered to any subject of the stream's account. @param api its JetStream API.
 */
export const reading = (stream: string, api = "$JS.API"): string[] => [
  `${api}.STREAM.INFO.${stream}`,
  `${api}.STREAM.MSG.GET.${stream}`,
  `${api}.DIRECT.GET.${stream}`,
];

/** The state of a region's rejects: a copy hears nothing of those that were replayed and taken out. */
export const statedRejects = (region: string): string =>
  `$JS.${region}.API.STREAM.INFO.${rejectsStream(region)}`;

/** Reading what a region has written besides its log: whether it went back behind the hub's copy. */
export const writtenStreams = (region: string): string[] =>
  [alertsStream, rejectsStream, repliesStream].flatMap((of) =>
    reading(of(region), `$JS.${region}.API`),
  );

/** Reading the copies that a region has of the hub's records. */
export const seenRecords = (region: string): string[] =>
  BROADCAST_STREAMS.flatMap((stream) => reading(stream, `$JS.${region}.API`));

interface Mirrored {
  readonly stream: string;
  readonly owner: string;
  readonly asker: string;
  /** The JetStream API of the origin in the owner's account, and where they differ in the asker's and on its link. */
  readonly api: string;
  readonly as?: string;
  readonly over?: string;
  /** The domain of the mirror. */
  readonly into: string;
}

/**
 * The subjects of one mirror: making its consumer, its deliveries, and its flow control. Without the last it stands
 * once 64 MB are on their way.
 */
function mirrored({ stream, owner, asker, api, as, over, into }: Mirrored): Crossing[] {
  const create = ["", ".>"].map((rest) => `CONSUMER.CREATE.${stream}${rest}`);
  return [
    ...create.map((subject): Crossing => ({
      ...{ kind: "requests", owner, asker, subject: `${api}.${subject}` },
      ...(as === undefined ? {} : { as: `${as}.${subject}` }),
      ...(over === undefined ? {} : { over: `${over}.${subject}` }),
    })),
    { kind: "requests", owner, asker, subject: `$JS.FC.${stream}.>` },
    { kind: "messages", owner, asker, subject: `dlv.${into}.${stream}.>` },
  ];
}

/** The subject that the pieces of a stream are delivered to while it is read as bytes. */
export const snapshotSubject = (stream: string): string => `snapshot.${stream}`;

/** Names the account of copies for a region where a mirror's deliveries go. */
export const relayName = (region: string): string => `out_${region}`;

/** The account at the hub that holds a stream. */
export function accountOfStream(stream: string, regions: readonly string[]): string {
  const region = regions.find((one) => mirroredStreams(one).includes(stream));
  return region === undefined ? HUB_ACCOUNT : inAccount(region);
}

const ofRegion = (region: string, pairs: RegionPairs): Crossing[] => {
  const owner = leafAccount(region);
  const out = outAccount(region);
  const api = `$JS.${region}.API`;
  const fromHub = { kind: "requests", owner, asker: HUB_ACCOUNT } as const;
  const log = telemetryStream(region);
  return [
    ...BROADCAST_STREAMS.flatMap((stream) => [
      ...mirrored({
        ...{ stream, owner: HUB_ACCOUNT, asker: out, into: relayName(region) },
        ...{ api: "$JS.API", as: RECORDS_API },
      }),
      ...mirrored({
        ...{ stream, owner: out, asker: owner, into: region },
        ...{ api: "$JS.API", over: "$JS.hub.API" },
      }),
    ]),
    ...mirroredStreams(region).flatMap((stream) =>
      mirrored({ stream, owner, asker: inAccount(region), api, into: "hub" }),
    ),
    ...copiedBy(pairs, region).flatMap((into) =>
      mirrored({ stream: log, owner, asker: leafAccount(into), api, into }),
    ),
    // Lanes read what the hub's copy lacks from the region itself.
    ...reading(log, api).map((subject): Crossing => ({ ...fromHub, subject })),
    // The state of rejects, for what was replayed, and whether one of these went back behind the hub's copy.
    ...writtenStreams(region).map((subject): Crossing => ({ ...fromHub, subject })),
    // Whether the region has seen more of the hub's records than the hub has: see history/divergence.ts.
    ...seenRecords(region).map((subject): Crossing => ({ ...fromHub, subject })),
    // The console asks gateways to admit rejects again, and which were.
    { ...fromHub, subject: replayFilter(region) },
    { kind: "messages", owner, asker: HUB_ACCOUNT, subject: liveSubjects(region) },
    ...administered(region),
  ];
};

/**
 * What the administrator asks of an account of copies. Not to make consumers: the account asks that of the hub's own itself, and
 * nats-server takes it for a circle.
 */
const OF_COPIES = [
  ...["INFO", "STREAM.>"],
  ...["NAMES", "LIST", "INFO", "DELETE"].map((verb) => `CONSUMER.${verb}.>`),
];

/** The streams of the other accounts, for the administrator. */
const administered = (region: string): Crossing[] => {
  const asker = HUB_ACCOUNT;
  const api = (owner: string, requests: readonly string[]): Crossing[] =>
    requests.map((request) => ({
      ...{ kind: "requests", owner, asker, subject: `$JS.API.${request}`, many: true },
      as: `${apiOfAccount(owner)}.${request}`,
    }));
  const apis = [...api(inAccount(region), [">"]), ...api(outAccount(region), OF_COPIES)];
  const owner = inAccount(region);
  // Streams as bytes: a region that is restored from its mirrors.
  const snapshots = mirroredStreams(region).flatMap((stream): Crossing[] => [
    { kind: "requests", owner, asker, subject: `$JS.SNAPSHOT.ACK.${stream}.>` },
    { kind: "messages", owner, asker, subject: `${snapshotSubject(stream)}.>` },
  ]);
  return [...apis, ...snapshots];
};

/** Everything that crosses. */
export const crossingsOf = (pairs: RegionPairs): Crossing[] =>
  pairs.regions.flatMap((region) => ofRegion(region, pairs));
