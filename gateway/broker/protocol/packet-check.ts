// Whether one whole packet of a client is well formed, before any parser sees it (pure).
//
// G1. Every byte is accounted for: lengths add up to the remaining length, nothing is left over or missing.
// G2. What cannot be read is malformed (0x81); what can be read and may not be is a protocol error (0x82).
//     On MQTT 3 both only close the connection (MQTT 3.1.1, 4.8).
import {
  CARRIER,
  type Carrier,
  type PropertyFault,
  binaryEnd,
  checkProperties,
  textEnd,
} from "./property-check.ts";

/** Control packet types (MQTT 5, 2.1.2). */
const TYPE = {
  connect: 1,
  connack: 2,
  publish: 3,
  puback: 4,
  pubrec: 5,
  pubrel: 6,
  pubcomp: 7,
  subscribe: 8,
  suback: 9,
  unsubscribe: 10,
  unsuback: 11,
  pingreq: 12,
  pingresp: 13,
  disconnect: 14,
  auth: 15,
} as const;

/** Types that a connected client may send. */
const FROM_CLIENTS = new Set<number>([
  TYPE.publish,
  TYPE.puback,
  TYPE.pubrec,
  TYPE.pubrel,
  TYPE.pubcomp,
  TYPE.subscribe,
  TYPE.unsubscribe,
  TYPE.pingreq,
  TYPE.disconnect,
]);

export type PacketFault =
  PropertyFault | "client_id_invalid" | "authentication_unsupported" | "version_unsupported";

/** 3 = MQTT 3.1, 4 = MQTT 3.1.1, 5 = MQTT 5. */
export type ProtocolVersion = 3 | 4 | 5;

/**
 * What is wrong with a packet, null if nothing is.
 *
 * @param bytes hold the packet from `start` (its first byte) to `end`.
 * @param body where its variable header begins: behind the remaining length.
 * @param version of the connection; unknown before CONNECT, which says its own.
 */
export function packetFault(
  bytes: Buffer,
  { start, body, end }: { start: number; body: number; end: number },
  version: ProtocolVersion | null,
): PacketFault | null {
  const first = bytes[start]!;
  const type = first >> 4;
  const flags = first & 0x0f;
  if (version === null && type !== TYPE.connect) return "protocol_error"; // [MQTT-3.1.0-1]
  if (type === TYPE.publish) return publishFault(bytes, flags, body, end, version === 5);
  const isModern = version === 5;
  switch (type) {
    case TYPE.connect:
      if (version !== null) return "protocol_error"; // [MQTT-3.1.0-2]
      return flags === 0 ? connectFault(bytes, body, end) : "malformed";
    case TYPE.puback:
    case TYPE.pubrec:
    case TYPE.pubcomp:
      return flags === 0 ? acknowledgementFault(bytes, type, body, end, isModern) : "malformed";
    case TYPE.pubrel: // [MQTT-3.6.1-1]
      return flags === 2 ? acknowledgementFault(bytes, type, body, end, isModern) : "malformed";
    case TYPE.subscribe: // [MQTT-3.8.1-1]
      return flags === 2 ? filtersFault(bytes, body, end, true, isModern) : "malformed";
    case TYPE.unsubscribe: // [MQTT-3.10.1-1]
      return flags === 2 ? filtersFault(bytes, body, end, false, isModern) : "malformed";
    case TYPE.pingreq:
      return flags === 0 && body === end ? null : "malformed";
    case TYPE.disconnect:
      return disconnectFault(bytes, flags, body, end, isModern);
    default:
      return "protocol_error"; // Reserved, a server's, or AUTH, which no CONNECT here has begun.
  }
}

/** A fault that the first byte alone gives away, so that nobody waits for the rest of such a packet. */
export function firstByteFault(first: number, version: ProtocolVersion | null): PacketFault | null {
  const type = first >> 4;
  if (version === null) return type === TYPE.connect ? null : "protocol_error"; // [MQTT-3.1.0-1]
  return FROM_CLIENTS.has(type) ? null : "protocol_error";
}

