import fc from "fast-check";
import { expect, test } from "vitest";
import { LIVE_BYTES_MAX, LIVE_ROWS_MAX } from "../../../../contracts/messages/live.ts";
import { encodeReading } from "../../../../contracts/messages/frame.ts";
import { Catalog } from "../../../../contracts/schema/catalog.ts";
import { PREVIEW_BYTES } from "../../../../gateway/live/last-seen.ts";
import { Rows, previewOf, readingRow, topicRow } from "../../../../gateway/live/rows.ts";

const encoded = encodeReading({
  ...{ device: 'd"1', contract: "room", version: 1, receivedAtMs: 20, traceparent: "00-a-b-01" },
  payload: '{"ts":1.50e1, "v":1.10}',
});
const seen = {
  topic: "t",
  count: 3,
  told: 0,
  lastMs: 20,
  retained: true,
  refused: null,
  passed: null,
};

test("the row of a reading has its payload as it came", () => {
  const row = readingRow(new Catalog([]), encoded, { topic: "t", mapping: null });
  expect(row).toBe('["d\\"1","room",1,20,20,"t",null,{"ts":1.50e1, "v":1.10}]');
});

test("the row of a topic shows the payload of its reading, or what was sent", () => {
  const common = { ...seen, device: null, mapping: null, waits: true };
  const of = { topic: "t", mapping: null, of: null, encoded, waits: true };
  expect(JSON.parse(topicRow({ ...common, payload: null, reading: of }))).toEqual([
    "t",
    3,
    20,
    '{"ts":1.50e1, "v":1.10}',
    true,
    'd"1',
    null,
    null,
    null,
  ]);
  const payload = Buffer.from([0xff, 0, 1]);
  const row = topicRow({ ...common, refused: "not_json", payload, reading: null });
  expect(JSON.parse(row)).toEqual(["t", 3, 20, "hex:ff0001", true, null, null, "not_json", null]);
});

test("text is shown as text, also where a character is cut in two", () => {
  expect(previewOf(Buffer.from("20 °C"))).toBe("20 °C");
  expect(previewOf(Buffer.from("€".repeat(200)).subarray(0, 256))).toBe("€".repeat(85));
  expect(previewOf(Buffer.from("€").subarray(0, 2))).toBe("hex:e282");
  expect(previewOf(Buffer.alloc(256, 0xfe))).toBe(`hex:${"fe".repeat(128)}`);
});

test("rows end at their number and at their bytes", () => {
  const many = new Rows();
  let count = 0;
  while (many.add("1")) count += 1;
  expect(count).toBe(LIVE_ROWS_MAX);
  expect(many.isFull).toBe(true);
  const wide = new Rows();
  while (wide.add(JSON.stringify("€".repeat(500))));
  const bytes = Buffer.byteLength(wide.text);
  expect(bytes).toBeLessThan(LIVE_BYTES_MAX - 1_000);
  expect(bytes).toBeGreaterThan(LIVE_BYTES_MAX * 0.9);
});

test("whatever is in a reading, its rows hold device, contract and payload as they are in the log", () => {
  fc.assert(
    fc.property(
      fc.record({
        device: fc.string({ unit: "grapheme" }),
        contract: fc.string(),
        traceparent: fc.option(fc.string()),
        payload: fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.double(), fc.boolean())),
      }),
      ({ payload, ...of }) => {
        const text = JSON.stringify(payload);
        const one = encodeReading({ ...of, version: 2, receivedAtMs: 7, payload: text });
        const row = readingRow(new Catalog([]), one, { topic: "t", mapping: null });
        expect(JSON.parse(row)).toEqual([
          of.device,
          of.contract,
          2,
          7,
          7,
          "t",
          null,
          JSON.parse(text),
        ]);
        const reading = { topic: "t", mapping: null, of: null, encoded: one, waits: true };
        const common = { ...seen, device: null, mapping: null, waits: true, payload: null };
        const [, , , preview, , by] = JSON.parse(topicRow({ ...common, reading })) as unknown[];
        expect(by).toBe(of.device);
        const beginning = Buffer.from(text.slice(0, PREVIEW_BYTES)).subarray(0, PREVIEW_BYTES);
        expect(preview).toBe(previewOf(beginning));
      },
    ),
  );
});
