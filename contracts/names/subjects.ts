// The only place that spells NATS subjects, stream names and bucket names.
import { createHash } from "node:crypto";
import { escapeToken, unescapeToken } from "./token.ts";

export const telemetryStream = (region: string): string => `TELEMETRY_${region}`;
export const alertsStream = (region: string): string => `ALERTS_${region}`;
export const rejectsStream = (region: string): string => `REJECTS_${region}`;
/** Notifications that could not be delivered, in the domain of the notifier: `hub` or a region. */
export const deadLettersStream = (domain: string): string => `DEADLETTERS_${domain}`;

export const repliesStream = (region: string): string => `REPLIES_${region}`;
/** Commands to devices: written at the hub, mirrored into every region. */
export const COMMANDS_STREAM = "COMMANDS";

/** Buckets that operators keep in their own JetStream domain. */
export const POSITIONS_BUCKET = "positions";
/** Who works on which lane; entries expire. */
export const LEASES_BUCKET = "leases";

/** What alerting rules know, lane by lane. */
export const ALERT_STATE_BUCKET = "alert_state";
/** Keys and devices that are known in a lane, and who is connected. */
export const PRESENCE_BUCKET = "presence";

/** Configuration, written only at the hub, readable in every region with the WAN down. */
export const CONTRACTS_BUCKET = "contracts";
export const DEVICES_BUCKET = "devices";
/** Rules of the alerting engines; a key is a rule's id. */
export const RULES_BUCKET = "rules";
/** Which alerts somebody has acknowledged. */
export const ACKNOWLEDGEMENTS_BUCKET = "acknowledgements";
/** How far the hub has each region's log. */
export const COPIES_BUCKET = "copies";
/** Where a region's alerts are notified from; a key is a region. See contracts/messages/notification.ts. */
export const NOTIFIERS_BUCKET = "notifiers";

/** The stream behind a bucket. */
export const bucketStream = (bucket: string): string => `KV_${bucket}`;

export const telemetrySubject = (region: string, partition: number): string =>
  `telemetry.${region}.${partition}`;

export const telemetrySubjects = (region: string, partitions: number): string[] =>
  Array.from({ length: partitions }, (_, partition) => telemetrySubject(region, partition));

/** All lanes of a region. */
export const telemetryFilter = (region: string): string => `telemetry.${region}.*`;

export const alertSubject = (alert: { region: string; rule: string; key: string }): string =>
  `alerts.${alert.region}.${escapeToken(alert.rule)}.${keyToken(alert.key)}`;

/** nats-server takes subjects of a few kilobytes and ends the connection of whoever sends a longer one. */
const KEY_TOKEN_CHARS_MAX = 512;

/** A key as a token; of a very long one its hash, because no alert may stop a lane. */
function keyToken(key: string): string {
  const token = escapeToken(key);
  if (token.length <= KEY_TOKEN_CHARS_MAX) return token;
  return `sha256-${createHash("sha256").update(key).digest("hex")}`;
}

/** Of one rule, whatever the key. */
export const alertsOfRule = (region: string, rule: string): string =>
  `alerts.${region}.${escapeToken(rule)}.*`;

export const alertSubjects = (region: string): string => `alerts.${region}.>`;

export const rejectSubject = (reject: { region: string; reason: string; device: string }): string =>
  `rejects.${reject.region}.${reject.reason}.${escapeToken(reject.device)}`;

export const rejectSubjects = (region: string): string => `rejects.${region}.>`;

/** How many rejects of a region are gone; in the same stream. See contracts/messages/reject.ts. */
export const rejectsDroppedSubject = (region: string): string => `rejects.${region}.dropped`;

/** Reason and device of a subject of rejects; null for {@link rejectsDroppedSubject}. */
export function rejectAddress(subject: string): { reason: string; device: string } | null {
  const [, , reason, device] = subject.split(".");
  return reason === undefined || device === undefined
    ? null
    : { reason, device: unescapeToken(device) };
}

/** The rejects of a region, of one reason, of one device. */
export const rejectFilter = (of: { region: string; reason?: string; device?: string }): string =>
  `rejects.${of.region}.${of.reason ?? "*"}.${of.device === undefined ? "*" : escapeToken(of.device)}`;

export const deadLetterSubject = (of: { domain: string; channel: string; rule: string }): string =>
  `deadletters.${of.domain}.${of.channel}.${escapeToken(of.rule)}`;

export const deadLetterSubjects = (domain: string): string => `deadletters.${domain}.>`;

/** Dead letters that are to be sent again; in the same stream. */
export const retrySubject = (of: { domain: string; channel: string }): string =>
  `retries.${of.domain}.${of.channel}`;

export const retrySubjects = (domain: string): string => `retries.${domain}.*`;

/** Core NATS request/reply in the region: admit a reject again; see contracts/messages/replay.ts. */
export const replaySubject = (region: string): string => `replay.${region}`;

export const COMMANDS_SUBJECTS = "commands.>";

/** Of one command; without a device or an id, of all of them. */
export const commandFilter = (of: { device?: string; id?: string }): string =>
  `commands.${tokenOrAny(of.device)}.${tokenOrAny(of.id)}`;

export const replySubjects = (region: string): string => `replies.${region}.>`;

/** Of the replies to one command; without a device or an id, of all of them. */
export const replyFilter = (of: { region: string; device?: string; id?: string }): string =>
  `replies.${of.region}.${tokenOrAny(of.device)}.${tokenOrAny(of.id)}`;

const tokenOrAny = (text: string | undefined): string =>
  text === undefined ? "*" : escapeToken(text);

/** The position record of one operator for one lane: `{operator}.{region}.{partition}`. */
export const positionKey = (operator: string, lane: LaneId): string =>
  `${escapeToken(operator)}.${lane.region}.${lane.partition}`;

/** What an operator keeps of one lane beside its position; see platform/nats/client/chunked-value.ts. */
export const laneStateKey = (lane: LaneId): string => `${lane.region}.${lane.partition}`;

/** The acknowledgement of the alert of a rule and key. */
export const acknowledgementKey = (of: { region: string; rule: string; key: string }): string =>
  `${of.region}.${escapeToken(of.rule)}.${keyToken(of.key)}`;

/** The last hour of a region that was reconciled. */
export const reconciledKey = (region: string): string => `reconciled.${region}`;

/** Where an operator notes that the copy of a region's log may not be what the region has. */
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