function publishFault(
  bytes: Buffer,
  flags: number,
  body: number,
  end: number,
  isModern: boolean,
): PacketFault | null {
  const qos = (flags >> 1) & 3;
  if (qos === 3 || (qos === 0 && flags & 8)) return "malformed"; // [MQTT-3.3.1-4], [MQTT-3.3.1-2]
  let at = textEnd(bytes, body, end);
  if (at < 0 || hasWildcard(bytes, body + 2, at)) return "malformed"; // [MQTT-3.3.2-2]
  const isNameless = at === body + 2;
  let fault: PacketFault | null = null;
  if (qos > 0) {
    if (at + 2 > end) return "malformed";
    if (bytes[at] === 0 && bytes[at + 1] === 0) fault = "protocol_error"; // [MQTT-2.2.1-2]
    at += 2;
  }
  if (!isModern) return isNameless ? "malformed" : fault; // [MQTT-4.7.3-1]
  const section = checkProperties(bytes, at, end, CARRIER.publish);
  if (section.fault === "malformed") return "malformed";
  // Without properties there is no topic alias that could stand for the name.
  if (isNameless && section.end === at + 1) return "malformed";
  return section.fault ?? fault;
}

function hasWildcard(bytes: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (bytes[at] === HASH || bytes[at] === PLUS) return true;
  return false;
}

/** Reason codes that a client may send in its acknowledgements (MQTT 5, 3.4.2.1, 3.5.2.1, 3.6.2.1, 3.7.2.1). */
const RECEIPT_CODES = new Set([0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99]);
const RELEASE_CODES = new Set([0x00, 0x92]);

function acknowledgementFault(
  bytes: Buffer,
  type: number,
  body: number,
  end: number,
  isModern: boolean,
): PacketFault | null {
  const length = end - body;
  if (length < 2 || (!isModern && length > 2)) return "malformed";
  let fault: PacketFault | null =
    bytes[body] === 0 && bytes[body + 1] === 0 ? "protocol_error" : null; // [MQTT-2.2.1-2]
  if (length === 2) return fault;
  if (length > 3) {
    const section = checkProperties(bytes, body + 3, end, CARRIER.acknowledgement);
    if (section.fault === "malformed" || section.end !== end) return "malformed";
    fault ??= section.fault;
  }
  const codes = type === TYPE.puback || type === TYPE.pubrec ? RECEIPT_CODES : RELEASE_CODES;
  return codes.has(bytes[body + 2]!) ? fault : "protocol_error";
}

/** SUBSCRIBE (3.8) and UNSUBSCRIBE (3.10): at least one filter, each a text that is not empty. */
function filtersFault(
  bytes: Buffer,
  body: number,
  end: number,
  withOptions: boolean,
  isModern: boolean,
): PacketFault | null {
  if (end - body < 2) return "malformed";
  let fault: PacketFault | null =
    bytes[body] === 0 && bytes[body + 1] === 0 ? "protocol_error" : null; // [MQTT-2.2.1-2]
  let at = body + 2;
  if (isModern) {
    const carrier: Carrier = withOptions ? CARRIER.subscribe : CARRIER.unsubscribe;
    const section = checkProperties(bytes, at, end, carrier);
    if (section.fault === "malformed") return "malformed";
    fault ??= section.fault;
    at = section.end;
  }
  if (at === end) return "malformed"; // [MQTT-3.8.3-2], [MQTT-3.10.3-2]
  while (at < end) {
    const after = textEnd(bytes, at, end);
    if (after < 0 || !isFilter(bytes, at + 2, after)) return "malformed";
    const shared = isSharedFilter(bytes, at + 2, after);
    at = after;
    if (!withOptions) continue;
    if (at >= end || !areOptions(bytes[at]!, isModern)) return "malformed";
    if (shared && bytes[at]! & NO_LOCAL) fault ??= "protocol_error"; // [MQTT-3.8.3-4]
    at += 1;
  }
  return fault;
}

const HASH = 0x23;
const PLUS = 0x2b;
const SLASH = 0x2f;

/** Not empty [MQTT-4.7.3-1], wildcards fill a level [MQTT-4.7.1-2], `#` is the last [MQTT-4.7.1-1]. */
function isFilter(bytes: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at++) {
    const byte = bytes[at];
    if (byte !== HASH && byte !== PLUS) continue;
    if (at > from && bytes[at - 1] !== SLASH) return false;
    if (at + 1 < to && (byte === HASH || bytes[at + 1] !== SLASH)) return false;
  }
  return to > from;
}

const isSharedFilter = (bytes: Buffer, from: number, to: number): boolean =>
  bytes[from] === 0x24 && bytes.toString("latin1", from, Math.min(to, from + 7)) === "$share/";

/** Subscription option No Local (3.8.3.1). */
const NO_LOCAL = 4;

/** Subscription options: QoS below 3, Retain Handling below 3, reserved bits 0 [MQTT-3.8.3-5]. */
const areOptions = (options: number, isModern: boolean): boolean =>
  (options & 3) !== 3 &&
  (isModern ? (options & 0xc0) === 0 && (options & 0x30) !== 0x30 : options < 3);

