// The only place that spells NATS subjects, stream names and bucket names.
import { createHash } from "node:crypto";
import { escapeToken, unescapeToken } from "./token.ts";

export const telemetryStream = (region: string): string => `TELEMETRY_${region}`;
export const alertsStream = (region: string): string => `ALERTS_${region}`;
export const rejectsStream = (region: string): string => `REJECTS_${region}`;
/** Notifications that could not be delivered, in the domain of the notifier: `hub` or a region. */
export const deadLettersStream = (domain: string): string => `DEADLETTERS_${domain}`;

/** Records that could not be handled, in the domain of whoever could not. */
export const setAsideStream = (domain: string): string => `SETASIDE_${domain}`;

export const repliesStream = (region: string): string => `REPLIES_${region}`;
/** Commands to devices: written at the hub, mirrored into every region. */
export const COMMANDS_STREAM = "COMMANDS";

/** Buckets that operators keep in their own JetStream domain. */
export const POSITIONS_BUCKET = "positions";
/** The owner of each lane; entries expire. */
export const LEASES_BUCKET = "leases";

/** The state of alerting rules, lane by lane. */
export const ALERT_STATE_BUCKET = "alert_state";
/** Keys and devices that are known in a lane, and who is connected. */
export const PRESENCE_BUCKET = "presence";

/** Configuration, written only at the hub, readable in every region with the WAN down. */
export const CONTRACTS_BUCKET = "contracts";
export const DEVICES_BUCKET = "devices";
/** Rules of the alerting engines; a key is a rule's id. */
export const RULES_BUCKET = "rules";
/** Alerts that somebody has acknowledged. */
export const ACKNOWLEDGEMENTS_BUCKET = "acknowledgements";
/** The sequence up to which the hub has each region's log. */
export const COPIES_BUCKET = "copies";
/** The generation of the hub's records, and the fence around them. See contracts/messages/generation.ts. */
export const GENERATIONS_BUCKET = "generations";
/** Differences in the ledger that are known: bases by the steward, acknowledgements by people. */
export const LEDGER_BUCKET = "ledger";
/** The place that notifies of a region's alerts; a key is a region. See contracts/messages/notification.ts. */
export const NOTIFIERS_BUCKET = "notifiers";

/** Buckets whose records regions act on: they can be signed (platform/nats/signed). */
export const SIGNED_BUCKETS: ReadonlySet<string> = new Set([
  ...[CONTRACTS_BUCKET, DEVICES_BUCKET, RULES_BUCKET],
  ...[ACKNOWLEDGEMENTS_BUCKET, NOTIFIERS_BUCKET],
]);

/**
 * Messages that hold nothing but a sequence number, in a region's stream of alerts, rejects or replies: the stream went
 * back, and goes on behind the hub's copy of it (docs/decisions/0103). No reader is given one.
 */
export const fillerSubject = (stream: string, region: string): string =>
  `${mirroredPrefix(stream)}.${region}.filler`;

export const isFiller = (subject: string): boolean =>
  subject.endsWith(".filler") && /^(alerts|rejects|replies)\.[^.]+\.filler$/.test(subject);

/** The stream behind a bucket. */
export const bucketStream = (bucket: string): string => `KV_${bucket}`;

export const telemetrySubject = (region: string, partition: number): string =>
  `telemetry.${region}.${partition}`;

/** @param first the number of the first of them. */
export const telemetrySubjects = (region: string, partitions: number, first = 0): string[] =>
  Array.from({ length: partitions }, (_, at) => telemetrySubject(region, first + at));

/** The number of the lane that a subject is of. */
export const partitionIn = (subject: string): number => Number(subject.split(".").at(-1));

/** All lanes of a region. */
export const telemetryFilter = (region: string): string => `telemetry.${region}.*`;

/** The first token of the subjects of a stream that a region writes and the hub mirrors. */
export const mirroredPrefix = (stream: string): string =>
  stream.slice(0, stream.indexOf("_")).toLowerCase();

/** The name of an alert of a rule and key; the late one has a name of its own. */
export interface AlertName {
  readonly region: string;
  readonly rule: string;
  readonly key: string;
  readonly late?: true;
}

export const alertSubject = (alert: AlertName): string =>
  `alerts.${alert.region}.${alertTokens(alert)}`;

const alertTokens = ({ rule, key, late }: AlertName): string =>
  `${escapeToken(rule)}.${keyToken(key)}${late ? ".late" : ""}`;

/** nats-server takes subjects of a few kilobytes and ends the connection of whoever sends a longer one. */
const KEY_TOKEN_CHARS_MAX = 512;

