// A value of any size in a bucket: compressed, in chunks, in slots that take turns, so that the one that a
// record elsewhere points to is whole while the next one is written. There are three: whether a record was
// written may be unknown, and then neither its slot nor the one before may be touched.
//
// K1. A value counts only from when somebody keeps its reference; a kill before that leaves the old one.
// K2. What a reference names is read as it was written, or not at all.
import { subtle } from "node:crypto";
import { promisify } from "node:util";
import { constants, zstdCompress, zstdDecompress } from "node:zlib";
import { AppError } from "../../runtime/errors.ts";
import type { Bucket } from "./bucket.ts";

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);
const FAST = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
const SLOTS = [0, 1, 2];
/** Half of what a message may hold. */
const CHUNK_BYTES = 512 * 1024;
/** A value is never larger than this, whatever its chunks claim. */
const VALUE_BYTES_MAX = 1024 ** 3;

/** The place of a value. */
export interface ChunkedRef {
  readonly slot: number;
  readonly chunks: number;
  /** Hash of the bytes in the chunks. */
  readonly sha256: string;
}

const chunkKey = (name: string, slot: number, chunk: number): string => `${name}.${slot}.${chunk}`;
/** Not on this thread: a value may have megabytes. */
const digest = async (bytes: Uint8Array<ArrayBuffer>): Promise<string> =>
  Buffer.from(await subtle.digest("SHA-256", bytes)).toString("hex");

/**
 * Writes a value into a slot that neither `before` nor `attempted` names.
 * @param name a key of the bucket without wildcards.
 * @param attempted what may or may not be kept instead of `before`.
 * @returns `before` itself if it names the same value.
 * @throws whatever the bucket does; then nothing has changed for whoever holds `before`.
 */
export async function saveChunked(
  bucket: Bucket,
  name: string,
  value: Uint8Array,
  before: ChunkedRef | null,
  attempted: ChunkedRef | null = null,
): Promise<ChunkedRef> {
  const bytes = await compress(value, FAST);
  const sha256 = await digest(bytes);
  if (before?.sha256 === sha256) return before;
  const slot = SLOTS.find((each) => each !== before?.slot && each !== attempted?.slot)!;
  const chunks = Math.ceil(bytes.length / CHUNK_BYTES);
  for (let chunk = 0; chunk < chunks; chunk++) {
    const part = bytes.subarray(chunk * CHUNK_BYTES, (chunk + 1) * CHUNK_BYTES);
    await bucket.put(chunkKey(name, slot, chunk), part);
  }
  return { slot, chunks, sha256 };
}

/** @throws AppError `STATE_LOST` (reject) if the bucket does not hold it whole (K2). */
export async function loadChunked(bucket: Bucket, name: string, ref: ChunkedRef): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for (let chunk = 0; chunk < ref.chunks; chunk++) {
    const record = await bucket.get(chunkKey(name, ref.slot, chunk));
    if (!record?.data) throw lost(name, `chunk ${chunk} is gone`);
    parts.push(record.data);
  }
  const bytes = Buffer.concat(parts);
  if ((await digest(bytes)) !== ref.sha256) throw lost(name, "it is another one than was saved");
  return decompress(bytes, { maxOutputLength: VALUE_BYTES_MAX });
}

const lost = (name: string, why: string): AppError =>
  new AppError("STATE_LOST", "reject", `${name}: ${why}`);
