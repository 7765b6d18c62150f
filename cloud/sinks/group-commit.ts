// The queue of a sink that writes text: group commit, in order.
//
// G1. An item is acknowledged only after the store acknowledged every record of it, or refused a
//     record by itself.
// G2. Items are acknowledged in the order in which they were put, unless nothing depends on that, and written in it:
//     one request is in flight.
//     A store that takes several gets readings in requests of their own, at once and in any order, because a
//     reading is the same point whatever came before it (sink.ts); everything else still goes one by one.
// G3. What arrives while requests are in flight gathers for the next, up to RECORDS_PER_REQUEST. Where readings have
//     requests of their own, one of the others takes a share of what waits only: a store that works on hundreds of
//     rollups at once lets readings wait for as long.
// G4. At most RECORDS_WAITING_MAX records wait, plus one item of each caller; over it `put` waits.
// G5. What waits is dropped, unacknowledged, once its writer has lost the lane: the next owner writes
//     it from the log, and an old rollup must not come after a newer one.
import type { Answer, RefusedReading, SinkItem, Writer } from "./sink.ts";

/** Records of one request, unless a single item is larger. */
export const RECORDS_PER_REQUEST = 5_000;
export const RECORDS_WAITING_MAX = 10_000;
/** Records beside readings in one request: this part of those that wait, so that a backlog still goes in large ones. */
const SHARE_OF_WAITING = 1 / 32;
const OTHERS_PER_REQUEST_MIN = 25;

/** A record that the store refused by itself, by its place in the request. */
export interface RefusedRecord {
  readonly record: number;
  readonly detail: string;
}

/**
 * Writes records until they are durable or refused; rising places of the refused ones. Null if they
 * were no longer wanted before.
 */
export type WriteRecords = (
  records: readonly string[],
  wanted: () => boolean,
) => Promise<readonly RefusedRecord[] | null>;

interface Queued {
  readonly writer: Writer;
  readonly acknowledged: SinkItem["acknowledged"];
  readonly isAside: boolean;
  readonly refused: RefusedReading[];
  /** Parts of it that are neither written nor dropped. */
  pending: number;
  /** True if a part of it was dropped (G5). */
  dropped: boolean;
  startMs: number;
  endMs: number;
}

/** Records of one item that go into one request. */
interface Part {
  readonly of: Queued;
  readonly records: readonly string[];
  /** The records that are readings come first. */
  readonly readings: number;
}

export interface GroupCommitStore {
  /** Gives one record for each reading, then one for each rollup, and may give one for a canary. */
  readonly encode: (item: SinkItem) => string[];
  readonly write: WriteRecords;
  /** Requests of readings that the store takes at once (G2); absent: none beside the others. */
  readonly readingRequestsMax?: number;
}

const NEVER = { startMs: Number.POSITIVE_INFINITY, endMs: 0 };

export class GroupCommit {
  readonly #encode: GroupCommitStore["encode"];
  readonly #write: WriteRecords;
  readonly #nowMs: () => number;
  /** Items that are not acknowledged, oldest first. */
  #items: Queued[] = [];
  readonly #inOrder = new Line(1);
  readonly #readings: Line | null;
  readonly #waiting: (() => void)[] = [];
  readonly #inFlight = new Set<Promise<void>>();
  #refused = 0;

  constructor(store: GroupCommitStore, nowMs: () => number = Date.now) {
    const { encode, write, readingRequestsMax = 0 } = store;
    this.#encode = encode;
    this.#write = write;
    this.#nowMs = nowMs;
    this.#readings = readingRequestsMax > 0 ? new Line(readingRequestsMax) : null;
  }

  get refused(): number {
    return this.#refused;
  }

  get hasRoom(): boolean {
    return this.#recordsWaiting < RECORDS_WAITING_MAX / 2;
  }

