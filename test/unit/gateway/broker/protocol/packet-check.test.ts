// Goal: what the grammar allows passes, what a clause forbids does not, and the parser behind the check
// neither throws nor stops at what passes. Method: packets generated from the grammar, whole, damaged and
// split at every byte; and a table of violations by clause.
import * as mqttPacket from "mqtt-packet";
import { describe, expect, test } from "vitest";
import { Framing, type Span } from "../../../../../gateway/broker/protocol/framing.ts";
import {
  type PacketFault,
  type ProtocolVersion,
  firstByteFault,
  packetFault,
  versionOfConnect,
} from "../../../../../gateway/broker/protocol/packet-check.ts";
import {
  WRONG_PROTOCOLS,
  clientPacket,
  connectBytes,
  damaged,
  packetOf,
} from "../../../../support/mqtt-grammar.ts";
import { seededRandom } from "../../../../support/seed.ts";

const PACKET_BYTES_MAX = 512 * 1024;
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(" ", ""), "hex");

interface Found {
  handed: Buffer[];
  packets: Buffer[];
  faults: string[];
}

/** Every packet of a stream and what is wrong with it, in the given chunks. */
function read(chunks: Buffer[], version: ProtocolVersion | null): Found {
  const found: Found = { handed: [], packets: [], faults: [] };
  let spoken = version;
  const framing = new Framing(PACKET_BYTES_MAX, {
    checkFirst: (first) => firstByteFault(first, spoken),
    check: (bytes: Buffer, span: Readonly<Span>) => {
      const fault = packetFault(bytes, span, spoken);
      if (fault === null) found.packets.push(Buffer.from(bytes.subarray(span.start, span.end)));
      spoken ??= versionOfConnect(bytes, span);
      return fault;
    },
    readAgain: () => null,
    read: () => null,
    publish: () => expect.fail("nothing was read"),
    parse: (bytes: Buffer) => found.handed.push(Buffer.from(bytes)),
    fault: (fault) => found.faults.push(fault),
  });
  for (const chunk of chunks) framing.push(chunk);
  expect(Buffer.concat(found.handed)).toEqual(Buffer.concat(found.packets));
  return found;
}

const { seed, random } = seededRandom();

describe(`seed ${seed}`, () => {
  test.for([4, 5] as const)(
    "whole packets of version %i pass, and the parser reads them",
    (version) => {
      for (let round = 0; round < 3_000; round++) {
        const packet =
          round % 10 === 0 ? connectBytes(random, version, "c") : clientPacket(random, version);
        const isConnect = packet[0] === 0x10;
        const { faults, packets } = read([packet], isConnect ? null : version);
        expect(faults, packet.toString("hex")).toEqual([]);
        expect(packets).toEqual([packet]);
        const parser = mqttPacket.parser({ protocolVersion: version });
        const parsed: unknown[] = [];
        parser.on("packet", (one) => parsed.push(one));
        parser.on("error", (error: Error) =>
          expect.fail(`${packet.toString("hex")}: ${error.message}`),
        );
        parser.parse(packet);
        expect(parsed).toHaveLength(1);
      }
    },
  );

  test.for([4, 5] as const)(
    "what passes of damaged packets of version %i the parser reads",
    (version) => {
      let refused = 0;
      for (let round = 0; round < 10_000; round++) {
        const packet = damaged(random, clientPacket(random, version));
        const found = read([packet], version);
        refused += found.faults.length;
        if (found.faults.length > 0) continue;
        const parser = mqttPacket.parser({ protocolVersion: version });
        parser.on("error", (error: Error) =>
          expect.fail(`${packet.toString("hex")}: ${error.message}`),
        );
        for (const whole of found.packets) parser.parse(whole);
      }
      expect(refused).toBeGreaterThan(3_000);
    },
  );

  test("a stream split anywhere is the same stream", () => {
    for (let round = 0; round < 30; round++) {
      const packets = Array.from({ length: 5 }, () => clientPacket(random, 5));
      const last = round % 3 === 0 ? damaged(random, packets[4]!) : packets[4]!;
      const stream = Buffer.concat([...packets.slice(0, 4), last]);
      const whole = read([stream], 5);
      for (let at = 1; at < Math.min(stream.length, 400); at++)
        expect(read([stream.subarray(0, at), stream.subarray(at)], 5)).toMatchObject({
          packets: whole.packets,
          faults: whole.faults,
        });
      expect(
        read(
          [...stream].map((byte) => Buffer.from([byte])),
          5,
        ),
      ).toMatchObject({ packets: whole.packets, faults: whole.faults });
    }
  });
});

