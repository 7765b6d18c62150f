/**
 * A sum of floating-point numbers without rounding: kept as an expansion of non-overlapping parts, so
 * that it depends neither on the order of its terms nor on how they were split into sub-sums. That is
 * what lets a rollup repaired from stored readings, in any order, equal the one made from the log, bit by bit.
 *
 * Nearly every sum of measured values, and of their squares, has three parts at the most. They are plain
 * fields, so that a term costs no memory; a fourth part makes an array of all of them.
 *
 * Source: J. R. Shewchuk, "Adaptive Precision Floating-Point Arithmetic and Fast Robust Geometric
 * Predicates", Discrete & Computational Geometry 18 (1997), GROW-EXPANSION with TWO-SUM; the last rounding
 * as in CPython's `math.fsum`. Terms that overflow give a result that is not finite.
 */
export class ExactSum {
  /** Parts of rising magnitude; 0 where there is none. */
  #low = 0;
  #middle = 0;
  #high = 0;
  /** Parts of rising magnitude, none of them 0, once there were more than three. */
  #more: number[] | null = null;

  add(term: number): void {
    if (this.#more !== null) return growExpansion(this.#more, term);
    const [low, middle, high] = [this.#low, this.#middle, this.#high];
    const first = term + low;
    const firstError = errorOf(term, low, first);
    const second = first + middle;
    const secondError = errorOf(first, middle, second);
    const sum = second + high;
    const sumError = errorOf(second, high, sum);
    this.#high = sum;
    if (firstError === 0) {
      this.#low = secondError;
      this.#middle = sumError;
    } else if (secondError === 0) {
      this.#low = firstError;
      this.#middle = sumError;
    } else if (sumError === 0) {
      this.#low = firstError;
      this.#middle = secondError;
    } else this.#more = [firstError, secondError, sumError, sum];
  }

  /** Adds `a × b` exactly: the product and its rounding error (T. J. Dekker, 1971). */
  addProduct(a: number, b: number): void {
    const product = a * b;
    const aHigh = highHalf(a);
    const bHigh = highHalf(b);
    const aLow = a - aHigh;
    const bLow = b - bHigh;
    const error = aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow);
    if (error !== 0) this.add(error);
    this.add(product);
  }

  addAll(other: ExactSum): void {
    if (other.#more !== null) for (const part of other.#more) this.add(part);
    else {
      if (other.#low !== 0) this.add(other.#low);
      if (other.#middle !== 0) this.add(other.#middle);
      this.add(other.#high);
    }
  }

  /** The sum, rounded once. */
  get value(): number {
    const { parts } = this;
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

  /** Numbers that do not overlap, of rising magnitude, none of them 0: their sum is the sum, without rounding. */
  get parts(): readonly number[] {
    const parts = this.#more ?? [this.#low, this.#middle, this.#high];
    return parts.includes(0) ? parts.filter((part) => part !== 0) : parts;
  }
}

/** The error of rounding `sum = a + b`, exactly (TWO-SUM, whichever of both is larger). */
function errorOf(a: number, b: number, sum: number): number {
  const ofB = sum - a;
  return a - (sum - ofB) + (b - ofB);
}

function growExpansion(parts: number[], term: number): void {
  let kept = 0;
  let high = term;
  for (const part of parts) {
    const sum = high + part;
    const error = errorOf(high, part, sum);
    if (error !== 0) parts[kept++] = error;
    high = sum;
  }
  parts[kept] = high;
  parts.length = kept + 1;
}

/** Veltkamp's split: the upper 26 bits. */
function highHalf(value: number): number {
  const scaled = 134_217_729 * value;
  return scaled - (scaled - value);
}
