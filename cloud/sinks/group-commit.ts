// The queue of a sink that writes text, one request after another: group commit, in order.
//
// G1. An item is acknowledged only after the store acknowledged every record of it, or refused a
//     record by itself.
// G2. Items are written and acknowledged in the order in which they were put.
// G3. One request is in flight; what arrives meanwhile gathers for the next, up to
//     RECORDS_PER_REQUEST.
// G4. At most RECORDS_WAITING_MAX records wait, plus one item of each caller; over it `put` waits.
// G5. What waits is dropped, unacknowledged, once its writer has lost the lane: the next owner writes
//     it from the log, and an old rollup must not come after a newer one.
import type { Answer, SinkItem, Writer } from "./sink.ts";

/** Records of one request, unless a single item is larger. */
export const RECORDS_PER_REQUEST = 5_000;
export const RECORDS_WAITING_MAX = 20_000;

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
  /** Readings first, then rollups, then a canary. */
  readonly records: readonly string[];
  readonly readings: number;
  readonly acknowledged: SinkItem["acknowledged"];
  readonly writer: Writer;
}

export class GroupCommit {
  readonly #encode: (item: SinkItem) => string[];
  readonly #write: WriteRecords;
  readonly #nowMs: () => number;
  readonly #items: Queued[] = [];
  readonly #waiting: (() => void)[] = [];
  #recordsWaiting = 0;
  #request: Promise<void> = Promise.resolve();
  #wake: () => void = () => undefined;
  #refused = 0;

  /** @param store `encode` gives one record for each reading, then one for each rollup, and may give one for a canary. */
  constructor(
    store: { readonly encode: (item: SinkItem) => string[]; readonly write: WriteRecords },
    nowMs: () => number = Date.now,
  ) {
    this.#encode = store.encode;
    this.#write = store.write;
    this.#nowMs = nowMs;
  }

  get refused(): number {
    return this.#refused;
  }

  get hasRoom(): boolean {
    return this.#recordsWaiting < RECORDS_WAITING_MAX / 2;
  }

  /** Resolves once the request in flight is over, if there is one. */
  get settled(): Promise<void> {
    return this.#request;
  }

  /** Queues an item; resolves once there is room for the next one (G4), or its writer is over. */
  async put(item: SinkItem, writer: Writer): Promise<void> {
    const { signal } = writer;
    const records = this.#encode(item);
    const { acknowledged, readings } = item;
    this.#items.push({ records, readings: readings.length, acknowledged, writer });
    this.#recordsWaiting += records.length;
    this.#wake();
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

  /** Writes until `signal` aborts; a request in flight is finished, what waits is left to the log. */
  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener("abort", () => this.#release(), { once: true });
    while (!signal.aborted) {
      const batch = this.#gather();
      if (batch.length === 0) {
        await new Promise<void>((resolve) => (this.#wake = resolve));
        continue;
      }
      const over = Promise.withResolvers<void>();
      this.#request = over.promise;
      try {
        await this.#writeBatch(batch, signal);
      } finally {
        over.resolve();
      }
    }
  }

  async #writeBatch(batch: readonly Queued[], signal: AbortSignal): Promise<void> {
    const records = batch.length === 1 ? batch[0]!.records : batch.flatMap((item) => item.records);
    const wanted = (): boolean => !signal.aborted && batch.every(({ writer }) => counts(writer));
    const startMs = this.#nowMs();
    const refused = await this.#write(records, wanted);
    if (refused === null) return this.#putBack(batch);
    const endMs = this.#nowMs();
    this.#refused += refused.length;
    let from = 0;
    for (const item of batch) {
      const readingsEnd = from + item.readings;
      const own = refused
        .filter(({ record }) => record >= from && record < readingsEnd)
        .map(({ record, detail }) => ({ place: record - from, detail }));
      from += item.records.length;
      item.acknowledged({ startMs, endMs, refused: own } satisfies Answer); // G1, G2
    }
  }

  /** One writer of it is over (G5): the others' items come next, in the same order (G2). */
  #putBack(batch: readonly Queued[]): void {
    const rest = batch.filter(({ writer }) => counts(writer));
    this.#items.unshift(...rest);
    for (const { records } of rest) this.#recordsWaiting += records.length;
  }

  #gather(): Queued[] {
    let items = 0;
    let records = 0;
    let taken = 0;
    const batch: Queued[] = [];
    for (; items < this.#items.length; items++) {
      const item = this.#items[items]!;
      const more = item.records.length;
      const dropped = !counts(item.writer); // G5
      if (!dropped && batch.length > 0 && records + more > RECORDS_PER_REQUEST) break; // G3
      taken += more;
      if (dropped) continue;
      records += more;
      batch.push(item);
    }
    this.#items.splice(0, items);
    this.#recordsWaiting -= taken;
    this.#resumeWaiting();
    return batch;
  }

  #release(): void {
    this.#wake();
    this.#resumeWaiting();
  }

  #resumeWaiting(): void {
    for (const resume of this.#waiting.splice(0)) resume();
  }
}

const counts = ({ signal, held }: Writer): boolean => held && !signal.aborted;
