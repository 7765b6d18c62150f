/**
 * A sum of floating-point numbers without rounding: kept as an expansion of non-overlapping parts, so
 * that it depends neither on the order of its terms nor on how they were split into sub-sums. That is
 * what lets a rollup repaired from stored readings, in any order, equal the one made from the log, bit by bit.
 *
 * Source: J. R. Shewchuk, "Adaptive Precision Floating-Point Arithmetic and Fast Robust Geometric
 * Predicates", Discrete & Computational Geometry 18 (1997), GROW-EXPANSION; the last rounding as in
 * CPython's `math.fsum`. Terms that overflow give a result that is not finite.
 */
export class ExactSum {
  /** Rising magnitude. */
  readonly #parts: number[] = [];

  add(term: number): void {
    const parts = this.#parts;
    let kept = 0;
    let high = term;
    for (const part of parts) {
      const large = Math.abs(high) < Math.abs(part) ? part : high;
      const small = large === high ? part : high;
      const sum = large + small;
      const low = small - (sum - large);
      if (low !== 0) parts[kept++] = low;
      high = sum;
    }
    parts[kept] = high;
    if (parts.length > kept + 1) parts.length = kept + 1;
  }

  /** Adds `a × b` exactly: the product and its rounding error (T. J. Dekker, 1971). */
  addProduct(a: number, b: number): void {
    const product = a * b;
    const aHigh = highHalf(a);
    const bHigh = highHalf(b);
    const aLow = a - aHigh;
    const bLow = b - bHigh;
    this.add(aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow));
    this.add(product);
  }

  addAll(other: ExactSum): void {
    for (const part of other.#parts) this.add(part);
  }

  /** The sum, rounded once. */
  get value(): number {
    const parts = this.#parts;
    let at = parts.length - 1;
    if (at < 0) return 0;
    let high = parts[at]!;
    let low = 0;
    while (at > 0 && low === 0) {
      const before = high;
      const part = parts[--at]!;
      high = before + part;
      low = part - (high - before);
    }
    // Half-way cases are decided by the sign of what lies further below.
    const next = at > 0 ? parts[at - 1]! : 0;
    if ((low < 0 && next < 0) || (low > 0 && next > 0)) {
      const doubled = low * 2;
      const rounded = high + doubled;
      if (doubled === rounded - high) return rounded;
    }
    return high;
  }

  /** Numbers that do not overlap, of rising magnitude: their sum is the sum, without rounding. */
  get parts(): readonly number[] {
    return this.#parts;
  }
}

/** Veltkamp's split: the upper 26 bits. */
function highHalf(value: number): number {
  const scaled = 134_217_729 * value;
  return scaled - (scaled - value);
}
