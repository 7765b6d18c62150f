// The properties of MQTT 5 in the bytes of a packet (pure): which packet may carry which, how often, and
// with which values (MQTT 5, 2.2.2.2 and the section of each packet).
import { isText } from "./text.ts";

/** Packets, and the will, that carry properties, as bits: a property belongs to several. */
export const CARRIER = {
  connect: 1,
  will: 2,
  publish: 4,
  acknowledgement: 8,
  subscribe: 16,
  unsubscribe: 32,
  disconnect: 64,
} as const;
export type Carrier = (typeof CARRIER)[keyof typeof CARRIER];

export type PropertyFault = "malformed" | "protocol_error";

type Type = "byte" | "two" | "four" | "varint" | "text" | "binary" | "pair";

interface Property {
  readonly type: Type;
  /** Bits of `CARRIER`; 0: only servers send it. */
  readonly carriers: number;
  /** Values of a number that are no protocol error. */
  readonly allowed?: (value: number) => boolean;
}

const flag = (value: number): boolean => value <= 1;
const notZero = (value: number): boolean => value !== 0;
const { connect, will, publish, acknowledgement, subscribe, unsubscribe, disconnect } = CARRIER;
const everywhere =
  connect | will | publish | acknowledgement | subscribe | unsubscribe | disconnect;

const USER_PROPERTY = 0x26;
export const AUTHENTICATION_METHOD = 0x15;
const AUTHENTICATION_DATA = 0x16;
const RESPONSE_TOPIC = 0x08;

const PROPERTIES: readonly (Property | undefined)[] = (() => {
  const table: (Property | undefined)[] = [];
  const add = (id: number, type: Type, carriers: number, allowed?: Property["allowed"]): void => {
    table[id] = allowed ? { type, carriers, allowed } : { type, carriers };
  };
  add(0x01, "byte", publish | will, flag); // Payload Format Indicator
  add(0x02, "four", publish | will); // Message Expiry Interval
  add(0x03, "text", publish | will); // Content Type
  add(RESPONSE_TOPIC, "text", publish | will);
  add(0x09, "binary", publish | will); // Correlation Data
  add(0x0b, "varint", subscribe, notZero); // Subscription Identifier
  add(0x11, "four", connect | disconnect); // Session Expiry Interval
  add(0x12, "text", 0); // Assigned Client Identifier
  add(0x13, "two", 0); // Server Keep Alive
  add(AUTHENTICATION_METHOD, "text", connect);
  add(AUTHENTICATION_DATA, "binary", connect);
  add(0x17, "byte", connect, flag); // Request Problem Information
  add(0x18, "four", will); // Will Delay Interval
  add(0x19, "byte", connect, flag); // Request Response Information
  add(0x1a, "text", 0); // Response Information
  // Server Reference is a server's to send (3.14.2.2.5); one that a client sends is ignored.
  add(0x1c, "text", disconnect);
  add(0x1f, "text", acknowledgement | disconnect); // Reason String
  add(0x21, "two", connect, notZero); // Receive Maximum
  add(0x22, "two", connect); // Topic Alias Maximum
  add(0x23, "two", publish); // Topic Alias: 0 is refused with a code of its own (publish-rules.ts)
  add(0x24, "byte", 0); // Maximum QoS
  add(0x25, "byte", 0); // Retain Available
  add(USER_PROPERTY, "pair", everywhere);
  add(0x27, "four", connect, notZero); // Maximum Packet Size
  add(0x28, "byte", 0); // Wildcard Subscription Available
  add(0x29, "byte", 0); // Subscription Identifier Available
  add(0x2a, "byte", 0); // Shared Subscription Available
  return table;
})();

export interface PropertySection {
  /** The end of the section; what follows it in the packet begins there. */
  readonly end: number;
  readonly fault: PropertyFault | null;
  /** True when it names an authentication method. */
  readonly authenticates: boolean;
}

const malformed = (end: number): PropertySection => ({
  end,
  fault: "malformed",
  authenticates: false,
});
const NONE_AT = new Map<number, PropertySection>();

/** An empty section, made once for each place where one ends. */
function emptyAt(end: number): PropertySection {
  let found = NONE_AT.get(end);
  if (!found) {
    found = { end, fault: null, authenticates: false };
    if (NONE_AT.size < 1024) NONE_AT.set(end, found);
  }
  return found;
}

/**
 * Checks the property section at `at` of a packet that ends at `end`. What cannot be read is malformed, and
 * so is a property in the wrong packet (MQTT 5, 2.2.2.2); one that comes twice, or with a value that it may
 * not have, is a protocol error.
 */
