// The last `overMs` of one key's values, by event time (pure).
//
// W1. It holds (newest − overMs, newest]: it slides with every reading and has no edges of its own.
// W2. Values are in the order of their times, those of equal times in the order they came; statistics
//     run over them in that order, so the same values give the same bits however the window came to be.
// W3. Statistics are computed from the values, not kept up: a sum that is added to and subtracted from
//     for weeks is not the sum any more. Sums are those of blocks (block-sums.ts), the least and the
//     greatest value are kept until they leave.
//
// Times and numbers are in a typed array: a snapshot copies them at the speed of memory.
import { BlockSums } from "./block-sums.ts";

export type WindowValue = number | string | boolean;

const CAPACITY_MIN = 4;

export class SlidingWindow {
  readonly #overMs: number;
  /** Time and number in turn: they are touched together, and most of the time goes into fetching them. */
  #cells = new Float64Array(CAPACITY_MIN * 2);
  /** Values that are no numbers; null while all are. */
  #others: WindowValue[] | null = null;
  /** The window is [#start, #end) of the cells, counted in pairs. */
  #start = 0;
  #end = 0;
  /** Number of times that each distinct value is in the window; kept only if asked for. */
  readonly #counts: Map<WindowValue, number> | null;
  /** Null until asked for. */
  #sums: BlockSums | null = null;
  /** Null until asked for, and when what was least or greatest has left. */
  #least: number | null = null;
  #greatest: number | null = null;

  constructor(overMs: number, countsDistinct = false) {
    this.#overMs = overMs;
    this.#counts = countsDistinct ? new Map() : null;
  }

  get size(): number {
    return this.#end - this.#start;
  }

  /** The number of values, as conditions call it. */
  get count(): number {
    return this.size;
  }

  get avg(): number {
    return this.sum / this.size;
  }

  get newestMs(): number {
    return this.#end > this.#start ? this.#cells[2 * this.#end - 2]! : Number.NEGATIVE_INFINITY;
  }

  get oldestMs(): number {
    return this.#end > this.#start ? this.#cells[2 * this.#start]! : Number.POSITIVE_INFINITY;
  }

  get oldest(): WindowValue | undefined {
    return this.#end > this.#start ? this.#valueAt(this.#start) : undefined;
  }

  get newest(): WindowValue | undefined {
    return this.#end > this.#start ? this.#valueAt(this.#end - 1) : undefined;
  }

