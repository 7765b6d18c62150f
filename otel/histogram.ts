import type { Exemplar, HistogramValue } from "./metrics.ts";

/** Counts values by bucket, cheaply enough for every message: a search in a few bounds and two additions. */
export class Histogram {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  readonly #exemplars = new Map<number, Exemplar>();
  #sum = 0;

  /** `bounds` are upper bounds, ascending. */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = Array.from({ length: bounds.length + 1 }, () => 0);
  }

  /** `trace` says where to look for a value like this one; each bucket keeps its latest. */
  observe(value: number, trace?: Omit<Exemplar, "value">): void {
    const bucket = this.#bucketOf(value);
    this.#counts[bucket]! += 1;
    this.#sum += value;
    if (trace) this.#exemplars.set(bucket, { value, ...trace });
  }

  get value(): HistogramValue {
    return {
      bounds: this.#bounds,
      counts: [...this.#counts],
      sum: this.#sum,
      exemplars: [...this.#exemplars.values()],
    };
  }

  /** The first bucket whose bound is not below `value`. */
  #bucketOf(value: number): number {
    let [low, high] = [0, this.#bounds.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#bounds[middle]! < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
