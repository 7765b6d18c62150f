/** What breaks ties of equal event times: a reading's sequence, or the hash of its content. */
export type ReadingOrder = number | string;

/**
 * Running statistics of one field in one window.
 *
 * `min`, `max`, `first` and `last` do not depend on the order of arrival. Sums of floating-point
 * numbers do, in their last digits; a window's readings all come from one lane, so they are added in
 * the log's order and every replay of the log gives the same bits.
 *
 * The variance is Welford's recurrence, which does not cancel when values are large and close
 * together: B. P. Welford, "Note on a Method for Calculating Corrected Sums of Squares and
 * Products", Technometrics 4 (1962).
 */
export class FieldStatistics {
  count = 0;
  min = Number.POSITIVE_INFINITY;
  max = Number.NEGATIVE_INFINITY;
  sum = 0;
  first = 0;
  last = 0;
  #runningMean = 0;
  #squares = 0;
  #firstMs = Number.POSITIVE_INFINITY;
  #firstOrder: ReadingOrder = 0;
  #lastMs = Number.NEGATIVE_INFINITY;
  #lastOrder: ReadingOrder = 0;

  add(value: number, eventMs: number, order: ReadingOrder): void {
    this.count += 1;
    this.sum += value;
    if (value < this.min) this.min = value;
    if (value > this.max) this.max = value;
    const delta = value - this.#runningMean;
    this.#runningMean += delta / this.count;
    this.#squares += delta * (value - this.#runningMean);
    if (
      eventMs < this.#firstMs ||
      (eventMs === this.#firstMs && precedes(order, value, this.#firstOrder, this.first))
    ) {
      this.first = value;
      this.#firstMs = eventMs;
      this.#firstOrder = order;
    }
    if (
      eventMs > this.#lastMs ||
      (eventMs === this.#lastMs && precedes(this.#lastOrder, this.last, order, value))
    ) {
      this.last = value;
      this.#lastMs = eventMs;
      this.#lastOrder = order;
    }
  }

  get mean(): number {
    return this.sum / this.count;
  }

  /** Of the sample (n − 1), as InfluxQL's STDDEV; 0 for a single value. */
  get stddev(): number {
    return this.count < 2 ? 0 : Math.sqrt(this.#squares / (this.count - 1));
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