  /** Resolves once the requests in flight are over, if there are any. */
  get settled(): Promise<void> {
    return Promise.all(this.#inFlight).then(() => undefined);
  }

  /** Queues an item; resolves once there is room for the next one (G4), or its writer is over. */
  async put(item: SinkItem, writer: Writer): Promise<void> {
    const { signal } = writer;
    const records = this.#encode(item);
    const { acknowledged, readings } = item;
    const isAside = item.isAside === true;
    const of = { writer, acknowledged, isAside, refused: [], pending: 0, dropped: false, ...NEVER };
    if (!isAside) this.#items.push(of);
    if (this.#readings) this.#addApart(this.#readings, of, records, readings.length);
    else this.#inOrder.add({ of, records, readings: readings.length });
    while (this.#recordsWaiting > RECORDS_WAITING_MAX && !signal.aborted)
      await new Promise<void>((resolve) => {
        const over = (): void => {
          signal.removeEventListener("abort", over);
          resolve();
        };
        signal.addEventListener("abort", over);
        this.#waiting.push(over);
      });
  }

  /** Readings in a line of their own, and the rest in parts that any request has room for (G3). */
  #addApart(line: Line, of: Queued, records: string[], readings: number): void {
    const rest = records.splice(readings);
    if (readings > 0) line.add({ of, records, readings });
    else if (rest.length === 0) this.#inOrder.add({ of, records, readings });
    for (let at = 0; at < rest.length; at += OTHERS_PER_REQUEST_MIN) {
      const part = rest.slice(at, at + OTHERS_PER_REQUEST_MIN);
      this.#inOrder.add({ of, records: part, readings: 0 });
    }
  }

  /** Writes until `signal` aborts; requests in flight are finished, what waits is left to the log. */
  async run(signal: AbortSignal): Promise<void> {
    const failed = new AbortController();
    const stop = AbortSignal.any([signal, failed.signal]);
    stop.addEventListener("abort", () => this.#release(), { once: true });
    const lines = [this.#inOrder, this.#readings].filter((line) => line !== null);
    const writers = lines.flatMap((line) =>
      Array.from({ length: line.requestsMax }, (_, at) => this.#writeAll(line, at, stop)),
    );
    for (const writer of writers) writer.catch((error: unknown) => failed.abort(error));
    await Promise.allSettled(writers);
    if (failed.signal.aborted) throw failed.signal.reason;
  }

  get #recordsWaiting(): number {
    return this.#inOrder.recordsWaiting + (this.#readings?.recordsWaiting ?? 0);
  }

  /** One request after another; beside the first one only full ones, so that little load makes few requests. */
  async #writeAll(line: Line, at: number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (at > 0 && line.recordsWaiting < RECORDS_PER_REQUEST) {
        await line.more();
        continue;
      }
      const batch = line.gather(this.#recordsOfRequest(line));
      this.#acknowledge();
      this.#resumeWaiting();
      if (batch.length === 0) {
        await line.more();
        continue;
      }
      const over = Promise.withResolvers<void>();
      this.#inFlight.add(over.promise);
      try {
        await this.#writeBatch(line, batch, signal);
      } finally {
        this.#inFlight.delete(over.promise);
        over.resolve();
      }
    }
  }

  #recordsOfRequest(line: Line): number {
    if (this.#readings === null || line === this.#readings) return RECORDS_PER_REQUEST;
    const share = Math.ceil(line.recordsWaiting * SHARE_OF_WAITING);
    return Math.max(OTHERS_PER_REQUEST_MIN, share);
  }

  async #writeBatch(line: Line, batch: readonly Part[], signal: AbortSignal): Promise<void> {
    const records = batch.length === 1 ? batch[0]!.records : batch.flatMap((part) => part.records);
    const wanted = (): boolean => !signal.aborted && batch.every(({ of }) => counts(of.writer));
    const startMs = this.#nowMs();
    const refused = await this.#write(records, wanted);
    // One writer of it is over (G5): the others' parts come next, in the same order (G2).
    if (refused === null) return line.putBack(batch);
    const endMs = this.#nowMs();
    this.#refused += refused.length;
    let from = 0;
    for (const { of, records: own, readings } of batch) {
      for (const { record, detail } of refused)
        if (record >= from && record < from + readings)
          of.refused.push({ place: record - from, detail });
      from += own.length;
      of.startMs = Math.min(of.startMs, startMs);
      of.endMs = Math.max(of.endMs, endMs);
      of.pending -= 1;
      if (of.isAside && of.pending === 0) this.#answer(of);
    }
    this.#acknowledge();
  }

  /** Answers for the oldest items, as far as all their parts are written (G1, G2). */
  #acknowledge(): void {
    let done = 0;
    while (done < this.#items.length && this.#items[done]!.pending === 0) done += 1;
    if (done === 0) return;
    const all = this.#items.slice(0, done);
    this.#items = this.#items.slice(done);
    for (const of of all) this.#answer(of);
  }

  #answer({ dropped, acknowledged, startMs, endMs, refused }: Queued): void {
    if (!dropped) acknowledged({ startMs, endMs, refused } satisfies Answer);
  }

  #release(): void {
    this.#inOrder.wake();
    this.#readings?.wake();
    this.#resumeWaiting();
  }

  #resumeWaiting(): void {
    for (const resume of this.#waiting.splice(0)) resume();
  }
}

/** Parts that wait for requests of one kind. */
class Line {
  readonly requestsMax: number;
  recordsWaiting = 0;
  #parts: Part[] = [];
  readonly #idle: (() => void)[] = [];

  constructor(requestsMax: number) {
    this.requestsMax = requestsMax;
  }

  add(part: Part): void {
    part.of.pending += 1;
    this.#parts.push(part);
    this.recordsWaiting += part.records.length;
    this.wake();
  }

  putBack(batch: readonly Part[]): void {
    this.#parts = [...batch, ...this.#parts];
    for (const { records } of batch) this.recordsWaiting += records.length;
  }

  /** Resolves once there is something to gather, or at `wake`. */
  more(): Promise<void> {
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  wake(): void {
    for (const resume of this.#idle.splice(0)) resume();
  }

  /** Takes the parts of the next request (G3); those that are not wanted any more are dropped. */
  gather(recordsMax: number): Part[] {
    let taken = 0;
    let records = 0;
    const batch: Part[] = [];
    for (; taken < this.#parts.length; taken++) {
      const part = this.#parts[taken]!;
      const more = part.records.length;
      const isWanted = counts(part.of.writer); // G5
      if (isWanted && batch.length > 0 && records + more > recordsMax) break;
      this.recordsWaiting -= more;
      if (!isWanted) {
        part.of.pending -= 1;
        part.of.dropped = true;
        continue;
      }
      records += more;
      batch.push(part);
    }
    this.#parts.splice(0, taken);
    return batch;
  }
}

const counts = ({ signal, held }: Writer): boolean => held && !signal.aborted;
