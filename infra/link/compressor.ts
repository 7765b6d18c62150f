// One direction of a link: bytes in, compressed bytes out, or the other way round.
//
// W1. One zstd stream for the life of the connection, so that what comes again and again is said once; it is
//     flushed whenever there is nothing more to compress: no byte waits for a later one.
// W2. What comes while a piece is being compressed goes with the next one: more at once compresses better.
// W3. Whoever writes faster than the other end takes is not read; nothing piles up here.
// Source: RFC 8878, zstd frames of several blocks, flushed between them.
import type { Duplex } from "node:stream";
import {
  type ZstdCompress,
  type ZstdDecompress,
  constants,
  createZstdCompress,
  createZstdDecompress,
} from "node:zlib";

/** Each side keeps as much of what has passed for each direction: a reader must make room for it. */
const WINDOW_LOG = 20;
const LEVEL = 3;
/** Bytes that wait for the compressor before their writer is not read any more (W3). */
const WAITING_BYTES_MAX = 256 * 1024;

/** Counts the bytes of one direction. */
export interface Passed {
  /** As nats-servers write them. */
  plain: number;
  /** As they cross the WAN. */
  wire: number;
}

/** Compresses what `from` says, and writes it to `to`. */
export function compressInto(from: Duplex, to: Duplex, passed: Passed): void {
  const stream = createZstdCompress({
    flush: constants.ZSTD_e_flush,
    params: {
      [constants.ZSTD_c_compressionLevel]: LEVEL,
      [constants.ZSTD_c_windowLog]: WINDOW_LOG,
    },
  });
  new Way(from, stream, to, {
    read: (bytes) => (passed.plain += bytes),
    written: (bytes) => (passed.wire += bytes),
  });
}

/** The other way round. Damaged input ends both sockets. */
export function decompressInto(from: Duplex, to: Duplex, passed: Passed): void {
  const params = { [constants.ZSTD_d_windowLogMax]: WINDOW_LOG };
  const stream = createZstdDecompress({ flush: constants.ZSTD_e_flush, params });
  new Way(from, stream, to, {
    read: (bytes) => (passed.wire += bytes),
    written: (bytes) => (passed.plain += bytes),
  });
}

interface Counting {
  readonly read: (bytes: number) => void;
  readonly written: (bytes: number) => void;
}

class Way {
  readonly #from: Duplex;
  readonly #stream: ZstdCompress | ZstdDecompress;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #isBusy = false;
  #isFull = false;

  constructor(
    from: Duplex,
    stream: ZstdCompress | ZstdDecompress,
    to: Duplex,
    { read, written }: Counting,
  ) {
    this.#from = from;
    this.#stream = stream;
    from.on("data", (chunk: Buffer) => {
      read(chunk.length);
      this.#waiting.push(chunk);
      this.#waitingBytes += chunk.length;
      if (this.#waitingBytes > WAITING_BYTES_MAX) from.pause();
      this.#next();
    });
    stream.on("data", (chunk: Buffer) => {
      written(chunk.length);
      if (to.destroyed || to.write(chunk) || this.#isFull) return;
      // A few bytes may stand for millions.
      this.#isFull = true;
      stream.pause();
      to.once("drain", () => {
        this.#isFull = false;
        stream.resume();
        this.#next();
      });
    });
    stream.on("error", (error) => from.destroy(error));
    from.once("close", () => stream.destroy());
  }

  #next(): void {
    if (this.#isBusy || this.#isFull || this.#waiting.length === 0 || this.#stream.destroyed)
      return;
    this.#isBusy = true;
    const bytes = Buffer.concat(this.#waiting, this.#waitingBytes); // W2
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#from.resume();
    this.#stream.write(bytes, () => {
      this.#isBusy = false;
      this.#next();
    });
  }
}
