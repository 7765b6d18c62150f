import fc from "fast-check";
import * as mqttPacket from "mqtt-packet";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadCatalog } from "../../../../contracts/schema/catalog.ts";
import { SEQUENCE_BASE } from "../../../bench/ingest/shape.ts";
import {
  AnswerScanner,
  PublishSlots,
  TimeDigits,
  connectBytes,
  deviceName,
} from "../../../bench/ingest/wire.ts";

const contract = loadCatalog(join(import.meta.dirname, "../../../../contracts/schemas")).get(
  "environment",
  1,
)!;

const parsed = (bytes: Buffer): mqttPacket.Packet[] => {
  const packets: mqttPacket.Packet[] = [];
  const parser = mqttPacket.parser({ protocolVersion: 4 });
  parser.on("packet", (packet) => packets.push(packet));
  parser.parse(bytes);
  return packets;
};

test("what the load publishes is MQTT, valid under the contract, and numbered without a hole", () => {
  const slots = new PublishSlots(deviceName(42), 20);
  const clock = new TimeDigits();
  clock.set(1_732_394_104_123);
  const payloads = new Set<string>();
  for (let n = 0; n < 200; n++) {
    slots.patch(n, clock);
    const at = slots.slotOf(n) * slots.messageBytes;
    const [packet] = parsed(slots.bytes.subarray(at, at + slots.messageBytes));
    if (packet?.cmd !== "publish") throw new Error("no publish");
    expect(packet).toMatchObject({ topic: "devices/bench-00042/telemetry/environment", qos: 1 });
    expect(slots.slotOfIdentifier(packet.messageId!)).toBe(slots.slotOf(n));
    const payload = JSON.parse(packet.payload.toString()) as Record<string, unknown>;
    expect(contract.validate(payload)).toBe(true);
    expect(payload).toMatchObject({ seq: SEQUENCE_BASE + n, ts: 1_732_394_104_123 });
    expect(payload.co2).toBeLessThan(1000); // The rule is evaluated; nothing burns.
    const { seq: _, ...values } = payload;
    payloads.add(JSON.stringify(values));
  }
  expect(payloads.size).toBeGreaterThan(190);
});

test("the sequence keeps rising over connections and past the end of packet identifiers", () => {
  const slots = new PublishSlots(deviceName(0), 20);
  const clock = new TimeDigits();
  clock.set(1_732_394_104_999);
  for (const n of [7, 65_519, 65_520, 65_539, 12_345_678]) {
    slots.patch(n, clock);
    const at = slots.slotOf(n) * slots.messageBytes;
    const [packet] = parsed(slots.bytes.subarray(at, at + slots.messageBytes));
    if (packet?.cmd !== "publish") throw new Error("no publish");
    expect(packet.messageId).toBeGreaterThan(0);
    expect(slots.slotOfIdentifier(packet.messageId!)).toBe(slots.slotOf(n));
    expect(JSON.parse(packet.payload.toString())).toMatchObject({ seq: SEQUENCE_BASE + n });
  }
});

test("slots keep sequence numbers exact whatever was in them before", () => {
  const clock = new TimeDigits();
  clock.set(Date.now());
  const from = fc.integer({ min: 0, max: 99_999_999 });
  fc.assert(
    fc.property(from, fc.integer({ min: 1, max: 50 }), (first, window) => {
      const slots = new PublishSlots(deviceName(1), window);
      // As in use: rising, so a number never has fewer digits than the slot's last one.
      for (const n of [first, first + window]) slots.patch(n, clock);
      const at = slots.slotOf(first) * slots.messageBytes;
      const text = slots.bytes.toString("latin1", at, at + slots.messageBytes);
      expect(text).toContain(`"seq":${SEQUENCE_BASE + first + window},`);
    }),
  );
});

test("answers are counted the same however TCP cuts them", () => {
  const ids = fc.array(fc.integer({ min: 1, max: 65_535 }), { maxLength: 50 });
  fc.assert(
    fc.property(ids, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (wanted, cuts) => {
      const bytes = Buffer.concat([
        Buffer.from([0x20, 2, 0, 0]),
        ...wanted.map((messageId) => mqttPacket.generate({ cmd: "puback", messageId })),
      ]);
      const scanner = new AnswerScanner();
      const got: number[] = [];
      let count = 0;
      for (let at = 0, cut = 0; at < bytes.length; cut++) {
        const size = cuts[cut % cuts.length]!;
        const piece = bytes.subarray(at, at + size);
        count += scanner.scan(piece, piece.length, (messageId) => got.push(messageId));
        at += size;
      }
      expect(got).toEqual(wanted);
      expect(count).toBe(wanted.length);
    }),
  );
});

test("a refusal, and anything that is no PUBACK, is an error and never counted", () => {
  const scan = (...bytes: number[]): number =>
    new AnswerScanner().scan(Uint8Array.from(bytes), bytes.length);
  expect(() => scan(0x20, 2, 0, 5)).toThrow("refused with code 5");
  expect(() => scan(0x40, 2, 0, 1)).toThrow("expected CONNACK");
  expect(() => scan(0x20, 2, 0, 0, 0x50, 2, 0, 1)).toThrow("expected PUBACK");
});

test("CONNECT carries credentials when there are some", () => {
  const [anonymous] = parsed(connectBytes("a"));
  expect(anonymous).toMatchObject({ cmd: "connect", clientId: "a", clean: true });
  const [known] = parsed(connectBytes("a", { username: "a", password: "secret" }));
  expect(known).toMatchObject({ username: "a", password: Buffer.from("secret") });
});

test("a connection that speaks for many devices numbers each of them without a hole, in turn", () => {
  const slots = new PublishSlots({ first: 7, step: 100, count: 3 }, 4);
  const clock = new TimeDigits();
  clock.set(1_732_394_104_123);
  const seen = Array.from({ length: 7 }, (_, n) => {
    slots.patch(n, clock);
    const at = slots.slotOf(n) * slots.messageBytes;
    const [packet] = parsed(slots.bytes.subarray(at, at + slots.messageBytes));
    if (packet?.cmd !== "publish") throw new Error("no publish");
    const { seq } = JSON.parse(packet.payload.toString()) as { seq: number };
    return `${packet.topic.split("/")[1]} ${seq - SEQUENCE_BASE}`;
  });
  expect(seen).toEqual([
    ...["bench-0000007 0", "bench-0000107 0", "bench-0000207 0"],
    ...["bench-0000007 1", "bench-0000107 1", "bench-0000207 1", "bench-0000007 2"],
  ]);
});
