// Reads a PUBLISH from the bytes of its connection, without the general parser: nearly every packet is one, and most
// look like the one before. What is unusual is left to that parser (MQTT 5, 3.3; MQTT 3.1.1, 3.3).
//
// Q1. What is read here is what the parser reads of the same bytes.
// Q2. Nothing is read that the check (packet-check.ts) would not pass: either it has passed, or the packet is one whose
//     topic it passed before, and that has no properties, or those that came with that topic, byte for byte.
// Q3. Packets with equal properties share them: they are frozen.
import type { IPublishPacket } from "mqtt-packet";
import type { Span } from "./framing.ts";
import type { ProtocolVersion } from "./packet-check.ts";
import { isOutOfPlace } from "./user-properties.ts";

const PUBLISH = 3;

/** Properties that are read here (MQTT 5, 3.3.2.3). */
const PROPERTY = { messageExpiryInterval: 0x02, contentType: 0x03, userProperty: 0x26 } as const;
/** Property lengths of two bytes and more are left to the parser. */
const PROPERTIES_BYTES_MAX = 127;

type Properties = NonNullable<IPublishPacket["properties"]>;

export const isPublish = (bytes: Buffer, { start }: Readonly<Span>): boolean =>
  bytes[start]! >> 4 === PUBLISH;

/** One for each connection: remembers its last topic, and the properties that came with it. */
export class PublishReader {
  #topic = "";
  /** The bytes of that topic; no Buffer, because one of the pool would keep all of that alive. */
  #topicBytes: Uint8Array | null = null;
  /** Properties that came with that topic, and their bytes, the length before them. */
  #properties: Readonly<Properties> | null = null;
  #propertyBytes: Uint8Array | null = null;

  /** The packet, unchecked so far, if it is a PUBLISH to the same topic as the last one that was read; else null (Q2). */
  again(
    bytes: Buffer,
    { start, body, end }: Readonly<Span>,
    version: ProtocolVersion | null,
  ): IPublishPacket | null {
    const first = bytes[start]!;
    const topicBytes = this.#topicBytes;
    if (first >> 4 !== PUBLISH || topicBytes === null) return null;
    const qos = (first >> 1) & 3;
    if (qos === 3 || (qos === 0 && first & 8)) return null;
    const { length } = topicBytes;
    let at = body + 2;
    if (at + length > end || bytes[body] !== length >> 8 || bytes[body + 1] !== (length & 0xff))
      return null;
    if (!holdsAt(bytes, at, topicBytes)) return null;
    at += length;
    let messageId: number | undefined;
    if (qos > 0) {
      if (at + 2 > end) return null;
      messageId = bytes.readUInt16BE(at);
      if (messageId === 0) return null;
      at += 2;
    }
    let properties: Readonly<Properties> | null = null;
    if (version === 5) {
      if (at >= end) return null;
      if (bytes[at] === 0) at += 1;
      else {
        const known = this.#propertyBytes;
        if (known === null || at + known.length > end || !holdsAt(bytes, at, known)) return null;
        at += known.length;
        properties = this.#properties;
      }
    }
    const topic = this.#topic;
    const packet = packetOf({ first, topic, messageId }, bytes.subarray(at, end), end - body);
    if (properties !== null) packet.properties = properties;
    return packet;
  }

  /** The PUBLISH, which the check has passed, if there is nothing unusual in it; else null. */
  read(
    bytes: Buffer,
    { start, body, end }: Readonly<Span>,
    version: ProtocolVersion | null,
  ): IPublishPacket | null {
    const first = bytes[start]!;
    const topicEnd = body + 2 + bytes.readUInt16BE(body);
    let at = topicEnd;
    let messageId: number | undefined;
    if (first & 6) {
      messageId = bytes.readUInt16BE(at);
      at += 2;
    }
    let properties: Readonly<Properties> | null = null;
    const propertiesAt = at;
    if (version === 5) {
      const length = bytes[at]!;
      if (length > PROPERTIES_BYTES_MAX) return null;
      at += 1;
      if (length > 0) {
        properties = propertiesOf(bytes, at, at + length);
        if (properties === null) return null;
        at += length;
      }
    }
    const topic = this.#topicOf(bytes, body + 2, topicEnd);
    if (properties !== null) {
      this.#properties = properties;
      this.#propertyBytes = new Uint8Array(bytes.subarray(propertiesAt, at));
    }
    const packet = packetOf({ first, topic, messageId }, bytes.subarray(at, end), end - body);
    if (properties) packet.properties = properties;
    return packet;
  }

  #topicOf(bytes: Buffer, from: number, to: number): string {
    const known = this.#topicBytes;
    if (known !== null && known.length === to - from && holdsAt(bytes, from, known))
      return this.#topic;
    const topic = bytes.toString("utf8", from, to);
    this.#properties = this.#propertyBytes = null;
    if (to > from) {
      this.#topicBytes = new Uint8Array(bytes.subarray(from, to));
      this.#topic = topic;
    }
    return topic;
  }
}

function holdsAt(bytes: Buffer, at: number, wanted: Uint8Array): boolean {
  for (let index = 0; index < wanted.length; index++)
    if (bytes[at + index] !== wanted[index]) return false;
  return true;
}

function packetOf(
  { first, topic, messageId }: { first: number; topic: string; messageId: number | undefined },
  payload: Buffer,
  length: number,
): IPublishPacket {
  const qos = ((first >> 1) & 3) as 0 | 1 | 2;
  const [retain, dup] = [(first & 1) === 1, (first & 8) !== 0];
  return messageId === undefined
    ? { cmd: "publish", retain, qos, dup, length, topic, payload }
    : { cmd: "publish", retain, qos, dup, length, topic, payload, messageId };
}

/** Null if there is another property than those of PROPERTY, one that comes twice, or a name that may lose its place. */
function propertiesOf(bytes: Buffer, from: number, to: number): Properties | null {
  const properties: Properties = {};
  let at = from;
  while (at < to) {
    const id = bytes[at++]!;
    if (id === PROPERTY.messageExpiryInterval && properties.messageExpiryInterval === undefined) {
      properties.messageExpiryInterval = bytes.readUInt32BE(at);
      at += 4;
    } else if (id === PROPERTY.contentType && properties.contentType === undefined) {
      const end = at + 2 + bytes.readUInt16BE(at);
      properties.contentType = bytes.toString("utf8", at + 2, end);
      at = end;
    } else if (id === PROPERTY.userProperty) {
      const nameEnd = at + 2 + bytes.readUInt16BE(at);
      const end = nameEnd + 2 + bytes.readUInt16BE(nameEnd);
      if (isOutOfPlace(bytes, at + 2, nameEnd)) return null;
      const name = bytes.toString("utf8", at + 2, nameEnd);
      properties.userProperties ??= Object.create(null) as Record<string, string>;
      if (name in properties.userProperties) return null;
      properties.userProperties[name] = bytes.toString("utf8", nameEnd + 2, end);
      at = end;
    } else return null;
  }
  if (properties.userProperties) Object.freeze(properties.userProperties);
  return Object.freeze(properties); // Q3
}
