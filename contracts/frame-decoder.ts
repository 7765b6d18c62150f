import { type ZstdDecompress, createZstdDecompress } from "node:zlib";
import { DECODED_BYTES_MAX, type Frame, decodeFrame, isCompressed, parseFrame } from "./frame.ts";

/** Above nearly every frame: then its bytes come in one piece. */
const PIECE_BYTES = 64 * 1024;

/**
 * Decodes the frames of one lane in one zstd context. A context for every frame, as `decodeFrame` makes
 * it, is memory outside the heap: at 700 frames a second the collector marked the whole heap twice a
 * second, which took 5 % of the time and stood in the way of alerts for 10 ms each.
 *
 * Decode one frame at a time: the next one after the promise is settled.
 */
export class FrameDecoder {
  #context: Context | null = null;

  /** @throws FrameError as `decodeFrame` does, and for the same frames. */
  async decode(data: Uint8Array): Promise<Frame> {
    if (!isCompressed(data)) return decodeFrame(data);
    const context = (this.#context ??= new Context());
    try {
      return parseFrame(await context.decompress(data));
    } catch {
      // The context may hold a part of a broken frame: this one, or the next one, must not suffer for it.
      context.destroy();
      this.#context = null;
      return decodeFrame(data);
    }
  }
}

class Context {
  readonly #stream: ZstdDecompress = createZstdDecompress({ chunkSize: PIECE_BYTES });
  #pieces: Buffer[] = [];
  #bytes = 0;
  #fail: (error: Error) => void = () => undefined;

  constructor() {
    this.#stream.on("error", (error) => this.#fail(error));
    this.#stream.on("data", (piece: Buffer) => {
      this.#pieces.push(piece);
      this.#bytes += piece.length;
      if (this.#isTooLarge) this.#stream.destroy(new Error("it is too large"));
    });
  }

  get #isTooLarge(): boolean {
    return this.#bytes > DECODED_BYTES_MAX;
  }

  /** @throws Error if it is no zstd frame, or too large; not if it is cut off. */
  decompress(data: Uint8Array): Promise<Buffer> {
    this.#pieces = [];
    this.#bytes = 0;
    return new Promise((resolve, reject) => {
      this.#fail = reject;
      this.#stream.write(data, (error) => {
        const [first] = this.#pieces;
        if (error) reject(error);
        else if (this.#isTooLarge)
          return; // The stream says so.
        else resolve(first && this.#pieces.length === 1 ? first : Buffer.concat(this.#pieces));
      });
    });
  }

  destroy(): void {
    this.#stream.destroy();
  }
}