const VIOLATIONS: readonly (readonly [string, ProtocolVersion | null, string, PacketFault])[] = [
  ["PUBREL of length 0", 4, "62 00", "malformed"],
  ["PUBREL of length 0", 5, "62 00", "malformed"],
  ["PUBREC of length 0", 4, "50 00", "malformed"],
  ["QoS 1 without packet identifier", 4, "32 03 00 01 28", "malformed"],
  ["PUBREL with identifier 0 [MQTT-2.2.1-2]", 5, "62 02 00 00", "protocol_error"],
  ["PUBREL with other flags [MQTT-3.6.1-1]", 4, "60 02 00 01", "malformed"],
  ["PUBACK with a reason code on MQTT 3", 4, "40 03 00 01 00", "malformed"],
  ["PUBACK with an unknown reason code", 5, "40 03 00 01 ff", "protocol_error"],
  ["PUBACK with a topic alias (2.2.2.2)", 5, "40 07 00 01 00 03 23 00 01", "malformed"],
  ["PUBACK with a cut property", 5, "40 05 00 01 00 01 1f", "malformed"],
  ["QoS 3 [MQTT-3.3.1-4]", 4, "36 05 00 01 61 00 01", "malformed"],
  ["DUP at QoS 0 [MQTT-3.3.1-2]", 5, "38 04 00 01 61 00", "malformed"],
  ["a wildcard in a name [MQTT-3.3.2-2]", 4, "30 03 00 01 23", "malformed"],
  ["an empty name without alias", 5, "30 03 00 00 00", "malformed"],
  ["an empty name on MQTT 3 [MQTT-4.7.3-1]", 4, "30 02 00 00", "malformed"],
  ["a surrogate in a name [MQTT-1.5.4-1]", 5, "30 06 00 03 ed a0 80 00", "malformed"],
  ["U+0000 in a name [MQTT-1.5.4-2]", 4, "30 03 00 01 00", "malformed"],
  ["a subscription identifier in PUBLISH", 5, "30 06 00 01 61 02 0b 01", "malformed"],
  ["payload format 2", 5, "30 06 00 01 61 02 01 02", "protocol_error"],
  ["a content type twice", 5, "30 0c 00 01 61 08 03 00 01 61 03 00 01 61", "protocol_error"],
  ["an unknown property", 5, "30 06 00 01 61 02 04 01", "malformed"],
  ["a padded property length [MQTT-1.5.5-1]", 5, "30 05 00 01 61 80 00", "malformed"],
  ["SUBSCRIBE without filter [MQTT-3.8.3-2]", 4, "82 02 00 01", "malformed"],
  ["SUBSCRIBE with QoS 3", 5, "82 07 00 01 00 00 01 61 03", "malformed"],
  ["SUBSCRIBE with reserved bits [MQTT-3.8.3-5]", 5, "82 07 00 01 00 00 01 61 40", "malformed"],
  ["SUBSCRIBE with an empty filter", 4, "82 05 00 01 00 00 00", "malformed"],
  ["SUBSCRIBE with identifier 0", 5, "82 09 00 01 02 0b 00 00 01 61 00", "protocol_error"],
  ["UNSUBSCRIBE without filter", 5, "a2 03 00 01 00", "malformed"],
  ["PINGREQ with a body", 4, "c0 01 00", "malformed"],
  ["DISCONNECT with an unknown code", 5, "e0 01 05", "protocol_error"],
  ["DISCONNECT with a body on MQTT 3", 4, "e0 01 00", "malformed"],
  [
    "a second CONNECT [MQTT-3.1.0-2]",
    4,
    "10 0d 00 04 4d 51 54 54 04 02 00 0a 00 01 61",
    "protocol_error",
  ],
  ["type 0", 5, "00 00", "protocol_error"],
  ["CONNACK from a client", 4, "20 02 00 00", "protocol_error"],
  ["AUTH that nothing began", 5, "f0 00", "protocol_error"],
  [
    "CONNECT of another protocol",
    null,
    "10 0d 00 04 4d 51 54 55 04 02 00 0a 00 01 61",
    "malformed",
  ],
  [
    "CONNECT with the reserved flag",
    null,
    "10 0d 00 04 4d 51 54 54 04 03 00 0a 00 01 61",
    "malformed",
  ],
  [
    "CONNECT with a will QoS and no will",
    null,
    "10 0d 00 04 4d 51 54 54 04 0a 00 0a 00 01 61",
    "malformed",
  ],
  [
    "CONNECT with something behind it",
    null,
    "10 0e 00 04 4d 51 54 54 04 02 00 0a 00 01 61 00",
    "malformed",
  ],
  [
    "CONNECT with Receive Maximum 0",
    null,
    "10 11 00 04 4d 51 54 54 05 02 00 0a 03 21 00 00 00 01 61",
    "protocol_error",
  ],
];

