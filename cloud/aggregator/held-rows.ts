import type { FieldStatistics, ReadingOrder, Rows } from "./statistics.ts";

/** Rows held at most; they are counted when there are so many, or somebody asks for the statistics. */
const ROWS_MAX = 32;

/** The numeric fields of one contract version, and their places among those of its series. */
type RolledUp = readonly { readonly name: string; readonly at: number }[];

type Buffers = Pick<Rows, "values" | "timesMs" | "orders"> & {
  readonly values: number[];
  readonly timesMs: number[];
  readonly orders: ReadingOrder[];
};

/** Buffers of windows that were counted, for the next ones: they live too long for cheap garbage. */
const SPARE: Buffers[] = [];
const SPARE_MAX = 4_096;

const newBuffers = (): Buffers => ({ values: [], timesMs: [], orders: [] });

/**
 * Readings of one window that are not counted yet. Statistics of a window are spread over dozens of places in memory, and
 * readings of a thousand series take turns: counting each one at once means to fetch them all again for every
 * reading. Counted some at a time, column by column, they are fetched once.
 */
export class HeldRows {
  #of: RolledUp = [];
  #in: Buffers | null = null;
  #count = 0;

  /** False if its rows have to be counted first: there are too many, or they have other columns. */
  hasRoomFor(of: RolledUp): boolean {
    return this.#count === 0 || (this.#of === of && this.#count < ROWS_MAX);
  }

  /** @param of the same array for readings of one version, with room for it. */
  add(
    of: RolledUp,
    payload: Readonly<Record<string, unknown>>,
    eventMs: number,
    order: ReadingOrder,
  ): void {
    this.#of = of;
    const { values, timesMs, orders } = (this.#in ??= SPARE.pop() ?? newBuffers());
    const row = this.#count++;
    let at = row * of.length;
    for (const { name } of of) {
      const value = payload[name];
      values[at++] = typeof value === "number" && Number.isFinite(value) ? value : NaN;
    }
    timesMs[row] = eventMs;
    orders[row] = order;
  }

  /** Counts what is held in the statistics of the fields, by their places. */
  countIn(fields: readonly FieldStatistics[]): void {
    if (this.#in === null || this.#count === 0) return;
    const rows = { ...this.#in, columns: this.#of.length, count: this.#count };
    this.#of.forEach(({ at }, column) => fields[at]!.addColumn(rows, column));
    this.#count = 0;
  }

  /** Lets go of its memory; nothing may be held. */
  release(): void {
    if (this.#in !== null && SPARE.length < SPARE_MAX) SPARE.push(this.#in);
    this.#in = null;
  }
}
