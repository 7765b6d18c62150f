// The frames of a region's log in their order, a few at a time, for a reader that often has no room for more. Without a feed
// (platform/nats/client/feeds.ts): pushed to every gateway all the time, the log would cost those that have no group as much.
//
// T1. Nothing is passed over unnoticed: of frames that are gone those that retention removed are told.
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { telemetryFilter, telemetryStream } from "../../contracts/names/subjects.ts";
import { translate } from "../../platform/nats/client/errors.ts";
import type { LogEntry } from "../../platform/nats/client/log-entry.ts";
import { readRange } from "../../platform/nats/client/stored-range.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import type { LostFrames } from "./log-message.ts";

/** Sequences that are asked for at once: so much is held beside what the group has in hand. */
const BATCH = 64;
/** A log in which nothing is new is asked for its state as seldom as this. */
const STATE_EVERY_MS = 1_000;
const ASK_WITHIN_MS = 5_000;

/** A frame, or those that a reader can never have. */
export type Tail =
  | { readonly kind: "frame"; readonly entry: LogEntry }
  | { readonly kind: "lost"; readonly frames: LostFrames };

export class LogTail {
  readonly #connection: NatsConnection;
  readonly #stream: string;
  readonly #subject: string;
  readonly #streams: Streams;
  #next: number;
  #lastSeq = 0;
  #isRolledBack = false;
  #stateAtMs = -Infinity;

  /** @param next the first sequence that is wanted. */
  constructor(connection: NatsConnection, region: string, next: number) {
    this.#connection = connection;
    this.#stream = telemetryStream(region);
    this.#subject = telemetryFilter(region);
    this.#streams = new Streams(connection, { timeoutMs: ASK_WITHIN_MS });
    this.#next = next;
  }

  /** The last frame of the log, as far as is known. */
  get lastSeq(): number {
    return Math.max(this.#lastSeq, this.#next - 1);
  }

  /** True if the log was found to end before what was read: its store went back. */
  get isRolledBack(): boolean {
    return this.#isRolledBack;
  }

  /**
   * The frames that come next, until there are no more now, or a few were read.
   * @throws AppError `NATS_UNAVAILABLE` (retry)
   */
  async *read(): AsyncGenerator<Tail, void, void> {
    try {
      let found = 0;
      const range = { stream: this.#stream, subject: this.#subject, known: 0 };
      const until = this.#next + BATCH - 1;
      for await (const entry of readRange(this.#connection, {
        ...range,
        from: this.#next,
        until,
      })) {
        found += 1;
        yield* this.#pass(entry);
      }
      if (found > 0 || performance.now() - this.#stateAtMs < STATE_EVERY_MS) return;
      const { lastSeq } = await this.#streams.state(this.#stream);
      this.#stateAtMs = performance.now();
      this.#lastSeq = lastSeq;
      this.#isRolledBack ||= lastSeq < this.#next - 1;
      if (lastSeq < this.#next) return;
      // What comes next is further away than a batch, or came meanwhile.
      const entry = await this.#streams.next(this.#stream, this.#subject, this.#next);
      if (entry) yield* this.#pass(entry);
    } catch (error) {
      throw translate(error);
    }
  }

  async *#pass(entry: LogEntry): AsyncGenerator<Tail, void, void> {
    if (entry.seq > this.#next) {
      const { firstSeq } = await this.#streams.state(this.#stream);
      const until = Math.min(firstSeq, entry.seq) - 1;
      if (until >= this.#next) yield { kind: "lost", frames: { from: this.#next, until } }; // T1
    }
    this.#next = entry.seq + 1;
    yield { kind: "frame", entry };
  }
}
