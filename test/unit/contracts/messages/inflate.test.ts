import fc from "fast-check";
import { constants, zstdCompressSync } from "node:zlib";
import { expect, test } from "vitest";
import { inflate } from "../../../../contracts/messages/inflate.ts";
import { makeFrameCompressor } from "../../../../gateway/ingest/frame-compressor.ts";

const BYTES_MAX = 4 * 1024 * 1024;

/** Text that compresses, as frames do, and bytes that do not. */
const content = fc.oneof(
  fc
    .record({ lines: fc.nat(4_000), of: fc.array(fc.string(), { minLength: 1, maxLength: 9 }) })
    .map(({ lines, of }) =>
      Buffer.from(Array.from({ length: lines }, (_, at) => `${of[at % of.length]}${at}`).join()),
    ),
  fc.uint8Array({ maxLength: 70_000 }).map((bytes) => Buffer.from(bytes)),
);
const level = fc.constantFrom(1, 3, 19);

test("what was compressed comes back, by the gateway or in one go, at any level", async () => {
  const compress = makeFrameCompressor();
  await fc.assert(
    fc.asyncProperty(content, level, async (bytes, at) => {
      const params = { [constants.ZSTD_c_compressionLevel]: at };
      expect(inflate(zstdCompressSync(bytes, { params }), BYTES_MAX).equals(bytes)).toBe(true);
      if (bytes.length >= 512)
        expect(inflate(await compress(bytes), BYTES_MAX).equals(bytes)).toBe(true);
    }),
    { numRuns: 60 },
  );
});

test("a frame that is cut off is refused", () => {
  fc.assert(
    fc.property(content, fc.nat(), (bytes, place) => {
      const whole = zstdCompressSync(bytes);
      const cut = whole.subarray(0, 1 + (place % (whole.length - 1)));
      expect(() => inflate(cut, BYTES_MAX)).toThrow();
    }),
  );
});

test("more than is allowed is refused, however small it arrives", () => {
  const bomb = zstdCompressSync(Buffer.alloc(BYTES_MAX + 1));
  expect(bomb.length).toBeLessThan(1_000);
  expect(() => inflate(bomb, BYTES_MAX)).toThrow(/larger than/);
  expect(inflate(zstdCompressSync(Buffer.alloc(BYTES_MAX)), BYTES_MAX)).toHaveLength(BYTES_MAX);
});

test("a frame with a wrong checksum is refused", () => {
  const params = { [constants.ZSTD_c_checksumFlag]: 1 };
  const frame = zstdCompressSync(Buffer.from("a frame that says what it comes to"), { params });
  expect(inflate(frame, BYTES_MAX).toString()).toMatch(/^a frame/);
  frame[frame.length - 1]! ^= 1;
  expect(() => inflate(frame, BYTES_MAX)).toThrow(/checksum/);
});

test("a frame that asks for gigabytes to be read is refused before they are taken", () => {
  const content = Buffer.from("abc");
  // Magic, no single segment, a window of 2^31 bytes, one last raw block.
  const frame = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, (31 - 10) << 3, 0x19, 0, 0, ...content]);
  expect(() => inflate(frame, BYTES_MAX)).toThrow(/memory/);
  frame[5] = (20 - 10) << 3;
  expect(inflate(frame, BYTES_MAX)).toEqual(content);
});
