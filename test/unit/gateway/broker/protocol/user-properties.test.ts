// Goal: user properties go out in the order in which they came in, duplicates included.
// Method: packets written byte by byte, read as a connection reads them, and written as to a subscriber.
import fc from "fast-check";
import type { IConnectPacket, IPublishPacket, Packet } from "mqtt-packet";
import { generate } from "mqtt-packet";
import { expect, test } from "vitest";
import { PacketStream } from "../../../../../gateway/broker/connection/packet-stream.ts";
import type { Properties } from "../../../../../gateway/broker/protocol/properties.ts";
import {
  type UserPair,
  withUserPairs,
} from "../../../../../gateway/broker/protocol/user-properties.ts";
import { encode } from "../../../../../gateway/broker/protocol/wire.ts";

const CONNECT: IConnectPacket = {
  ...{ cmd: "connect", protocolId: "MQTT", protocolVersion: 5, clean: true, keepalive: 0 },
  clientId: "c",
};

/** The packets of one connection of MQTT 5. */
function read(...packets: Buffer[]): Packet[] {
  const found: Packet[] = [];
  const fail = (why: unknown): never => {
    throw new Error(`not read: ${String(why)}`);
  };
  const owner = { packet: (one: Packet) => found.push(one), malformed: fail, failed: fail };
  const stream = new PacketStream(1_000_000, { ...owner, violated: fail });
  for (const bytes of packets) stream.push(bytes);
  return found;
}

const publish = (qos: 0 | 1, properties: Properties = {}): Buffer => {
  const packet = { cmd: "publish" as const, topic: "a/b", payload: "hello", qos, properties };
  const whole = { ...packet, dup: false, retain: false };
  return encode(qos === 0 ? whole : { ...whole, messageId: 7 }, 5);
};

/** What the connection has read of a PUBLISH with these, in the order in which it would be written. */
function kept(pairs: readonly UserPair[], properties: Properties = {}, qos: 0 | 1 = 1): UserPair[] {
  const bytes = withUserPairs(publish(qos, properties), qos, pairs);
  const [, packet] = read(generate(CONNECT, { protocolVersion: 5 }), bytes);
  const { payload, properties: got } = packet as IPublishPacket;
  expect(payload.toString()).toBe("hello");
  expect(got?.contentType).toBe(properties.contentType);
  return orderOf(got);
}

function orderOf(properties: Properties | undefined): UserPair[] {
  if (properties?.userPairs) return [...properties.userPairs];
  return Object.entries(properties?.userProperties ?? {}).flatMap(([name, values]) =>
    (Array.isArray(values) ? values : [values]).map((value): UserPair => [name, value]),
  );
}

const EXAMPLES: readonly UserPair[][] = [
  [
    ["b", "1"],
    ["10", "2"],
    ["a", "3"],
    ["9", "4"],
  ],
  [
    ["a", "1"],
    ["b", "2"],
    ["a", "3"],
  ],
  [
    ["a", "1"],
    ["a", "2"],
    ["b", "3"],
  ],
  [
    ["__proto__", "1"],
    ["", ""],
    ["1e3", "x"],
  ],
];

test.each(EXAMPLES)("%j %j %j", (...pairs) => {
  const given = pairs.filter((pair) => pair !== undefined);
  expect(kept(given)).toEqual(given);
  expect(kept(given, { contentType: "x", messageExpiryInterval: 5 }, 0)).toEqual(given);
});

test("whatever pairs there are, short and long", () => {
  const word = fc.oneof(fc.constantFrom("a", "b", "0", "17", ""), fc.string({ maxLength: 200 }));
  const text = word.filter((one) => one.isWellFormed() && !/[\p{Cc}\p{Cn}\p{Co}]/u.test(one));
  const pairs = fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(pairs, (given) => {
      expect(kept(given)).toEqual(given);
    }),
  );
});

test("nothing is kept beside an object that tells the order anyway", () => {
  const userProperties = { first: "1", twice: ["a", "b"], last: "2" };
  const [, packet] = read(
    generate(CONNECT, { protocolVersion: 5 }),
    publish(1, { userProperties, correlationData: Buffer.from("x") }),
  );
  expect((packet as IPublishPacket).properties).not.toHaveProperty("userPairs");
});

test("of a will, too", () => {
  const will = { topic: "w", payload: Buffer.from("gone"), qos: 1 as const, retain: false };
  const userProperties = { "2": "first", a: ["x", "y"] };
  const connect = { ...CONNECT, properties: { sessionExpiryInterval: 5 } };
  const bytes = generate(
    { ...connect, will: { ...will, properties: { willDelayInterval: 1, userProperties } } },
    { protocolVersion: 5 },
  );
  // The library writes 2, a=x, a=y; the names of the first two change places here, which no object can tell.
  const [two, a] = [Buffer.from([0, 1, 0x32, 0, 5]), Buffer.from([0, 1, 0x61, 0, 1, 0x78])];
  const at = bytes.indexOf(two) - 1;
  const first = bytes.subarray(at, at + 11);
  const second = bytes.subarray(bytes.indexOf(a) - 1, bytes.indexOf(a) + 6);
  const swapped = Buffer.concat([
    ...[bytes.subarray(0, at), second, first],
    bytes.subarray(at + first.length + second.length),
  ]);
  const [packet] = read(swapped);
  expect(orderOf((packet as IConnectPacket).will?.properties)).toEqual([
    ["a", "x"],
    ["2", "first"],
    ["a", "y"],
  ]);
});
