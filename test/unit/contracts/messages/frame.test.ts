import { zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  FRAME_VERSION,
  FrameError,
  type FrameReading,
  decodeFrame,
  encodeFrame,
  encodeReading,
  frameMessageId,
  frameOrNull,
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
  expect(encodeFrame(header(1), [one]).toString()).toContain(one);
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

test("a header that cannot be right is no frame, whatever else it holds", () => {
  const lies: object[] = [
    { gateway: 7 },
    { gateway: "" },
    { gateway: "g".repeat(300) },
    { epoch: "" },
    { n: 0 },
    { n: 1.5 },
    { count: -1 },
    { total: -1 },
    { clock: "now" },
    { clock: -1 },
    { clock: 1e300 },
    { v: 2, n: undefined },
    { v: 2, gateway: undefined },
    { v: 1e6 },
    { v: "1" },
  ];
  for (const lie of lies) {
    const bytes = Buffer.from(JSON.stringify([{ ...header(0), ...lie }]));
    expect(frameOrNull(bytes), JSON.stringify(lie)).toBeNull();
  }
});

test("a reading that no gateway writes makes the frame none", () => {
  const right = ["d", "c", 1, 1, null, {}];
  const wrong: [at: number, value: unknown][] = [
    [0, 5],
    [1, null],
    [2, 1.5],
    [2, "1"],
    [3, null],
    [4, { a: 1 }],
    [5, []],
    [5, null],
    [5, "x"],
  ];
  for (const [at, value] of wrong) {
    const bytes = Buffer.from(JSON.stringify([header(1), right.with(at, value as string)]));
    expect(frameOrNull(bytes), JSON.stringify([at, value])).toBeNull();
  }
  expect(frameOrNull(Buffer.from(JSON.stringify([header(1), right])))).not.toBeNull();
});

test("a frame that blows up is not even parsed, and the largest that a gateway makes is read", () => {
  const bomb = zstdCompressSync(Buffer.alloc(60 * 1024 ** 2, "["));
  const cause = (): unknown => {
    try {
      return decodeFrame(bomb);
    } catch (error) {
      return (error as FrameError).cause;
    }
  };
  expect(cause()).toMatchObject({ code: "ERR_BUFFER_TOO_LARGE" });
  // Half of what NATS takes in characters, each of three bytes.
  const one = { device: "d", contract: "c", version: 1, receivedAtMs: 1, traceparent: null };
  const payload = JSON.stringify({ text: "\u20ac".repeat(512 * 1024) });
  const frame = decodeFrame(encodeFrame(header(1), [encodeReading({ ...one, payload })]));
  expect(frame.readings).toHaveLength(1);
});

test("what a decoder would replace silently is no frame", () => {
  const bytes = Buffer.from(`[${JSON.stringify(header(1))},["\xff","c",1,1,null,{}]]`, "latin1");
  expect(frameOrNull(bytes)).toBeNull();
});

test("message ids carry the partition: JetStream de-duplicates per stream", () => {
  expect(frameMessageId(header(0), 0)).not.toBe(frameMessageId(header(0), 1));
});

test("a frame may carry a canary, which is no reading", () => {
  const marked = { ...header(0), canary: 1_700_000_000_123 };
  const { header: back, readings } = decodeFrame(encodeFrame(marked, []));
  expect(back.canary).toBe(1_700_000_000_123);
  expect(readings).toEqual([]);
  for (const canary of [-1, 1e300, "now", null])
    expect(() => decodeFrame(Buffer.from(JSON.stringify([{ ...header(0), canary }])))).toThrow(
      FrameError,
    );
});
