// The bytes of one socket: read in slices, handed on to become packets, paused; answers collected, written.
//
// C1. Its bytes become packets in packet-stream.ts.
// C2. The socket is read only while nothing pauses it, and while paused its keep-alive stands
//     still: a client is never punished for our not reading (broker.ts/B3).
// C3. What was answered outlives the process: the store is committed before answers are written.
// C4. Answers that say that the store has something are not written if it has failed since: their connection ends, and
//     its client sends again what was not answered.
import type { Duplex } from "node:stream";
import type { BrokerCounters } from "../broker.ts";
import { count } from "../counters.ts";
import type { Limits } from "../options.ts";
import type { SessionStore } from "../session/session-store.ts";
import type { Flushable, Flusher } from "./flusher.ts";
import { type PacketOwner, PacketStream } from "./packet-stream.ts";
import { PAUSE, PAUSE_NAMES, type Pausable, type Pause } from "./pauses.ts";

/** Bytes parsed between two looks at the bounds: a bound is overshot by at most this much. */
const SLICE_BYTES = 16 * 1024;
/** Before CONNECT is answered: bounds what can pile up behind it. */
const FIRST_SLICE_BYTES = 1024;

/** The connection, as its bytes see it. */
export interface ChannelOwner extends Flushable, PacketOwner {
  readonly open: boolean;
  readonly gone: boolean;
  /** The socket has written everything that waited in it. */
  drained(): void;
  /** The store lacks something that was to be answered. */
  unstored(): void;
}

export interface ChannelParts {
  readonly flusher: Flusher;
  readonly store: Pick<SessionStore, "commit" | "failures">;
  readonly counters: BrokerCounters;
  readonly limits: Pick<Limits, "packetBytesMax">;
}

export class Channel implements Pausable {
  readonly stream: Duplex;
  /** Time of the last bytes; reading the clock per packet would cost more than the rate bucket. */
  readAtMs = 0;
  // Kept by sweep.ts: sweeps since bytes last came, and since waiting bytes last became fewer.
  idleSweeps = 0;
  stalledSweeps = 0;
  waitingBytes = 0;
  readonly #owner: ChannelOwner;
  readonly #parts: ChannelParts;
  readonly #packets: PacketStream;
  #pausedBy = 0;
  #reading = false;
  /** Read from the socket and not parsed yet. */
  #rest: Buffer | null = null;
  /** Four-byte answers to write. */
  #answers: number[] = [];
  /** Failures of the store before what they answer; any number will do if they do not depend on it (C4). */
  #asOf: number | null = null;

  constructor(parts: ChannelParts, owner: ChannelOwner, stream: Duplex) {
    this.#parts = parts;
    this.#owner = owner;
    this.stream = stream;
    this.#packets = new PacketStream(parts.limits.packetBytesMax, owner);
  }

  start(): void {
    this.stream.on("readable", this.#read);
  }

  get paused(): boolean {
    return this.#pausedBy !== 0;
  }

  pause(reason: Pause): void {
    if (this.#pausedBy & reason) return;
    this.#pausedBy |= reason;
    if (reason !== PAUSE.connecting) count(this.#parts.counters.paused, PAUSE_NAMES[reason]);
  }

  resume(reason: Pause): void {
    if (!(this.#pausedBy & reason)) return;
    this.#pausedBy &= ~reason;
    this.idleSweeps = 0; // C2: the keep-alive starts anew.
    if (this.#pausedBy === 0) setImmediate(this.#read);
  }

  /** Queues a four-byte answer; those of one turn of the event loop leave in one write. See `Peer`. */
  answer(word: number, asOf?: number): void {
    if (this.#answers.length === 0) this.#parts.flusher.soon(this.#owner);
    this.#answers.push(word);
    this.#parts.counters.packetsSent++;
    if (asOf !== undefined) this.#asOf ??= asOf;
  }

  flush(): void {
    const words = this.#answers;
    if (words.length === 0) return;
    this.#answers = []; // Before anything can throw: closing flushes once more.
    const asOf = this.#asOf;
    this.#asOf = null;
    const { store } = this.#parts;
    store.commit(); // C3
    if (asOf !== null && store.failures !== asOf) return this.#owner.unstored(); // C4
    const bytes = Buffer.allocUnsafe(words.length * 4);
    for (let index = 0; index < words.length; index++)
      bytes.writeUInt32BE(words[index]!, index * 4);
    this.#send(bytes);
  }

  /** Writes behind all queued answers. */
  write(bytes: Buffer): void {
    this.#parts.counters.packetsSent++;
    this.flush();
    this.#send(bytes);
  }

  /**
   * Reads on, only to throw it away: closing a socket over unread bytes resets it, and the peer's
   * stack may then drop the last answer before its program has seen it.
   */
  discardInput(): void {
    this.stream.removeListener("readable", this.#read).resume();
  }

  /** The socket is closed. */
  stop(): void {
    this.#rest = null;
  }

  #send(bytes: Buffer): void {
    if (this.stream.destroyed || !this.stream.writable) return;
    // A client that does not take its answers is not read until it does.
    if (!this.stream.write(bytes) && !(this.#pausedBy & PAUSE.writing)) {
      this.pause(PAUSE.writing);
      this.stream.once("drain", () => {
        this.resume(PAUSE.writing);
        this.#owner.drained();
      });
    }
  }

  readonly #read = (): void => {
    if (this.#reading) return;
    this.#reading = true;
    while (this.#pausedBy === 0 && !this.#owner.gone) {
      const chunk: Buffer | null = this.#rest ?? (this.stream.read() as Buffer | null);
      if (chunk === null) break;
      this.idleSweeps = 0;
      this.readAtMs = performance.now();
      const sliceBytes = this.#owner.open ? SLICE_BYTES : FIRST_SLICE_BYTES;
      this.#rest = chunk.length > sliceBytes ? chunk.subarray(sliceBytes) : null;
      this.#packets.push(this.#rest ? chunk.subarray(0, sliceBytes) : chunk);
    }
    this.#reading = false;
  };
}
