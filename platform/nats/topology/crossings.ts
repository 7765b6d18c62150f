// What crosses between a region and the hub, as data: from it come the exports and imports of the accounts at the
// hub, and the rights of the leaf connections. Pure.
//
// A region's leaf arrives in an account of its own, which holds nothing. What another account wants of it, and what
// it wants of another, is named here, subject by subject: nothing else is there, whatever a region sends.
import {
  alertsStream,
  liveSubjects,
  rejectsStream,
  repliesStream,
  replayFilter,
  telemetryStream,
} from "../../../contracts/names/subjects.ts";
import { type RegionPairs, copiedBy } from "./pairs.ts";
import { BROADCAST_STREAMS } from "./topology.ts";

/** The account of the hub's own processes and streams; that of a region is named by `leafAccount`. */
export const HUB_ACCOUNT = "APP";
export const leafAccount = (region: string): string => `LEAF_${region}`;

/** Requests that `asker` may make of `owner`, or messages that `asker` may hear of `owner`. Names of accounts. */
export interface Crossing {
  readonly kind: "requests" | "messages";
  readonly owner: string;
  readonly asker: string;
  /** The name in the account of the owner. */
  readonly subject: string;
  /** On the link, where it has another name there: nats-server takes the hub's domain out of what arrives. */
  readonly over?: string;
  /** True where one request has many answers. */
  readonly many?: boolean;
}

/** Written in a region, mirrored at the hub. */
const ownStreams = (region: string): string[] =>
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

/** Reading the copies that a region has of the hub's records. */
export const seenRecords = (region: string): string[] =>
  BROADCAST_STREAMS.flatMap((stream) => reading(stream, `$JS.${region}.API`));

interface Mirrored {
  readonly stream: string;
  readonly owner: string;
  readonly asker: string;
  /** The JetStream API of the origin in the owner's account, and on the link of the asker. */
  readonly api: string;
  readonly over: string;
  /** The domain of the mirror. */
  readonly into: string;
}

/**
 * The subjects of one mirror: making its consumer, its deliveries, and its flow control. Without the last it stands
 * once 64 MB are on their way.
 */
function mirrored({ stream, owner, asker, api, over, into }: Mirrored): Crossing[] {
  const create = ["", ".>"].map((rest) => `CONSUMER.CREATE.${stream}${rest}`);
  return [
    ...create.map((subject): Crossing => {
      return {
        kind: "requests",
        owner,
        asker,
        subject: `${api}.${subject}`,
        over: `${over}.${subject}`,
      };
    }),
    { kind: "requests", owner, asker, subject: `$JS.FC.${stream}.>` },
    { kind: "messages", owner, asker, subject: `dlv.${into}.${stream}.>` },
  ];
}

const ofRegion = (region: string, pairs: RegionPairs): Crossing[] => {
  const owner = leafAccount(region);
  const api = `$JS.${region}.API`;
  const fromHub = { kind: "requests", owner, asker: HUB_ACCOUNT } as const;
  const log = telemetryStream(region);
  return [
    ...BROADCAST_STREAMS.flatMap((stream) =>
      mirrored({
        ...{ stream, owner: HUB_ACCOUNT, asker: owner, into: region },
        ...{ api: "$JS.API", over: "$JS.hub.API" },
      }),
    ),
    ...ownStreams(region).flatMap((stream) =>
      mirrored({ stream, owner, asker: HUB_ACCOUNT, api, over: api, into: "hub" }),
    ),
    ...copiedBy(pairs, region).flatMap((into) =>
      mirrored({ stream: log, owner, asker: leafAccount(into), api, over: api, into }),
    ),
    // Lanes read what the hub's copy lacks from the region itself.
    ...reading(log, api).map((subject): Crossing => ({ ...fromHub, subject })),
    { ...fromHub, subject: statedRejects(region) },
    // Whether the region has seen more of the hub's records than the hub has: see history/divergence.ts.
    ...seenRecords(region).map((subject): Crossing => ({ ...fromHub, subject })),
    // The console asks gateways to admit rejects again, and which were.
    { ...fromHub, subject: replayFilter(region) },
    { kind: "messages", owner, asker: HUB_ACCOUNT, subject: liveSubjects(region) },
  ];
};

/** Everything that crosses. */
export const crossingsOf = (pairs: RegionPairs): Crossing[] =>
  pairs.regions.flatMap((region) => ofRegion(region, pairs));
