// How the bytes of a frame are compressed. LZ4 on the thread that needs it: a frame under load holds a few
// readings, and handing it to another thread, or making an object for it, costs more than the compression.
//
//   "LZ4B", the length of what was compressed (32 bits, little-endian), one LZ4 block
//
// Frames of earlier programs are single zstd frames; they are read, and nobody writes them any more.
// Sources: "LZ4 Block Format Description" of the lz4 project; RFC 8878 for zstd.
import { zstdDecompressSync } from "node:zlib";
import { compressSync, uncompressSync } from "lz4-napi";

/** Below this many bytes compression saves too little. */
export const COMPRESS_FROM_BYTES = 512;

const LZ4_MAGIC = Buffer.from("LZ4B", "latin1");
const LZ4_HEADER_BYTES = LZ4_MAGIC.length + 4;
const ZSTD_MAGIC = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);

/** The bytes as they are sent: compressed, or themselves where that saves too little. */
export const compressed = (bytes: Buffer): Buffer =>
  bytes.length < COMPRESS_FROM_BYTES ? bytes : Buffer.concat([LZ4_MAGIC, compressSync(bytes)]);

/**
 * What {@link compressed}, or an earlier program, was given.
 * @throws Error if it is damaged or cut off, or has more than `bytesMax` bytes.
 */
export function decompressed(data: Uint8Array, bytesMax: number): Buffer {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  if (begins(bytes, LZ4_MAGIC)) return lz4Content(bytes, bytesMax);
  if (begins(bytes, ZSTD_MAGIC)) return zstdDecompressSync(bytes, { maxOutputLength: bytesMax });
  return bytes;
}

function lz4Content(bytes: Buffer, bytesMax: number): Buffer {
  if (bytes.length < LZ4_HEADER_BYTES) throw new Error("it is cut off");
  const length = bytes.readUInt32LE(LZ4_MAGIC.length);
  // The library makes room for what the length says before it looks further.
  if (length > bytesMax)
    throw new Error(`it says ${length} bytes, which is more than ${bytesMax} bytes`);
  const content = uncompressSync(bytes.subarray(LZ4_MAGIC.length));
  if (content.length !== length)
    throw new Error(`it says ${length} bytes and holds ${content.length}`);
  return content;
}

const begins = (bytes: Buffer, magic: Buffer): boolean =>
  bytes.length >= magic.length && magic.every((byte, at) => bytes[at] === byte);