/** Reason codes that a client may send in DISCONNECT (MQTT 5, 3.14.2.1). */
const FAREWELL_CODES = new Set([
  0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99,
]);

function disconnectFault(
  bytes: Buffer,
  flags: number,
  body: number,
  end: number,
  isModern: boolean,
): PacketFault | null {
  if (flags !== 0) return isModern ? "protocol_error" : "malformed"; // [MQTT-3.14.1-1]
  if (body === end) return null;
  if (!isModern) return "malformed";
  if (end - body > 1) {
    const section = checkProperties(bytes, body + 1, end, CARRIER.disconnect);
    if (section.fault === "malformed" || section.end !== end) return "malformed";
    if (section.fault) return section.fault;
  }
  return FAREWELL_CODES.has(bytes[body]!) ? null : "protocol_error";
}

/** Connect flags (MQTT 5, 3.1.2.3). */
const FLAG = {
  reserved: 1,
  will: 4,
  willQos: 24,
  willRetain: 32,
  password: 64,
  username: 128,
} as const;

/** The version that a CONNECT asks for; null for another packet and for one that is not spoken here. */
export function versionOfConnect(
  bytes: Buffer,
  { start, body, end }: { start: number; body: number; end: number },
): ProtocolVersion | null {
  const nameEnd = binaryEnd(bytes, body, end);
  if (bytes[start]! >> 4 !== TYPE.connect || nameEnd < 0 || nameEnd >= end) return null;
  const level = levelOf(bytes[nameEnd]!);
  return level === 3 || level === 4 || level === 5 ? level : null;
}

/** Mosquitto's bridges say so in the highest bit of the level, before MQTT 5 (its option `try_private`). */
const BRIDGE_BIT = 0x80;

const levelOf = (byte: number): number =>
  byte === (BRIDGE_BIT | 3) || byte === (BRIDGE_BIT | 4) ? byte - BRIDGE_BIT : byte;

function connectFault(bytes: Buffer, body: number, end: number): PacketFault | null {
  const nameEnd = textEnd(bytes, body, end);
  if (nameEnd < 0 || nameEnd + 4 > end) return "malformed";
  const name = bytes.toString("latin1", body + 2, nameEnd);
  if (name !== "MQTT" && name !== "MQIsdp") return "malformed"; // [MQTT-3.1.2-1]
  const level = levelOf(bytes[nameEnd]!);
  if (!(name === "MQTT" ? level === 4 || level === 5 : level === 3)) return "version_unsupported"; // [MQTT-3.1.2-2]
  const isModern = level === 5;
  const flags = bytes[nameEnd + 1]!;
  const problem = connectFlagsFault(flags, isModern);
  if (problem) return problem;
  let at = nameEnd + 4;
  let fault: PacketFault | null = null;
  if (isModern) {
    const section = checkProperties(bytes, at, end, CARRIER.connect);
    if (section.fault === "malformed") return "malformed";
    fault = section.fault ?? (section.authenticates ? "authentication_unsupported" : null);
    at = section.end;
  }
  const idEnd = binaryEnd(bytes, at, end);
  if (idEnd < 0) return "malformed";
  if (textEnd(bytes, at, end) < 0) return isModern ? "client_id_invalid" : "malformed";
  at = idEnd;
  if (flags & FLAG.will) {
    if (isModern) {
      const section = checkProperties(bytes, at, end, CARRIER.will);
      if (section.fault === "malformed") return "malformed";
      fault ??= section.fault;
      at = section.end;
    }
    const topicEnd = textEnd(bytes, at, end);
    if (topicEnd < 0 || topicEnd === at + 2 || hasWildcard(bytes, at + 2, topicEnd))
      return "malformed"; // [MQTT-3.1.3-11]
    at = binaryEnd(bytes, topicEnd, end);
    if (at < 0) return "malformed";
  }
  if (flags & FLAG.username) at = textEnd(bytes, at, end);
  if (at >= 0 && flags & FLAG.password) at = binaryEnd(bytes, at, end);
  return at === end ? fault : "malformed"; // G1
}

/** [MQTT-3.1.2-3], [MQTT-3.1.2-11] to [MQTT-3.1.2-15]; MQTT 3.1.1: [MQTT-3.1.2-22]. */
function connectFlagsFault(flags: number, isModern: boolean): PacketFault | null {
  if (flags & FLAG.reserved) return "malformed";
  if ((flags & FLAG.willQos) === FLAG.willQos) return "malformed";
  if (!(flags & FLAG.will) && flags & (FLAG.willQos | FLAG.willRetain)) return "malformed";
  if (!isModern && flags & FLAG.password && !(flags & FLAG.username)) return "malformed";
  return null;
}
