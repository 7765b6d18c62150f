// The packets of a stream against a slower way to the same: everything checked, everything by the library's parser.
import * as mqttPacket from "mqtt-packet";
import type { Packet } from "mqtt-packet";
import { describe, expect, test } from "vitest";
import {
  type PacketOwner,
  PacketStream,
} from "../../../../../gateway/broker/connection/packet-stream.ts";
import { Framing, type Span } from "../../../../../gateway/broker/protocol/framing.ts";
import {
  type ProtocolVersion,
  firstByteFault,
  packetFault,
  versionOfConnect,
} from "../../../../../gateway/broker/protocol/packet-check.ts";
import { PublishReader } from "../../../../../gateway/broker/protocol/publish-reader.ts";
import { clearUnusedBits } from "../../../../../gateway/broker/protocol/unused-bits.ts";
import {
  clientPacket,
  connectBytes,
  damaged,
  packetOf,
  text,
} from "../../../../support/mqtt-grammar.ts";
import { seededRandom } from "../../../../support/seed.ts";

const PACKET_BYTES_MAX = 64 * 1024;

/** What a connection hears: its packets as plain values, and its end. */
function listener(): PacketOwner & { readonly heard: unknown[] } {
  const heard: unknown[] = [];
  return {
    heard,
    packet: (packet) => heard.push(plain(packet)),
    malformed: (error) => heard.push({ malformed: error.message }),
    violated: (fault, version) => heard.push({ fault, version }),
    failed: (error) => heard.push({ failed: String(error) }),
  };
}

const plain = (packet: Packet): unknown =>
  JSON.parse(
    JSON.stringify(packet, (_, value: unknown) =>
      typeof value === "object" && value !== null && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
        : value,
    ),
  );

function heardBy(chunks: readonly Buffer[]): unknown[] {
  const owner = listener();
  const stream = new PacketStream(PACKET_BYTES_MAX, owner);
  for (const chunk of chunks) stream.push(Buffer.from(chunk));
  return untilItsEnd(owner.heard);
}

/** Up to the first thing that ends a connection. */
function untilItsEnd(heard: readonly unknown[]): unknown[] {
  const end = heard.findIndex((one) => (one as Partial<Packet>).cmd === undefined);
  return end < 0 ? [...heard] : heard.slice(0, end + 1);
}

/** The same without reading anything in another way than the parser. */
function heardSlowly(chunks: readonly Buffer[]): unknown[] {
  const { heard, ...owner } = listener();
  const parser = mqttPacket.parser();
  parser.on("packet", (packet) => owner.packet(packet));
  parser.on("error", (error: Error) => owner.malformed(error));
  let version: ProtocolVersion | null = null;
  const framing = new Framing(PACKET_BYTES_MAX, {
    checkFirst: (first) => firstByteFault(first, version),
    check: (bytes: Buffer, span: Readonly<Span>) => {
      if ((version ?? versionOfConnect(bytes, span)) === 3) clearUnusedBits(bytes, span);
      const fault = packetFault(bytes, span, version);
      version ??= versionOfConnect(bytes, span);
      return fault;
    },
    readAgain: () => null,
    read: () => null,
    publish: () => expect.fail("nothing was read"),
    parse: (packet) => void parser.parse(packet),
    fault: (fault) => owner.violated(fault, version),
  });
  for (const chunk of chunks) framing.push(Buffer.from(chunk));
  return untilItsEnd(heard);
}

function cut(bytes: Buffer, ends: readonly number[]): Buffer[] {
  const places = [0, ...[...ends].sort((a, b) => a - b), bytes.length];
  return places.slice(1).map((end, at) => bytes.subarray(places[at], end));
}

const { seed, random } = seededRandom();