/** A key as a token; of a very long one its hash, because no alert may stop a lane, no reject a gateway. */
function keyToken(key: string): string {
  const token = escapeToken(key);
  if (token.length <= KEY_TOKEN_CHARS_MAX) return token;
  return `sha256-${createHash("sha256").update(key).digest("hex")}`;
}

/** The alerts of one rule, whatever the key. */
export const alertsOfRule = (region: string, rule: string): string =>
  `alerts.${region}.${escapeToken(rule)}.*`;

export const alertSubjects = (region: string): string => `alerts.${region}.>`;

/** A reject whose contract nobody knows has an empty one: its token is none of a name. */
export const rejectSubject = (reject: {
  region: string;
  reason: string;
  device: string;
  contract: string | null;
}): string =>
  `rejects.${reject.region}.${reject.reason}.${keyToken(reject.device)}.${escapeToken(reject.contract ?? "")}`;

export const rejectSubjects = (region: string): string => `rejects.${region}.>`;

/** The count of a region's rejects that are gone; in the same stream. See contracts/messages/reject.ts. */
export const rejectsDroppedSubject = (region: string): string => `rejects.${region}.dropped`;

interface RejectAddress {
  readonly reason: string;
  readonly device: string;
  /** Null if nobody knows it. */
  readonly contract: string | null;
}

/** The parts of a subject of rejects; null for {@link rejectsDroppedSubject}. Early ones name no contract. */
export function rejectAddress(subject: string): RejectAddress | null {
  const [, , reason, device, contract = "="] = subject.split(".");
  return reason === undefined || device === undefined
    ? null
    : { reason, device: unescapeToken(device), contract: unescapeToken(contract) || null };
}

/** The rejects of a region, of one reason, of one device, of one contract (null: of those that have none). */
export function rejectFilter(of: {
  region: string;
  reason?: string | undefined;
  device?: string | undefined;
  contract?: string | null | undefined;
}): string {
  const { region, reason = "*", device, contract } = of;
  if (device === undefined && contract === undefined) return `rejects.${region}.${reason}.>`;
  const deviceToken = device === undefined ? "*" : keyToken(device);
  const contractToken = contract === undefined ? "*" : escapeToken(contract ?? "");
  return `rejects.${region}.${reason}.${deviceToken}.${contractToken}`;
}

export const deadLetterSubject = (of: { domain: string; channel: string; rule: string }): string =>
  `deadletters.${of.domain}.${of.channel}.${escapeToken(of.rule)}`;

export const deadLetterSubjects = (domain: string): string => `deadletters.${domain}.>`;

/** Dead letters that are to be sent again; in the same stream. */
export const retrySubject = (of: { domain: string; channel: string }): string =>
  `retries.${of.domain}.${of.channel}`;

export const retrySubjects = (domain: string): string => `retries.${domain}.*`;

/** A record that was set aside; one at a place is one, however often it is met. */
export const setAsideSubject = (of: {
  domain: string;
  by: string;
  kind: string;
  reason: string;
  place: PlaceOfRecord;
}): string => `setaside.${of.domain}.${of.by}.${of.kind}.${of.reason}.${placeToken(of.place)}`;

/** Whatever was the reason: of the record at one place. */
export const setAsideFilter = (of: {
  domain: string;
  by: string;
  kind: string;
  place: PlaceOfRecord;
}): string => `setaside.${of.domain}.${of.by}.${of.kind}.*.${placeToken(of.place)}`;

export const setAsideSubjects = (domain: string): string => `setaside.${domain}.>`;

/** The process, kind and reason in the subject of a record that was set aside. */
export const setAsideGroup = (subject: string): string => subject.split(".").slice(2, 5).join("/");

interface PlaceOfRecord {
  readonly stream: string;
  readonly subject: string;
  readonly seq?: number;
  readonly part?: number | string;
}

const placeToken = ({ stream, subject, seq, part }: PlaceOfRecord): string =>
  createHash("sha256")
    .update(JSON.stringify([stream, subject, seq ?? null, part ?? null]))
    .digest("hex")
    .slice(0, 32);

/** Core NATS request/reply: handle a record again that was set aside. */
export const retrySetAsideSubject = (of: { domain: string; by: string }): string =>
  `retry-setaside.${of.domain}.${of.by}`;

/** Core NATS request/reply in the region: admit a reject again; see contracts/messages/replay.ts. */
export const replaySubject = (region: string): string => `replay.${region}.gateway`;