  /** Adds a value and lets go of what the window has left behind; false if it came too old for it. */
  add(timeMs: number, value: WindowValue): boolean {
    const newestMs = this.newestMs;
    if (timeMs <= newestMs - this.#overMs) return false;
    if (2 * this.#end === this.#cells.length) this.#makeRoom();
    let at = this.#end;
    if (timeMs < newestMs) while (at > this.#start && this.#cells[2 * at - 2]! > timeMs) at -= 1;
    this.#insert(at, timeMs, value);
    if (this.#counts) this.#counts.set(value, (this.#counts.get(value) ?? 0) + 1);
    if (this.#least !== null) this.#least = Math.min(this.#least, value as number);
    if (this.#greatest !== null) this.#greatest = Math.max(this.#greatest, value as number);
    const untilMs = Math.max(timeMs, newestMs) - this.#overMs;
    while (this.#cells[2 * this.#start]! <= untilMs) this.#dropOldest();
    return true;
  }

  /** Lets go of the oldest beyond so many. */
  keep(sizeMax: number): void {
    while (this.size > sizeMax) this.#dropOldest();
  }

  /** The values after a time, as a window of its own. */
  after(ms: number): SlidingWindow {
    let from = this.#start;
    while (from < this.#end && this.#cells[2 * from]! <= ms) from += 1;
    const cells = this.#cells.subarray(2 * from, 2 * this.#end);
    const others = this.#others?.slice(from, this.#end) ?? null;
    return SlidingWindow.from({ cells, others }, this.#overMs, this.#counts !== null);
  }

  #valueAt(at: number): WindowValue {
    return this.#others ? this.#others[at]! : this.#cells[2 * at + 1]!;
  }

  #insert(at: number, timeMs: number, value: WindowValue): void {
    const others = typeof value === "number" ? this.#others : (this.#others ??= []);
    if (at < this.#end) {
      this.#cells.copyWithin(2 * at + 2, 2 * at, 2 * this.#end);
      others?.splice(at, 0, value);
    }
    this.#cells[2 * at] = timeMs;
    if (others) others[at] = value;
    else this.#cells[2 * at + 1] = value as number;
    if (at < this.#end) this.#sums?.between(timeMs);
    else this.#sums?.append(timeMs, value as number);
    this.#end += 1;
  }

  /** Moves the window to the front if half of the room is behind it, else doubles the room. */
  #makeRoom(): void {
    const room = this.#cells.length;
    const held = this.#cells.subarray(2 * this.#start, 2 * this.#end);
    if (4 * this.#start >= room) this.#cells.copyWithin(0, 2 * this.#start, 2 * this.#end);
    else {
      const cells = new Float64Array(room * 2);
      cells.set(held);
      this.#cells = cells;
    }
    if (this.#others) this.#others = this.#others.slice(this.#start, this.#end);
    this.#end -= this.#start;
    this.#start = 0;
  }

  #dropOldest(): void {
    if (this.#counts) this.#uncount(this.#valueAt(this.#start));
    if (this.#least !== null || this.#greatest !== null) {
      const value = this.#valueAt(this.#start) as number;
      // Not "equal": a NaN has to be let go of as well.
      if (this.#least !== null && !(value > this.#least)) this.#least = null;
      if (this.#greatest !== null && !(value < this.#greatest)) this.#greatest = null;
    }
    this.#sums?.dropOldest();
    this.#start += 1;
  }

  #uncount(value: WindowValue): void {
    const left = this.#counts!.get(value)! - 1;
    if (left === 0) this.#counts!.delete(value);
    else this.#counts!.set(value, left);
  }

  get distinct(): number {
    return this.#counts?.size ?? 0;
  }

  get #blocks(): BlockSums {
    return (this.#sums ??= new BlockSums(this.#overMs, this.#cells, this.#start, this.#end));
  }

  get sum(): number {
    return this.#blocks.sum(this.#cells, this.#start);
  }

  get min(): number {
    if (this.#least !== null) return this.#least;
    let min = Number.POSITIVE_INFINITY;
    for (let at = this.#start; at < this.#end; at++) min = Math.min(min, this.#cells[2 * at + 1]!);
    return (this.#least = min);
  }

  get max(): number {
    if (this.#greatest !== null) return this.#greatest;
    let max = Number.NEGATIVE_INFINITY;
    for (let at = this.#start; at < this.#end; at++) max = Math.max(max, this.#cells[2 * at + 1]!);
    return (this.#greatest = max);
  }

  /** Standard deviation of the sample (n − 1), as in rollups; 0 for a single value. */
  get stddev(): number {
    if (this.size < 2) return 0;
    return Math.sqrt(this.#blocks.squares(this.#cells, this.#start) / (this.size - 1));
  }

  /** Everything in it, time and number in turn; `cells` are its own and change with the next `add`. */
  get content(): {
    readonly cells: Float64Array;
    /** Instead of the numbers, if values are something else. */
    readonly others: readonly WindowValue[] | null;
  } {
    return {
      cells: this.#cells.subarray(2 * this.#start, 2 * this.#end),
      others: this.#others?.slice(this.#start, this.#end) ?? null,
    };
  }

  /** A window with this `content`, which is copied. */
  static from(
    { cells, others }: SlidingWindow["content"],
    overMs: number,
    countsDistinct = false,
  ): SlidingWindow {
    const window = new SlidingWindow(overMs, countsDistinct);
    window.#cells = new Float64Array(Math.max(CAPACITY_MIN * 2, cells.length));
    window.#cells.set(cells);
    window.#others = others ? [...others] : null;
    window.#end = cells.length / 2;
    if (window.#counts)
      for (let at = 0; at < window.#end; at++) {
        const value = window.#valueAt(at);
        window.#counts.set(value, (window.#counts.get(value) ?? 0) + 1);
      }
    return window;
  }
}