describe(`seed ${seed}`, () => {
  test.for([4, 5] as const)(
    "streams of version %i are heard as by the parser alone, damaged or not, however they are cut",
    (version) => {
      let [published, faults] = [0, 0];
      for (let round = 0; round < 700; round++) {
        const packets = [connectBytes(random, version, "c")];
        const count = 1 + Math.floor(random() * 12);
        for (let at = 0; at < count; at++) packets.push(clientPacket(random, version));
        // One packet as often as two, so that topics come again; and one that is damaged.
        if (random() < 0.5) packets.push(packets.at(-1)!, packets.at(-1)!);
        const hurt = 1 + Math.floor(random() * (packets.length - 1));
        if (random() < 0.5) packets[hurt] = damaged(random, packets[hurt]!);
        const bytes = Buffer.concat(packets);
        const ends = Array.from({ length: 4 }, () => Math.floor(random() * bytes.length));
        const expected = heardSlowly([bytes]);
        for (const chunks of [[bytes], cut(bytes, ends), cut(bytes, [...bytes.keys()])])
          expect(heardBy(chunks), `${seed}: ${bytes.toString("hex")}`).toEqual(expected);
        published += expected.filter((one) => (one as Packet).cmd === "publish").length;
        faults += expected.filter((one) => "fault" in (one as object)).length;
      }
      expect(published).toBeGreaterThan(500);
      expect(faults).toBeGreaterThan(100);
    },
  );

  test.for([4, 5] as const)(
    "a damaged PUBLISH of version %i to the topic of the one before it is heard as by the parser alone",
    (version) => {
      const none = version === 5 ? [Buffer.from([0])] : [];
      const connect = packetOf(
        0x10,
        text("MQTT"),
        Buffer.from([version, 2, 0, 60]),
        ...none,
        text("c"),
      );
      for (let round = 0; round < 5_000; round++) {
        const qos = Math.floor(random() * 3);
        const id = qos > 0 ? [Buffer.from([0, 1 + Math.floor(random() * 255)])] : [];
        const payload = Buffer.from("21.5");
        const user = [Buffer.from([13, 0x26]), text("site"), text("eu-1")];
        const properties = version === 5 && round % 2 === 0 ? user : none;
        const packet = packetOf(0x30 | (qos << 1), text("a/b"), ...id, ...properties, payload);
        const bytes = Buffer.concat([connect, packet, damaged(random, packet), packet]);
        expect(heardBy([bytes]), bytes.toString("hex")).toEqual(heardSlowly([bytes]));
      }
    },
  );
});

test("a packet that ends early is read to its end and no further", () => {
  const none = Buffer.from([0]);
  const connect = packetOf(0x10, text("MQTT"), Buffer.from([5, 2, 0, 60]), none, text("c"));
  for (const short of [packetOf(0xe0, Buffer.from([0])), packetOf(0x50, Buffer.from([0, 1, 0]))]) {
    const heard = heardBy([Buffer.concat([connect, short, packetOf(0xc0), packetOf(0xc0)])]);
    expect(heard.map((one) => (one as Packet).cmd)).toEqual([
      ...["connect", short[0] === 0xe0 ? "disconnect" : "pubrec"],
      ...["pingreq", "pingreq"],
    ]);
  }
});

test("an ordinary PUBLISH is read without the parser, with the properties that devices send", () => {
  const reader = new PublishReader();
  const user = Buffer.concat([Buffer.from([0x26]), text("traceparent"), text("00-1")]);
  const kind = Buffer.concat([Buffer.from([0x03]), text("application/json")]);
  const properties = Buffer.concat([user, kind, Buffer.from([0x02, 0, 0, 0, 9])]);
  const section = Buffer.concat([Buffer.from([properties.length]), properties]);
  const bytes = packetOf(0x33, text("a/b"), Buffer.from([1, 2]), section, Buffer.from("{}"));
  const span = { start: 0, body: 2, end: bytes.length };
  expect(reader.again(bytes, span, 5)).toBeNull();
  expect(reader.read(bytes, span, 5)).toMatchObject({
    ...{
      topic: "a/b",
      messageId: 258,
      qos: 1,
      retain: true,
      dup: false,
      payload: Buffer.from("{}"),
    },
    properties: {
      messageExpiryInterval: 9,
      contentType: "application/json",
      userProperties: { traceparent: "00-1" },
    },
  });
  const same = reader.again(bytes, span, 5);
  expect(same).toMatchObject({
    payload: Buffer.from("{}"),
    properties: { contentType: "application/json" },
  });
  expect(Object.isFrozen(same?.properties)).toBe(true);
  const changed = Buffer.from(bytes);
  changed[changed.indexOf("00-1") + 3] = 0x32;
  expect(reader.again(changed, span, 5)).toBeNull();
  const plainBytes = packetOf(0x30, text("a/b"), Buffer.from([0]), Buffer.from("1"));
  const plainSpan = { start: 0, body: 2, end: plainBytes.length };
  expect(reader.again(plainBytes, plainSpan, 5)).toMatchObject({ topic: "a/b", qos: 0 });
  const other = packetOf(0x30, text("a/c"), Buffer.from([0]), Buffer.from("1"));
  expect(reader.again(other, plainSpan, 5)).toBeNull();
});