export function checkProperties(
  bytes: Buffer,
  at: number,
  end: number,
  carrier: Carrier,
): PropertySection {
  const length = varintAt(bytes, at, end);
  if (length < 0) return malformed(end);
  let next = at + varintBytes(length);
  const sectionEnd = next + length;
  if (sectionEnd > end) return malformed(end);
  if (length === 0) return emptyAt(sectionEnd);
  let isViolated = false;
  let isMisplaced = false;
  const seen = new Set<number>();
  while (next < sectionEnd) {
    const id = bytes[next]!;
    const property = PROPERTIES[id];
    if (!property) return malformed(sectionEnd);
    next += 1;
    const after = valueEnd(bytes, next, sectionEnd, property.type);
    if (after < 0) return malformed(sectionEnd);
    if ((property.carriers & carrier) === 0) isMisplaced = true;
    if (seen.has(id) && id !== USER_PROPERTY) isViolated = true;
    if (property.allowed && !property.allowed(numberAt(bytes, next, after, property.type)))
      isViolated = true;
    if (id === RESPONSE_TOPIC && !isName(bytes, next + 2, after)) isViolated = true;
    seen.add(id);
    next = after;
  }
  // [MQTT-4.12.0-6] and 3.1.2.11.10: data without a method.
  if (seen.has(AUTHENTICATION_DATA) && !seen.has(AUTHENTICATION_METHOD)) isViolated = true;
  return {
    end: sectionEnd,
    fault: isMisplaced ? "malformed" : isViolated ? "protocol_error" : null,
    authenticates: seen.has(AUTHENTICATION_METHOD),
  };
}

/** The end of the property at `at`, in a section that {@link checkProperties} has passed. */
export const propertyEnd = (bytes: Buffer, at: number, end: number): number =>
  valueEnd(bytes, at + 1, end, PROPERTIES[bytes[at]!]!.type);

/** A topic to publish to: not empty, no wildcard [MQTT-3.3.2-14]. */
function isName(bytes: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (bytes[at] === 0x23 || bytes[at] === 0x2b) return false;
  return to > from;
}

/** The end of a value, or -1 when it is cut off or is no text. */
function valueEnd(bytes: Buffer, at: number, end: number, type: Type): number {
  switch (type) {
    case "byte":
      return at + 1 <= end ? at + 1 : -1;
    case "two":
      return at + 2 <= end ? at + 2 : -1;
    case "four":
      return at + 4 <= end ? at + 4 : -1;
    case "varint": {
      const value = varintAt(bytes, at, end);
      return value < 0 ? -1 : at + varintBytes(value);
    }
    case "binary":
      return binaryEnd(bytes, at, end);
    case "text":
      return textEnd(bytes, at, end);
    case "pair": {
      const middle = textEnd(bytes, at, end);
      return middle < 0 ? -1 : textEnd(bytes, middle, end);
    }
  }
}

function numberAt(bytes: Buffer, at: number, after: number, type: Type): number {
  if (type === "varint") return varintAt(bytes, at, after);
  return bytes.readUIntBE(at, after - at);
}

/** The end of length-prefixed bytes (MQTT 5, 1.5.6), or -1 when they are cut off. */
export function binaryEnd(bytes: Buffer, at: number, end: number): number {
  if (at + 2 > end) return -1;
  const after = at + 2 + ((bytes[at]! << 8) | bytes[at + 1]!);
  return after <= end ? after : -1;
}

/** The end of a UTF-8 string (MQTT 5, 1.5.4), or -1 when it is cut off or is no text. */
export function textEnd(bytes: Buffer, at: number, end: number): number {
  const after = binaryEnd(bytes, at, end);
  return after < 0 || !isText(bytes, at + 2, after) ? -1 : after;
}

/** A variable byte integer (MQTT 5, 1.5.5), or -1: cut off, longer than four bytes, or padded [MQTT-1.5.5-1]. */
export function varintAt(bytes: Buffer, at: number, end: number): number {
  let value = 0;
  for (let index = 0; index < 4; index++) {
    if (at + index >= end) return -1;
    const byte = bytes[at + index]!;
    value += (byte & 0x7f) * 128 ** index;
    if (byte < 0x80) return byte === 0 && index > 0 ? -1 : value;
  }
  return -1;
}

/** The number of bytes that a variable byte integer takes. */
export const varintBytes = (value: number): number =>
  value < 128 ? 1 : value < 16_384 ? 2 : value < 2_097_152 ? 3 : 4;
