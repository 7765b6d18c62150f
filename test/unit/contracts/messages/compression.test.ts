import fc from "fast-check";
import { constants, zstdCompressSync } from "node:zlib";
import { expect, test } from "vitest";
import {
  COMPRESS_FROM_BYTES,
  compressed,
  decompressed,
} from "../../../../contracts/messages/compression.ts";

const BYTES_MAX = 4 * 1024 * 1024;

/** Text that compresses, as frames do, and bytes that do not. */
const content = fc.oneof(
  fc
    .record({ lines: fc.nat(4_000), of: fc.array(fc.string(), { minLength: 1, maxLength: 9 }) })
    .map(({ lines, of }) =>
      Buffer.from(
        `[${Array.from({ length: lines }, (_, at) => `${of[at % of.length]}${at}`).join()}`,
      ),
    ),
  fc.uint8Array({ maxLength: 70_000 }).map((bytes) => Buffer.concat([Buffer.from("["), bytes])),
);
const large = content.filter(({ length }) => length >= COMPRESS_FROM_BYTES);

test("what was compressed comes back, a small frame as it is", () => {
  fc.assert(
    fc.property(content, (bytes) => {
      const data = compressed(bytes);
      expect(data === bytes).toBe(bytes.length < COMPRESS_FROM_BYTES);
      expect(decompressed(data, BYTES_MAX).equals(bytes)).toBe(true);
    }),
    { numRuns: 200 },
  );
});

test("frames of earlier programs, which are zstd, are read", () => {
  fc.assert(
    fc.property(content, fc.constantFrom(1, 3, 19), (bytes, level) => {
      const params = { [constants.ZSTD_c_compressionLevel]: level };
      const data = zstdCompressSync(bytes, { params });
      expect(decompressed(data, BYTES_MAX).equals(bytes)).toBe(true);
    }),
  );
});

test("a frame that is cut off is refused, or gives what is no whole frame", () => {
  fc.assert(
    fc.property(large, fc.nat(), (bytes, place) => {
      for (const whole of [compressed(bytes), zstdCompressSync(bytes)]) {
        const cut = whole.subarray(0, 4 + (place % (whole.length - 4)));
        expect(() => decompressed(cut, BYTES_MAX)).toThrow();
      }
    }),
  );
});

test("damaged bytes are refused, or give no more than was allowed, and end nothing", () => {
  const wrong = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(large, wrong, (bytes, places) => {
      const data = Buffer.from(compressed(bytes));
      for (const [place, value] of places) data[4 + (place % (data.length - 4))] = value;
      try {
        expect(decompressed(data, BYTES_MAX).length).toBeLessThanOrEqual(BYTES_MAX);
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
      }
    }),
    { numRuns: 1_000 },
  );
});

test("more than is allowed is refused, however small it arrives, before room is made for it", () => {
  for (const compress of [compressed, zstdCompressSync]) {
    const bomb = compress(Buffer.alloc(BYTES_MAX + 1));
    expect(bomb.length).toBeLessThan(20_000);
    expect(() => decompressed(bomb, BYTES_MAX)).toThrow(/larger than|more than/);
    expect(decompressed(compress(Buffer.alloc(BYTES_MAX)), BYTES_MAX)).toHaveLength(BYTES_MAX);
  }
  const liar = Buffer.from([...Buffer.from("LZ4B"), 255, 255, 255, 255, 0]);
  expect(() => decompressed(liar, BYTES_MAX)).toThrow("4294967295 bytes, which is more than");
});

test("a zstd frame with a wrong checksum is refused", () => {
  const params = { [constants.ZSTD_c_checksumFlag]: 1 };
  const frame = zstdCompressSync(Buffer.from("a frame that says what it comes to"), { params });
  expect(decompressed(frame, BYTES_MAX).toString()).toMatch(/^a frame/);
  frame[frame.length - 1]! ^= 1;
  expect(() => decompressed(frame, BYTES_MAX)).toThrow(/checksum/);
});

test("a zstd frame that asks for gigabytes to be read is refused before they are taken", () => {
  const text = Buffer.from("abc");
  // Magic, no single segment, a window of 2^31 bytes, one last raw block.
  const frame = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, (31 - 10) << 3, 0x19, 0, 0, ...text]);
  expect(() => decompressed(frame, BYTES_MAX)).toThrow(/memory/);
  frame[5] = (20 - 10) << 3;
  expect(decompressed(frame, BYTES_MAX)).toEqual(text);
});