describe("violations", () => {
  test.for(VIOLATIONS)("%s (version %s)", ([, version, bytes, fault]) => {
    expect(read([hex(bytes)], version).faults).toEqual([fault]);
  });

  test.for([
    ["84", []], // MQTT 3.1.1, from a Mosquitto bridge
    ["85", ["version_unsupported"]],
    ["86", ["version_unsupported"]],
    ["04", []],
  ] as const)("CONNECT of level 0x%s", ([level, faults]) => {
    const bytes = hex(`10 0d 00 04 4d 51 54 54 ${level} 02 00 0a 00 01 61`);
    const found = read([bytes, hex("c0 00")], null);
    expect(found.faults).toEqual(faults);
    expect(found.packets.length).toBe(faults.length === 0 ? 2 : 0);
  });

  test.for([
    ["83", []], // MQTT 3.1, from a Mosquitto bridge
    ["03", []],
    ["84", ["version_unsupported"]],
  ] as const)("CONNECT of MQIsdp, level 0x%s", ([level, faults]) => {
    const bytes = hex(`10 0f 00 06 4d 51 49 73 64 70 ${level} 02 00 0a 00 01 61`);
    expect(read([bytes, hex("c0 00")], null).faults).toEqual(faults);
  });

  test("a level that its protocol name does not have goes no further", () => {
    for (const protocol of WRONG_PROTOCOLS) {
      const found = read([connectBytes(() => 0.99, 4, "c", protocol), hex("c0 00")], null);
      expect(found.packets).toEqual([]);
      expect(found.faults).toEqual([protocol[0] === "" ? "malformed" : "version_unsupported"]);
    }
  });

  test("a remaining length of five bytes, and one over the bound, need no body", () => {
    expect(read([hex("c0 80 80 80 80 01")], 4).faults).toEqual(["malformed"]);
    expect(read([hex("30 ff ff ff 7f")], 4).faults).toEqual(["packet_too_large"]);
  });

  test("a packet that comes byte by byte takes little more room than it has bytes", () => {
    const packet = packetOf(0x30, Buffer.from([0, 1, 0x61]), Buffer.alloc(100_000));
    const found = read(
      [...packet].map((byte) => Buffer.from([byte])),
      4,
    );
    expect(found.packets).toEqual([packet]);
  });
});
