// The last `overMs` of one key's values, by event time (pure).
//
// W1. It holds (newest − overMs, newest]: it slides with every reading and has no edges of its own.
// W2. Values are in the order of their times, those of equal times in the order they came; statistics
//     run over them in that order, so the same values give the same bits however the window came to be.
// W3. Statistics are computed from the values, not kept up: a sum that is added to and subtracted from
//     for weeks is not the sum any more. The least and the greatest value are kept until they leave.
//
// Times and numbers are in typed arrays: a snapshot copies them at the speed of memory.

export type WindowValue = number | string | boolean;

const CAPACITY_MIN = 8;

export class SlidingWindow {
  #times = new Float64Array(CAPACITY_MIN);
  /** Numbers; unused if values are something else. */
  #numbers = new Float64Array(CAPACITY_MIN);
  /** Values that are no numbers; null while all are. */
  #others: WindowValue[] | null = null;
  /** The window is [#start, #end) of the arrays. */
  #start = 0;
  #end = 0;
  /** Of each distinct value, how often; kept only if asked for. */
  readonly #counts: Map<WindowValue, number> | null;
  /** Null until asked for, and when what was least or greatest has left. */
  #least: number | null = null;
  #greatest: number | null = null;

  constructor(countsDistinct = false) {
    this.#counts = countsDistinct ? new Map() : null;
  }

  get size(): number {
    return this.#end - this.#start;
  }

  get newestMs(): number {
    return this.#end > this.#start ? this.#times[this.#end - 1]! : Number.NEGATIVE_INFINITY;
  }

  get oldestMs(): number {
    return this.#end > this.#start ? this.#times[this.#start]! : Number.POSITIVE_INFINITY;
  }

  get oldest(): WindowValue | undefined {
    return this.#end > this.#start ? this.#valueAt(this.#start) : undefined;
  }

  get newest(): WindowValue | undefined {
    return this.#end > this.#start ? this.#valueAt(this.#end - 1) : undefined;
  }

  clear(): void {
    while (this.#start < this.#end) this.#dropOldest();
    this.#start = this.#end = 0;
    if (this.#others) this.#others = [];
  }

  /** Adds a value and lets go of what the window has left behind; false if it came too old for it. */
  add(timeMs: number, value: WindowValue, overMs: number): boolean {
    if (timeMs <= this.newestMs - overMs) return false;
    if (this.#end === this.#times.length) this.#makeRoom();
    let at = this.#end;
    while (at > this.#start && this.#times[at - 1]! > timeMs) at -= 1;
    this.#insert(at, timeMs, value);
    if (this.#counts) this.#counts.set(value, (this.#counts.get(value) ?? 0) + 1);
    if (this.#least !== null) this.#least = Math.min(this.#least, value as number);
    if (this.#greatest !== null) this.#greatest = Math.max(this.#greatest, value as number);
    const untilMs = this.#times[this.#end - 1]! - overMs;
    while (this.#times[this.#start]! <= untilMs) this.#dropOldest();
    return true;
  }

  /** Lets go of the oldest beyond so many. */
  keep(sizeMax: number): void {
    while (this.size > sizeMax) this.#dropOldest();
  }

  #valueAt(at: number): WindowValue {
    return this.#others ? this.#others[at]! : this.#numbers[at]!;
  }

  #insert(at: number, timeMs: number, value: WindowValue): void {
    const others = typeof value === "number" ? this.#others : (this.#others ??= []);
    if (at < this.#end) {
      this.#times.copyWithin(at + 1, at, this.#end);
      if (others) others.splice(at, 0, value);
      else this.#numbers.copyWithin(at + 1, at, this.#end);
    }
    this.#times[at] = timeMs;
    if (others) others[at] = value;
    else this.#numbers[at] = value as number;
    this.#end += 1;
  }

  /** Moves the window to the front if half of the room is behind it, else doubles the room. */
  #makeRoom(): void {
    const capacity = this.#times.length;
    const grown = this.#start * 2 >= capacity ? capacity : capacity * 2;
    const moved = (from: Float64Array): Float64Array<ArrayBuffer> => {
      const to = new Float64Array(grown);
      to.set(from.subarray(this.#start, this.#end));
      return to;
    };
    if (grown === capacity) {
      this.#times.copyWithin(0, this.#start, this.#end);
      this.#numbers.copyWithin(0, this.#start, this.#end);
    } else {
      this.#times = moved(this.#times);
      this.#numbers = moved(this.#numbers);
    }
    if (this.#others) this.#others = this.#others.slice(this.#start, this.#end);
    this.#end -= this.#start;
    this.#start = 0;
  }

  #dropOldest(): void {
    const value = this.#valueAt(this.#start);
    if (this.#counts) this.#uncount(value);
    // Not "equal": a NaN has to be let go of as well.
    if (this.#least !== null && !((value as number) > this.#least)) this.#least = null;
    if (this.#greatest !== null && !((value as number) < this.#greatest)) this.#greatest = null;
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

  get sum(): number {
    const [numbers, end] = [this.#numbers, this.#end];
    let sum = 0;
    for (let at = this.#start; at < end; at++) sum += numbers[at]!;
    return sum;
  }

  get min(): number {
    if (this.#least !== null) return this.#least;
    let min = Number.POSITIVE_INFINITY;
    for (let at = this.#start; at < this.#end; at++) min = Math.min(min, this.#numbers[at]!);
    return (this.#least = min);
  }

  get max(): number {
    if (this.#greatest !== null) return this.#greatest;
    let max = Number.NEGATIVE_INFINITY;
    for (let at = this.#start; at < this.#end; at++) max = Math.max(max, this.#numbers[at]!);
    return (this.#greatest = max);
  }

  /** Of the sample (n − 1), as the rollups'; 0 for a single value. Two passes: nothing cancels. */
  get stddev(): number {
    if (this.size < 2) return 0;
    const [numbers, end] = [this.#numbers, this.#end];
    const mean = this.sum / this.size;
    let squares = 0;
    for (let at = this.#start; at < end; at++) squares += (numbers[at]! - mean) ** 2;
    return Math.sqrt(squares / (this.size - 1));
  }

  /** What it holds; the typed arrays are its own and change with the next `add`. */
  get content(): {
    readonly times: Float64Array;
    readonly numbers: Float64Array;
    readonly others: readonly WindowValue[] | null;
  } {
    return {
      times: this.#times.subarray(this.#start, this.#end),
      numbers: this.#numbers.subarray(this.#start, this.#end),
      others: this.#others?.slice(this.#start, this.#end) ?? null,
    };
  }

  /** @param times copied, as `values` are. */
  static from(
    times: Float64Array,
    values: Float64Array | readonly WindowValue[],
    countsDistinct = false,
  ): SlidingWindow {
    const window = new SlidingWindow(countsDistinct);
    const room = Math.max(CAPACITY_MIN, times.length);
    window.#times = new Float64Array(room);
    window.#times.set(times);
    window.#numbers = new Float64Array(room);
    if (values instanceof Float64Array) window.#numbers.set(values);
    else window.#others = [...values];
    window.#end = times.length;
    if (window.#counts)
      for (const value of values) window.#counts.set(value, (window.#counts.get(value) ?? 0) + 1);
    return window;
  }
}
