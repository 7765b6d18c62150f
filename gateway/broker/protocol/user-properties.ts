// The order of user properties (pure): a server keeps it in what it forwards [MQTT-3.3.2-18] and in a will
// [MQTT-3.1.3-10]. The library reads them into an object, in which names that are whole numbers come first and values of one name
// stand together.
//
// Pairs are kept beside that object where it would tell them in another order, which is seldom, and only then: whoever
// sends a message on writes them instead.
import type { Packet } from "mqtt-packet";
import type { Properties } from "./properties.ts";
import { binaryEnd, propertyEnd, varintAt, varintBytes } from "./property-check.ts";

export type UserPair = readonly [name: string, value: string];

const USER_PROPERTY = 0x26;
const WILL = 4;

/** A name that an object might tell out of its place. */
export const isOutOfPlace = (bytes: Buffer, nameAt: number, nameEnd: number): boolean =>
  nameEnd > nameAt && bytes[nameAt]! >= 0x30 && bytes[nameAt]! <= 0x39;

/** Keeps the pairs of a PUBLISH of MQTT 5, or of the will of a CONNECT, where they need it. @param bytes of it all. */
export function keepUserPairs(packet: Packet, bytes: Buffer): void {
  const carrier =
    packet.cmd === "publish" ? packet : packet.cmd === "connect" ? packet.will : undefined;
  const properties: Properties | undefined = carrier?.properties;
  if (properties?.userProperties === undefined) return;
  const body = 1 + varintBytes(varintAt(bytes, 1, bytes.length));
  const at = packet.cmd === "publish" ? publishedAt(bytes, body, packet.qos) : willAt(bytes, body);
  const pairs = userPairs(bytes, at);
  if (!areInOrder(properties.userProperties, pairs)) properties.userPairs = pairs;
}

/** The place of the properties of a PUBLISH. */
const publishedAt = (bytes: Buffer, body: number, qos: number): number =>
  binaryEnd(bytes, body, bytes.length) + (qos > 0 ? 2 : 0);

/** The place of the properties of a will; none is asked for of a CONNECT without. */
function willAt(bytes: Buffer, body: number): number {
  const level = binaryEnd(bytes, body, bytes.length);
  if ((bytes[level + 1]! & WILL) === 0) return bytes.length;
  return binaryEnd(bytes, sectionEnd(bytes, level + 4), bytes.length);
}

const sectionEnd = (bytes: Buffer, at: number): number => {
  const length = varintAt(bytes, at, bytes.length);
  return at + varintBytes(length) + length;
};

/** The user properties of a section that the check has passed, in order. */
function userPairs(bytes: Buffer, at: number): UserPair[] {
  const pairs: UserPair[] = [];
  const end = sectionEnd(bytes, at);
  for (let next = at + varintBytes(varintAt(bytes, at, end)); next < end;) {
    const after = propertyEnd(bytes, next, end);
    if (bytes[next] === USER_PROPERTY) {
      const nameEnd = binaryEnd(bytes, next + 1, after);
      pairs.push([
        bytes.toString("utf8", next + 3, nameEnd),
        bytes.toString("utf8", nameEnd + 2, after),
      ]);
    }
    next = after;
  }
  return pairs;
}

function areInOrder(
  told: Readonly<Record<string, string | string[]>>,
  pairs: readonly UserPair[],
): boolean {
  let at = 0;
  for (const name of Object.getOwnPropertyNames(told)) {
    const values = told[name]!;
    for (const value of Array.isArray(values) ? values : [values]) {
      const pair = pairs[at++];
      if (pair?.[0] !== name || pair[1] !== value) return false;
    }
  }
  return at === pairs.length;
}

/** A PUBLISH of MQTT 5 without user properties, with these. */
export function withUserPairs(publish: Buffer, qos: number, pairs: readonly UserPair[]): Buffer {
  const body = 1 + varintBytes(varintAt(publish, 1, publish.length));
  const at = publishedAt(publish, body, qos);
  const length = varintAt(publish, at, publish.length);
  const own = Buffer.concat(
    pairs.flatMap(([name, value]) => [USER, ...text(name), ...text(value)]),
  );
  const properties = varint(length + own.length);
  const from = at + varintBytes(length);
  const rest = publish.length - from + own.length + properties.length + (at - body);
  return Buffer.concat([
    ...[publish.subarray(0, 1), varint(rest), publish.subarray(body, at), properties],
    ...[publish.subarray(from, from + length), own, publish.subarray(from + length)],
  ]);
}

const USER = Buffer.from([USER_PROPERTY]);

function text(of: string): [Buffer, Buffer] {
  const bytes = Buffer.from(of, "utf8");
  return [Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes];
}

/** A variable byte integer (MQTT 5, 1.5.5). */
function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let left = value; ; left = Math.floor(left / 128)) {
    if (left < 128) return Buffer.from([...bytes, left]);
    bytes.push((left % 128) | 0x80);
  }
}
