import fc from "fast-check";
import { zstdDecompressSync } from "node:zlib";
import { expect, test } from "vitest";
import {
  COMPRESS_FROM_BYTES,
  decodeFrame,
  frameBytes,
} from "../../../../contracts/messages/frame.ts";
import { makeFrameCompressor } from "../../../../gateway/ingest/frame-compressor.ts";

test("every frame can be decompressed alone, whatever came before it in the context", async () => {
  const compress = makeFrameCompressor();
  const sizes = fc.integer({ min: COMPRESS_FROM_BYTES, max: 300_000 });
  await fc.assert(
    fc.asyncProperty(sizes, fc.nat(255), async (size, seed) => {
      const bytes = Buffer.from(
        Array.from({ length: size }, (_, at) => ((at * seed) ^ (at >> 7)) & 0xff),
      );
      expect(Buffer.compare(zstdDecompressSync(await compress(bytes)), bytes)).toBe(0);
    }),
    { numRuns: 40 },
  );
});

test("a reader decodes it as a frame; a small one stays as it is", async () => {
  const compress = makeFrameCompressor();
  const header = { v: 1, gateway: "g", epoch: "e", n: 1, clock: 1 };
  for (const count of [1, 100]) {
    const readings = new Array<string>(count).fill('["d","c",1,1,null,{"seq":1}]');
    const bytes = frameBytes({ ...header, count, total: count }, readings);
    const compressed = await compress(bytes);
    expect(compressed === bytes).toBe(count === 1);
    expect(decodeFrame(compressed).readings).toHaveLength(count);
  }
});
