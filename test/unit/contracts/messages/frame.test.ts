import fc from "fast-check";
import { expect, test } from "vitest";
import {
  COMPRESS_FROM_BYTES,
  FRAME_VERSION,
  FrameError,
  type FrameReading,
  decodeFrame,
  encodeFrame,
  encodeReading,
  frameMessageId,
} from "../../../../contracts/messages/frame.ts";

const header = (count: number, v = FRAME_VERSION) => ({
  v,
  gateway: "gateway-1",
  epoch: "ab12",
  n: 7,
  count,
  total: 100 + count,
  clock: 1_700_000_000_000,
});

const reading = fc.record({
  device: fc.string(),
  contract: fc.string(),
  version: fc.integer({ min: 1, max: 99 }),
  receivedAtMs: fc.integer({ min: 0, max: 2 ** 45 }),
  traceparent: fc.option(fc.string()),
  payload: fc.dictionary(fc.string(), fc.jsonValue({ noUnicodeString: false })),
});

const encode = (readings: readonly FrameReading[]): Buffer =>
  encodeFrame(
    header(readings.length),
    readings.map((one) => encodeReading({ ...one, payload: JSON.stringify(one.payload) })),
  );

test("what is encoded comes back, compressed or not", () => {
  fc.assert(
    fc.property(fc.array(reading, { maxLength: 40 }), (readings) => {
      const frame = decodeFrame(encode(readings));
      expect(frame.header).toEqual(header(readings.length));
      expect(JSON.stringify(frame.readings)).toBe(JSON.stringify(readings));
    }),
  );
});

test("a payload is spliced in as it was received, white space and all", () => {
  const payload = '{ "a" :\n1.50 }';
  const one = { device: "d", contract: "c", version: 1, receivedAtMs: 1, traceparent: null };
  const bytes = encodeFrame(header(1), [encodeReading({ ...one, payload })]);
  expect(bytes.toString()).toContain(payload);
});

test("a large frame is compressed", () => {
  const one = encodeReading({
    device: "room-eu-01",
    contract: "environment",
    version: 1,
    receivedAtMs: 1,
    traceparent: null,
    payload: '{"seq":1,"co2":700}',
  });
  const bytes = encodeFrame(header(500), new Array<string>(500).fill(one));
  expect(bytes.length).toBeLessThan((one.length * 500) / 10);
  expect(bytes.length).toBeGreaterThan(0);
  expect(encodeFrame(header(1), [one]).length).toBeLessThan(COMPRESS_FROM_BYTES);
});

test("an unknown version, a wrong count and rubbish are errors, never skipped", () => {
  expect(() => decodeFrame(encodeFrame(header(0, 2), []))).toThrow(/format version 2/);
  expect(() => decodeFrame(encodeFrame(header(3), []))).toThrow(/says 3 readings and holds 0/);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      expect(() => decodeFrame(bytes)).toThrow(FrameError);
    }),
  );
});

test("message ids carry the partition: JetStream de-duplicates per stream", () => {
  expect(frameMessageId(header(0), 0)).not.toBe(frameMessageId(header(0), 1));
});
