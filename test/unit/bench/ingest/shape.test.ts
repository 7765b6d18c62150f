// Goal: readings of any number of fields and any size are those of their contract, byte for byte as large as asked.
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import * as mqttPacket from "mqtt-packet";
import { expect, test } from "vitest";
import { loadCatalog } from "../../../../contracts/schema/catalog.ts";
import { SEQUENCE_BASE, contractOf, sampleOf } from "../../../bench/ingest/shape.ts";
import { PublishSlots, TimeDigits, deviceName } from "../../../bench/ingest/wire.ts";
import { temporaryDirectory } from "../../../support/temporary-directory.ts";

const payloadOf = (bytes: Buffer): string => {
  let payload = "";
  const parser = mqttPacket.parser({ protocolVersion: 4 });
  parser.on("packet", (packet) => {
    if (packet.cmd === "publish") payload = packet.payload.toString();
  });
  parser.parse(bytes);
  return payload;
};

test.each([
  { fields: 1 },
  { fields: 60 },
  { fields: 1, bytes: 100 },
  { fields: 10, bytes: 1_024 },
  { fields: 5, bytes: 65_536 },
])("$fields fields, $bytes bytes", async (shape) => {
  await using directory = await temporaryDirectory();
  const { path, text } = contractOf(shape);
  await mkdir(dirname(join(directory.path, path)), { recursive: true });
  await writeFile(join(directory.path, path), text);
  const contract = loadCatalog(directory.path).get("bench_load", 1)!;

  const sample = sampleOf(shape);
  const slots = new PublishSlots(deviceName(1), 2, 4, sample);
  const clock = new TimeDigits();
  clock.set(1_732_394_104_123);
  const payloads = [0, 1].map((n) => {
    slots.patch(n, clock);
    const { bytes, messageBytes } = slots;
    return payloadOf(bytes.subarray(n * messageBytes, (n + 1) * messageBytes));
  });
  for (const [n, payload] of payloads.entries()) {
    if (shape.bytes !== undefined) expect(payload).toHaveLength(shape.bytes);
    const reading = JSON.parse(payload) as Record<string, unknown>;
    expect(reading).toMatchObject({ seq: SEQUENCE_BASE + n, ts: 1_732_394_104_123 });
    expect(contract.validate(reading)).toBe(true);
    const numbers = Object.keys(reading).filter((name) => name.startsWith("f"));
    expect(numbers).toHaveLength(shape.fields);
  }
});

test("bytes that do not hold so many fields are refused in words", () => {
  expect(() => sampleOf({ fields: 60, bytes: 100 })).toThrow(
    "payloads of 60 fields are of 757 bytes, or of 767 and more: not of 100",
  );
});
