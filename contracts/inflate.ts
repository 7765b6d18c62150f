import { zstdDecompressSync } from "node:zlib";
import { Decompress } from "fzstd";

/**
 * The content of one zstd frame. Node's own function makes a stream object for every frame, which outlives
 * the young generation: at 700 frames a second the collector went through the alerting engine's whole heap
 * twice a second, 10 ms each. What the library cannot read Node decides.
 *
 * @throws Error if it is no zstd frame, is cut off, or has more than `bytesMax` bytes.
 */
export function inflate(data: Uint8Array, bytesMax: number): Buffer {
  try {
    return inflateInPlace(data, bytesMax);
  } catch {
    return zstdDecompressSync(data, { maxOutputLength: bytesMax });
  }
}

function inflateInPlace(data: Uint8Array, bytesMax: number): Buffer {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  const stream = new Decompress((piece) => {
    pieces.push(piece);
    bytes += piece.length;
    if (bytes > bytesMax) throw new RangeError(`more than ${bytesMax} bytes`);
  });
  stream.push(data, true);
  const [first] = pieces;
  if (!first || pieces.length > 1) return Buffer.concat(pieces, bytes);
  return Buffer.from(first.buffer, first.byteOffset, first.byteLength);
}