/**
 * What a leaf node may ask for, so that the hub's questions reach its gateways. nats-server holds a leaf's subscription
 * of a queue against its permissions with the queue's name behind the subject (seen with 2.9.10), so that only a
 * wildcard at the end allows it.
 */
export const replayFilter = (region: string): string => `replay.${region}.*`;

/** Every change that a person made through the console, at the hub. */
export const AUDIT_STREAM = "AUDIT";
export const AUDIT_SUBJECT = "audit.hub";
/**
 * The subjects of the stream. Not the one subject alone: a region may make consumers on what it mirrors, and
 * nats-server lets one deliver into a stream that has exactly its subject.
 */
export const AUDIT_SUBJECTS = "audit.>";

/** The live lane: core NATS, stored nowhere, never behind a backlog; see contracts/messages/live.ts. */
export const LIVE_SUBJECTS = "live.>";

/** The state of a process, about once a second; the domain is `hub` or a region. */
export const liveProcessSubject = (of: {
  domain: string;
  kind: string;
  instance: string;
}): string => `live.${of.domain}.process.${of.kind}.${escapeToken(of.instance)}`;

/**
 * All processes of a domain, or those of one kind. No wildcard stands for a region: of what crosses the WAN
 * nats-server passes on an interest only if it lies within what the region may send, or holds all of that.
 */
export const liveProcesses = (of: { domain: string; kind?: string }): string =>
  `live.${of.domain}.process.${of.kind ?? "*"}.*`;

export type LiveDigestKind = "readings" | "topics" | "events";

/** Digests of what the gateways of a region saw in the last second. */
export const liveDigestSubject = (region: string, kind: LiveDigestKind): string =>
  `live.${region}.${kind}`;

/** Everything live of one domain. */
export const liveSubjects = (domain: string): string => `live.${domain}.>`;

export const COMMANDS_SUBJECTS = "commands.>";

/** The subject of one command; without a device or an id, a filter for all of them. */
export const commandFilter = (of: { device?: string; id?: string }): string =>
  `commands.${tokenOrAny(of.device)}.${tokenOrAny(of.id)}`;

export const replySubjects = (region: string): string => `replies.${region}.>`;

/** The subject of the replies to one command; without a device or an id, a filter for all of them. */
export const replyFilter = (of: { region: string; device?: string; id?: string }): string =>
  `replies.${of.region}.${tokenOrAny(of.device)}.${tokenOrAny(of.id)}`;

const tokenOrAny = (text: string | undefined): string =>
  text === undefined ? "*" : escapeToken(text);

/** The position record of one operator for one lane: `{operator}.{region}.{partition}`, or with `{part}` behind the operator. */
export const positionKey = (operator: string, lane: LaneId, part?: string): string =>
  `${escapeToken(operator)}${part === undefined ? "" : `.${escapeToken(part)}`}.${lane.region}.${lane.partition}`;

/** The key of an operator's state of one lane, beside its position; see platform/nats/client/chunked-value.ts. */
export const laneStateKey = (lane: LaneId): string => `${lane.region}.${lane.partition}`;

/** The acknowledgement of the alert of a rule and key. */
export const acknowledgementKey = (alert: AlertName): string =>
  `${alert.region}.${alertTokens(alert)}`;

/** The known difference between the two counts of a lane; see contracts/messages/ledger.ts. */
export const ledgerBaseKey = (lane: LaneId): string => `base.${lane.region}.${lane.partition}`;

/** The acknowledgements of operators in the ledger of a lane. */
export const ledgerAcknowledgedKey = (lane: LaneId): string =>
  `acknowledged.${lane.region}.${lane.partition}`;

/** The last hour of a region that was reconciled. */
export const reconciledKey = (region: string): string => `reconciled.${region}`;

/** The size of a volume over time, or of the bytes over a link. */
export const volumeKey = (domain: string, name: string): string => `volume.${domain}.${name}`;

/** Keys of all volumes, as a part of a subject. */
export const VOLUME_KEYS = "volume.>";

/** The key under which an operator notes that the copy of a region's log may differ from the region's. */
export const suspectKey = (region: string): string => `suspect.${region}`;

/** The lease of one operator's lane, and what a member of the operator shows that it is alive by. */
export const leaseKey = (operator: string, lane: LaneId): string =>
  `${escapeToken(operator)}.lane.${lane.region}.${lane.partition}`;
export const memberKey = (operator: string, member: string): string =>
  `${escapeToken(operator)}.member.${member}`;

/** A lane: one region × one partition of its log, an ordered slice. */
export interface LaneId {
  readonly region: string;
  readonly partition: number;
}

export const laneName = (lane: LaneId): string => `${lane.region}/${lane.partition}`;
