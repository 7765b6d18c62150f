// Goal: a body is what was sent, whole, or it is refused.
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { expect, test } from "vitest";
import { decodedBody } from "../../../../gateway/http/bodies.ts";

const BYTES_MAX = 1024 ** 2;
const READING = Buffer.from('{"seq":1}\n'.repeat(1_000));

test.each([
  ["gzip", gzipSync],
  ["deflate", deflateSync],
  ["br", brotliCompressSync],
  ["zstd", zstdCompressSync],
])("%s: cut off anywhere, or with something behind it, it is refused", async (name, encode) => {
  const body = encode(READING);
  const decoded = (bytes: Buffer) => decodedBody(bytes, name, BYTES_MAX);
  expect(await decoded(body)).toEqual(READING);
  for (const length of [0, 1, 4, body.length >> 1, body.length - 1])
    await expect(decoded(body.subarray(0, length))).rejects.toMatchObject({ status: 400 });
  await expect(decoded(Buffer.concat([body, READING]))).rejects.toMatchObject({ status: 400 });
  // Two of them are both, as in gzip and zstd, or none.
  const twice = decoded(Buffer.concat([body, body]));
  if (name === "gzip" || name === "zstd") expect((await twice).length).toBe(2 * READING.length);
  else await expect(twice).rejects.toMatchObject({ status: 400 });
  const bomb = encode(Buffer.alloc(2 * BYTES_MAX));
  await expect(decoded(bomb)).rejects.toMatchObject({ status: 413 });
});
