// The last `overMs` of one key's values, by event time (pure).
//
// W1. It holds (newest − overMs, newest]: it slides with every reading and has no edges of its own.
// W2. Values are in the order of their times, those of equal times in the order they came; statistics
//     run over them in that order, so the same values give the same bits however the window came to be.
// W3. Statistics are computed from the values, not kept up: a sum that is added to and subtracted from
//     for weeks is not the sum any more. The least and the greatest value are kept until they leave.

export type WindowValue = number | string | boolean;

/** Slots at the front that eviction may leave unused before the arrays are cut. */
const SLACK = 64;

export class SlidingWindow {
  #times: number[] = [];
  #values: WindowValue[] = [];
  /** Index of the first that is still in the window. */
  #start = 0;
  /** Of each distinct value, how often; kept only if asked for. */
  readonly #counts: Map<WindowValue, number> | null;
  /** Null until asked for, and when what was least or greatest has left. */
  #least: number | null = null;
  #greatest: number | null = null;

  constructor(countsDistinct = false) {
    this.#counts = countsDistinct ? new Map() : null;
  }

  get size(): number {
    return this.#times.length - this.#start;
  }

  get newestMs(): number {
    return this.#times[this.#times.length - 1] ?? Number.NEGATIVE_INFINITY;
  }

  get oldestMs(): number {
    return this.#times[this.#start] ?? Number.POSITIVE_INFINITY;
  }

  get oldest(): WindowValue | undefined {
    return this.#values[this.#start];
  }

  get newest(): WindowValue | undefined {
    return this.#values[this.#values.length - 1];
  }

  clear(): void {
    this.#times = [];
    this.#values = [];
    this.#start = 0;
    this.#counts?.clear();
    this.#least = this.#greatest = null;
  }

  /** Adds a value and lets go of what the window has left behind; false if it came too old for it. */
  add(timeMs: number, value: WindowValue, overMs: number): boolean {
    if (timeMs <= this.newestMs - overMs) return false;
    let at = this.#times.length;
    while (at > this.#start && this.#times[at - 1]! > timeMs) at -= 1;
    if (at === this.#times.length) {
      this.#times.push(timeMs);
      this.#values.push(value);
    } else {
      this.#times.splice(at, 0, timeMs);
      this.#values.splice(at, 0, value);
    }
    this.#counts?.set(value, (this.#counts.get(value) ?? 0) + 1);
    if (this.#least !== null) this.#least = Math.min(this.#least, value as number);
    if (this.#greatest !== null) this.#greatest = Math.max(this.#greatest, value as number);
    this.#evict(this.newestMs - overMs);
    return true;
  }

  #evict(untilMs: number): void {
    while (this.#times[this.#start]! <= untilMs) {
      const value = this.#values[this.#start]!;
      if (this.#counts) this.#uncount(value);
      // Not "equal": a NaN has to be let go of as well.
      if (this.#least !== null && !((value as number) > this.#least)) this.#least = null;
      if (this.#greatest !== null && !((value as number) < this.#greatest)) this.#greatest = null;
      this.#start += 1;
    }
    if (this.#start < SLACK || this.#start * 2 < this.#times.length) return;
    this.#times = this.#times.slice(this.#start);
    this.#values = this.#values.slice(this.#start);
    this.#start = 0;
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
    let sum = 0;
    for (let at = this.#start; at < this.#values.length; at++) sum += this.#values[at] as number;
    return sum;
  }

  get min(): number {
    if (this.#least !== null) return this.#least;
    let min = Number.POSITIVE_INFINITY;
    for (let at = this.#start; at < this.#values.length; at++)
      min = Math.min(min, this.#values[at] as number);
    return (this.#least = min);
  }

  get max(): number {
    if (this.#greatest !== null) return this.#greatest;
    let max = Number.NEGATIVE_INFINITY;
    for (let at = this.#start; at < this.#values.length; at++)
      max = Math.max(max, this.#values[at] as number);
    return (this.#greatest = max);
  }

  /** Of the sample (n − 1), as the rollups'; 0 for a single value. Two passes: nothing cancels. */
  get stddev(): number {
    if (this.size < 2) return 0;
    const mean = this.sum / this.size;
    let squares = 0;
    for (let at = this.#start; at < this.#values.length; at++)
      squares += ((this.#values[at] as number) - mean) ** 2;
    return Math.sqrt(squares / (this.size - 1));
  }

  /** The first time, then the steps to the next ones: those are short, and written in half the time. */
  toJSON(): [steps: number[], values: WindowValue[]] {
    const steps = this.#times.slice(this.#start);
    for (let at = steps.length - 1; at > 0; at--) steps[at] = steps[at]! - steps[at - 1]!;
    return [steps, this.#values.slice(this.#start)];
  }

  /** @param areSteps false for a state that has every time in full. */
  static from(
    [steps, values]: readonly [number[], WindowValue[]],
    { countsDistinct = false, areSteps = true } = {},
  ): SlidingWindow {
    const window = new SlidingWindow(countsDistinct);
    const times = [...steps];
    if (areSteps) for (let at = 1; at < times.length; at++) times[at]! += times[at - 1]!;
    window.#times = times;
    window.#values = [...values];
    for (const value of values) window.#counts?.set(value, (window.#counts.get(value) ?? 0) + 1);
    return window;
  }
}
