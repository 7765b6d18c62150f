// One direction of a link: bytes in, compressed bytes out, or the other way round.
//
// W1. One zstd stream for the life of the connection, so that what comes again and again is said once; it is
//     flushed whenever there is nothing more to compress: no byte waits for a later one.
// W2. What comes while a piece is being compressed goes with the next one: more at once compresses better.
// W3. Whoever writes faster than the other end takes is not read; nothing piles up here.
// W4. With a limit, what crosses the WAN in a second is no more than that, and what waits meanwhile waits by turns
//     (waiting-messages.ts): it has to be read to be known, so more of it is kept than without.
// Source: RFC 8878, zstd frames of several blocks, flushed between them.
import type { Duplex } from "node:stream";
import {
  type ZstdCompress,
  type ZstdDecompress,
  constants,
  createZstdCompress,
  createZstdDecompress,
} from "node:zlib";
import type { Allowance } from "./allowance.ts";
import { LeafInfo } from "./leaf-info.ts";
import { LeafMessages } from "./leaf-messages.ts";
import type { WaitingMessages } from "./waiting-messages.ts";

/** Each side keeps as much of what has passed for each direction: a reader must make room for it. */
const WINDOW_LOG = 20;
const LEVEL = 3;
/** Bytes that wait for the compressor before their writer is not read any more (W3). */
const WAITING_BYTES_MAX = 256 * 1024;
/** The same with a limit: more than a mirror is sent before it has to answer, which is 32 MiB. */
const WAITING_BY_TURNS_MAX = 64 * 1024 * 1024;
/** Compressed at once with a limit: what is urgent waits for no more, unless one message is larger. */
const PIECE_BYTES_MAX = 16 * 1024;

/** Counts the bytes of one direction. */
export interface Passed {
  /** As nats-servers write them. */
  plain: number;
  /** As they cross the WAN. */
  wire: number;
}

/** Bytes that wait to be compressed or decompressed. */
interface Waiting {
  readonly bytes: number;
  readonly bytesMax: number;
  add(chunk: Buffer): void;
  /** Takes all that waits, or with a limit as much as is sent before the next look (W4). */
  take(): Buffer;
}

/** The bytes that may be sent, and those that wait until they may. */
export interface Limit {
  readonly allowance: Allowance;
  readonly waiting: WaitingMessages;
  /** Called once if what passes has no messages that could be told apart: it goes in the order in which it comes. */
  readonly onUnreadable: () => void;
}

export interface Sending {
  /** Whether it is the side that is dialled: its first line says how the two may speak. */
  readonly isDialled: boolean;
  readonly limit: Limit | undefined;
}

/** Compresses what `from` says, and writes it to `to`. */
export function compressInto(
  from: Duplex,
  to: Duplex,
  passed: Passed,
  { isDialled, limit }: Sending,
): void {
  const stream = createZstdCompress({
    flush: constants.ZSTD_e_flush,
    params: {
      [constants.ZSTD_c_compressionLevel]: LEVEL,
      [constants.ZSTD_c_windowLog]: WINDOW_LOG,
    },
  });
  const allowance = limit?.allowance;
  const counting: Counting = {
    read: (bytes) => (passed.plain += bytes),
    written: (bytes) => {
      passed.wire += bytes;
      allowance?.spend(bytes);
    },
  };
  const taken = limit ? byTurns(limit) : together();
  const waiting = isDialled ? withoutCompression(taken) : taken;
  new Way(from, { stream, waiting, allowance }, to, counting);
}

/** The other way round. Damaged input ends both sockets. */
export function decompressInto(from: Duplex, to: Duplex, passed: Passed): void {
  const params = { [constants.ZSTD_d_windowLogMax]: WINDOW_LOG };
  const stream = createZstdDecompress({ flush: constants.ZSTD_e_flush, params });
  new Way(from, { stream, waiting: together(), allowance: undefined }, to, {
    read: (bytes) => (passed.wire += bytes),
    written: (bytes) => (passed.plain += bytes),
  });
}

function withoutCompression(waiting: Waiting): Waiting {
  const info = new LeafInfo();
  return {
    get bytes() {
      return waiting.bytes;
    },
    bytesMax: waiting.bytesMax,
    add: (chunk) => waiting.add(info.take(chunk)),
    take: () => waiting.take(),
  };
}

/** Bytes that go in the order in which they came, all at once (W2). */
function together(): Waiting {
  let chunks: Buffer[] = [];
  let bytes = 0;
  return {
    get bytes() {
      return bytes;
    },
    bytesMax: WAITING_BYTES_MAX,
    add: (chunk) => {
      chunks.push(chunk);
      bytes += chunk.length;
    },
    take: () => {
      const all = Buffer.concat(chunks, bytes);
      chunks = [];
      bytes = 0;
      return all;
    },
  };
}

function byTurns({ waiting, onUnreadable }: Limit): Waiting {
  const messages = new LeafMessages();
  return {
    get bytes() {
      return waiting.total;
    },
    bytesMax: WAITING_BY_TURNS_MAX,
    add: (chunk) => {
      const wasReadable = !messages.isUnreadable;
      for (const message of messages.take(chunk)) waiting.add(message);
      if (wasReadable && messages.isUnreadable) onUnreadable();
    },
    take: () => waiting.take(PIECE_BYTES_MAX),
  };
}

interface Counting {
  readonly read: (bytes: number) => void;
  readonly written: (bytes: number) => void;
}

interface Means {
  readonly stream: ZstdCompress | ZstdDecompress;
  readonly waiting: Waiting;
  readonly allowance: Allowance | undefined;
}

class Way {
  readonly #from: Duplex;
  readonly #means: Means;
  #isBusy = false;
  #isFull = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(from: Duplex, means: Means, to: Duplex, { read, written }: Counting) {
    this.#from = from;
    this.#means = means;
    const { stream, waiting } = means;
    from.on("data", (chunk: Buffer) => {
      read(chunk.length);
      waiting.add(chunk);
      if (waiting.bytes > waiting.bytesMax) from.pause();
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
    from.once("close", () => {
      clearTimeout(this.#timer);
      stream.destroy();
    });
  }

  #next(): void {
    const { stream, waiting, allowance } = this.#means;
    if (this.#isBusy || this.#isFull || waiting.bytes === 0 || stream.destroyed) return;
    const waitMs = allowance?.waitMs(performance.now()) ?? 0;
    if (waitMs > 0) {
      this.#timer ??= setTimeout(() => {
        this.#timer = undefined;
        this.#next();
      }, waitMs);
      return;
    }
    this.#isBusy = true;
    const bytes = waiting.take(); // W2
    if (waiting.bytes <= waiting.bytesMax) this.#from.resume();
    stream.write(bytes, () => {
      this.#isBusy = false;
      this.#next();
    });
  }
}
