import { zstdDecompressSync } from "node:zlib";
import { Decompress } from "fzstd";

/**
 * The content of one zstd frame. Node's own function makes a stream object for every frame, which outlives
 * the young generation: at 700 frames a second the collector went through the alerting engine's whole heap
 * twice a second, 10 ms each. So frames as gateways make them are read by a library, and what it cannot
 * read, or would not check, is left to Node.
 *
 * @throws Error if it is no zstd frame, is cut off, or has more than `bytesMax` bytes.
 */
export function inflate(data: Uint8Array, bytesMax: number): Buffer {
  if (isPlain(data, bytesMax))
    try {
      return inflatePlain(data, bytesMax);
    } catch {
      // Node says what is wrong.
    }
  return zstdDecompressSync(data, { maxOutputLength: bytesMax });
}

/** A reader has to make room for the window that a frame asks for, whatever it holds. */
const WINDOW_LOG_MAX = 20;
const [SINGLE_SEGMENT, CHECKSUM_OR_DICTIONARY] = [0b0010_0000, 0b0000_1111];

/** No checksum, no dictionary, and no more room asked for than there is. Source: RFC 8878, section 3.1.1.1. */
function isPlain(data: Uint8Array, bytesMax: number): boolean {
  if (data.length < 10) return false;
  const [descriptor, next] = [data[4]!, data[5]!];
  if ((descriptor & CHECKSUM_OR_DICTIONARY) !== 0) return false;
  if ((descriptor & SINGLE_SEGMENT) === 0) return 10 + (next >> 3) <= WINDOW_LOG_MAX;
  const { buffer, byteOffset, length } = data;
  const size = new DataView(buffer, byteOffset, length);
  switch (descriptor >> 6) {
    case 0:
      return next <= bytesMax;
    case 1:
      return size.getUint16(5, true) + 256 <= bytesMax;
    case 2:
      return size.getUint32(5, true) <= bytesMax;
    default:
      return false;
  }
}

function inflatePlain(data: Uint8Array, bytesMax: number): Buffer {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  const stream = new Decompress((piece) => {
    if (piece.length > 0) pieces.push(piece);
    bytes += piece.length;
    if (bytes > bytesMax) throw new RangeError(`more than ${bytesMax} bytes`);
  });
  stream.push(data, true);
  const [first] = pieces;
  if (!first || pieces.length > 1) return Buffer.concat(pieces, bytes);
  return Buffer.from(first.buffer, first.byteOffset, first.byteLength);
}
