import { ROLLUP_QUANTILES, ROLLUP_STATISTICS } from "../../contracts/names/measurements.ts";
import { Moments } from "./moments.ts";
import { Quantiles } from "./quantiles.ts";

/** Breaks ties of equal event times: a reading's sequence, or the hash of its content. */
export type ReadingOrder = number | string;

/** Values of some readings, a row for each. */
export interface Rows {
  /** Row after row; NaN where a reading has no value. */
  readonly values: readonly number[];
  readonly columns: number;
  readonly count: number;
  /** Event times, epoch ms. */
  readonly timesMs: readonly number[];
  readonly orders: readonly ReadingOrder[];
}

const QS = ROLLUP_QUANTILES.map(({ q }) => q);

/**
 * Statistics of one field in one window. None depends on the order in which readings arrive, nor on
 * how a window was merged from shorter ones: a rollup repaired later has the same bits. Mean and
 * quantiles never lie outside of the least and the greatest value.
 */
export class FieldStatistics {
  count = 0;
  min = Number.POSITIVE_INFINITY;
  max = Number.NEGATIVE_INFINITY;
  first = 0;
  last = 0;
  readonly #moments = new Moments();
  readonly #quantiles: Quantiles | null;
  #firstMs = Number.POSITIVE_INFINITY;
  #firstOrder: ReadingOrder = 0;
  #lastMs = Number.NEGATIVE_INFINITY;
  #lastOrder: ReadingOrder = 0;

  constructor(quantiles: boolean) {
    this.#quantiles = quantiles ? new Quantiles() : null;
  }

  /** Adds the values of one column. */
  addColumn({ values, columns, count, timesMs, orders }: Rows, column: number): void {
    for (let row = 0; row < count; row++) {
      const value = values[row * columns + column]!;
      if (Number.isNaN(value)) continue;
      this.count += 1;
      this.#moments.add(value);
      this.#quantiles?.add(value);
      if (value < this.min) this.min = value;
      if (value > this.max) this.max = value;
      this.#takeFirst(value, timesMs[row]!, orders[row]!);
      this.#takeLast(value, timesMs[row]!, orders[row]!);
    }
  }

  /** Adds all readings of `other`, a shorter window of the same field. */
  merge(other: FieldStatistics): void {
    if (other.count === 0) return;
    this.count += other.count;
    this.#moments.merge(other.#moments);
    if (other.#quantiles) this.#quantiles?.merge(other.#quantiles);
    this.min = Math.min(this.min, other.min);
    this.max = Math.max(this.max, other.max);
    this.#takeFirst(other.first, other.#firstMs, other.#firstOrder);
    this.#takeLast(other.last, other.#lastMs, other.#lastOrder);
  }

  get sum(): number {
    return this.#moments.sum;
  }

  get mean(): number {
    return this.#within(this.#moments.mean(this.count));
  }

  /** The deviation of the sample (n − 1), as InfluxQL's STDDEV; 0 for a single value. */
  get stddev(): number {
    const { count, min, max } = this;
    return count < 2 || min === max ? 0 : this.#moments.deviation(count);
  }

  /** The quantiles in the order of ROLLUP_QUANTILES; empty for a field without quantiles. */
  get quantiles(): readonly number[] {
    return (this.#quantiles?.at(QS) ?? []).map((value) => this.#within(value));
  }

  /** Statistics and quantiles in the order of ROLLUP_VALUES; empty without a reading. */
  get values(): readonly number[] {
    if (this.count === 0) return [];
    return [...ROLLUP_STATISTICS.map((name) => this[name]), ...this.quantiles];
  }

  /**
   * Its quantiles as text, from which those of a longer window are merged; null for a field without quantiles, and
   * where `min` and `max` are all of its values.
   */
  sketch(valuesMax: number): string | null {
    return this.count > 2 ? (this.#quantiles?.text(valuesMax) ?? null) : null;
  }

  /** Rounding and estimates may leave the range of the values by a little. */
  #within(value: number): number {
    return Math.min(this.max, Math.max(this.min, value));
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
