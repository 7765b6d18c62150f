import fc from "fast-check";
import { constants, zstdCompressSync } from "node:zlib";
import { expect, test } from "vitest";
import { FrameDecoder } from "../../../contracts/frame-decoder.ts";
import {
  DECODED_BYTES_MAX,
  FRAME_VERSION,
  FrameError,
  decodeFrame,
  encodeFrame,
  frameBytes,
} from "../../../contracts/frame.ts";

const HEADER = { v: FRAME_VERSION, gateway: "g", epoch: "e", n: 1, total: 1, clock: 1 };
const frame = (count: number, text: string): Buffer =>
  encodeFrame(
    { ...HEADER, count },
    Array.from({ length: count }, (_, at) => `["d","c",1,1,null,{"${text}":${at}}]`),
  );

/** What one context makes of bytes, or of what is left of them. */
const bytes = fc.oneof(
  { weight: 4, arbitrary: fc.record({ count: fc.nat(3_000), text: fc.base64String() }) },
  {
    weight: 1,
    arbitrary: fc.record({ count: fc.nat(3_000), cut: fc.integer({ min: 1, max: 40 }) }),
  },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 64 }) },
);

const toBytes = (of: { count: number; text?: string; cut?: number } | Uint8Array): Uint8Array => {
  if (of instanceof Uint8Array) return of;
  const whole = frame(of.count, of.text ?? "cut");
  return of.cut === undefined ? whole : whole.subarray(0, Math.max(4, whole.length - of.cut));
};

test("frames of all sizes and broken ones, one after another: each as if it were the only one", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(bytes, { maxLength: 12 }), async (all) => {
      const decoder = new FrameDecoder();
      for (const data of all.map(toBytes)) {
        let expected: unknown = null;
        try {
          expected = decodeFrame(data);
        } catch (error) {
          if (!(error instanceof FrameError)) throw error;
        }
        if (expected) expect(await decoder.decode(data)).toEqual(expected);
        else await expect(decoder.decode(data)).rejects.toThrow(FrameError);
      }
    }),
  );
});

test("a frame that claims to be larger than any is refused, and the next one is read", async () => {
  const decoder = new FrameDecoder();
  const bomb = zstdCompressSync(Buffer.alloc(DECODED_BYTES_MAX + 1, "["));
  await expect(decoder.decode(bomb)).rejects.toThrow(FrameError);
  expect((await decoder.decode(frame(500, "after"))).readings).toHaveLength(500);
});

test("a frame whose end mark is all that it lacks does not spoil the next one", async () => {
  const decoder = new FrameDecoder();
  const head = frameBytes({ ...HEADER, count: 0 }, []);
  const params = { [constants.ZSTD_c_checksumFlag]: 1 };
  const unended = zstdCompressSync(head, { params }).subarray(0, -4);
  expect(() => decodeFrame(unended)).toThrow(FrameError);
  await decoder.decode(unended).catch(() => undefined);
  expect((await decoder.decode(frame(500, "after"))).readings).toHaveLength(500);
});
