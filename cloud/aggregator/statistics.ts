import { LogCollapsingLowestDenseDDSketch } from "@datadog/sketches-js";
import { ROLLUP_QUANTILES, ROLLUP_STATISTICS } from "../../contracts/names/measurements.ts";
import { ExactSum } from "./exact-sum.ts";

/** Breaks ties of equal event times: a reading's sequence, or the hash of its content. */
export type ReadingOrder = number | string;

/** A quantile is off by at most this share of its value. */
const QUANTILE_ACCURACY = 0.01;
/** Bins of a sketch, which bound its memory; past them the lowest values share a bin. */
const QUANTILE_BINS_MAX = 2_048;

/**
 * Statistics of one field in one window. None depends on the order in which readings arrive, nor on
 * how a window was merged from shorter ones: a rollup repaired later has the same bits.
 *
 * Sum and sum of squares are exact (see ExactSum), so the variance does not cancel. Quantiles are a
 * DDSketch: C. Masson, J. E. Rim, H. K. Lee, "DDSketch: A Fast and Fully-Mergeable Quantile Sketch
 * with Relative-Error Guarantees", PVLDB 12 (2019).
 */
export class FieldStatistics {
  count = 0;
  min = Number.POSITIVE_INFINITY;
  max = Number.NEGATIVE_INFINITY;
  first = 0;
  last = 0;
  readonly #sum = new ExactSum();
  readonly #squares = new ExactSum();
  readonly #sketch: LogCollapsingLowestDenseDDSketch | null;
  #firstMs = Number.POSITIVE_INFINITY;
  #firstOrder: ReadingOrder = 0;
  #lastMs = Number.NEGATIVE_INFINITY;
  #lastOrder: ReadingOrder = 0;

  constructor(quantiles: boolean) {
    this.#sketch = quantiles
      ? new LogCollapsingLowestDenseDDSketch({
          relativeAccuracy: QUANTILE_ACCURACY,
          binLimit: QUANTILE_BINS_MAX,
        })
      : null;
  }

  add(value: number, eventMs: number, order: ReadingOrder): void {
    this.count += 1;
    this.#sum.add(value);
    this.#squares.addProduct(value, value);
    this.#sketch?.accept(value);
    if (value < this.min) this.min = value;
    if (value > this.max) this.max = value;
    this.#takeFirst(value, eventMs, order);
    this.#takeLast(value, eventMs, order);
  }

  /** Adds all readings of `other`, a shorter window of the same field. */
  merge(other: FieldStatistics): void {
    if (other.count === 0) return;
    this.count += other.count;
    this.#sum.addAll(other.#sum);
    this.#squares.addAll(other.#squares);
    if (other.#sketch) this.#sketch?.merge(other.#sketch);
    this.min = Math.min(this.min, other.min);
    this.max = Math.max(this.max, other.max);
    this.#takeFirst(other.first, other.#firstMs, other.#firstOrder);
    this.#takeLast(other.last, other.#lastMs, other.#lastOrder);
  }

  get sum(): number {
    return this.#sum.value;
  }

  get mean(): number {
    return this.sum / this.count;
  }

  /** The deviation of the sample (n − 1), as InfluxQL's STDDEV; 0 for a single value. */
  get stddev(): number {
    const { count: n } = this;
    if (n < 2 || this.min === this.max) return 0;
    const [sum, sumRest] = this.#sum.pair;
    const [squares, squaresRest] = this.#squares.pair;
    // n · Σx² − (Σx)², without cancellation.
    const scaled = new ExactSum();
    scaled.addProduct(n, squares);
    scaled.addProduct(n, squaresRest);
    scaled.addProduct(-sum, sum);
    scaled.addProduct(-2 * sum, sumRest);
    scaled.addProduct(-sumRest, sumRest);
    return Math.sqrt(Math.max(0, scaled.value) / n / (n - 1));
  }

  /** The quantiles in the order of ROLLUP_QUANTILES; empty for a field without quantiles. */
  get quantiles(): readonly number[] {
    const sketch = this.#sketch;
    return sketch ? ROLLUP_QUANTILES.map(({ q }) => sketch.getValueAtQuantile(q)) : [];
  }

  /** Statistics and quantiles in the order of ROLLUP_VALUES; empty without a reading. */
  get values(): readonly number[] {
    if (this.count === 0) return [];
    return [...ROLLUP_STATISTICS.map((name) => this[name]), ...this.quantiles];
  }

  #takeFirst(value: number, eventMs: number, order: ReadingOrder): void {
    const earlier =
      eventMs < this.#firstMs ||
      (eventMs === this.#firstMs && precedes(order, value, this.#firstOrder, this.first));
    if (!earlier) return;
    this.first = value;
    this.#firstMs = eventMs;
    this.#firstOrder = order;
  }

  #takeLast(value: number, eventMs: number, order: ReadingOrder): void {
    const later =
      eventMs > this.#lastMs ||
      (eventMs === this.#lastMs && precedes(this.#lastOrder, this.last, order, value));
    if (!later) return;
    this.last = value;
    this.#lastMs = eventMs;
    this.#lastOrder = order;
  }
}

/** Equal orders happen only without an identity; then the values decide, so that arrival does not. */
function precedes(
  order: ReadingOrder,
  value: number,
  otherOrder: ReadingOrder,
  otherValue: number,
): boolean {
  if (order === otherOrder) return value < otherValue;
  if (typeof order === "number" && typeof otherOrder === "number") return order < otherOrder;
  return String(order) < String(otherOrder);
}
