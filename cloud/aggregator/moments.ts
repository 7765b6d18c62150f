// Sum, mean and deviation of the values of one field in one window, from sums without rounding. Pure.
//
// V1. Any finite values are summed exactly, so results depend neither on order nor on merging.
// V2. Squares of very large or very small values leave the range of a number. Such values, which no
//     sensor sends on purpose, are summed apart as integers, so that the others stay fast.
import { ExactSum } from "./exact-sum.ts";

/** Between these, squares and products of sums of up to 2³⁰ values neither overflow nor lose digits. */
const LEAST = 2 ** -480;
const GREATEST = 2 ** 480;

/** Sums of values and squares as integers: of 2⁻¹⁰⁷⁴, the least number above zero, and of its square. */
interface IntegerSums {
  sum: bigint;
  squares: bigint;
}

export class Moments {
  readonly #sum = new ExactSum();
  readonly #squares = new ExactSum();
  /** The values beyond the range (V2); null without one. */
  #beyond: IntegerSums | null = null;

  add(value: number): void {
    const magnitude = Math.abs(value);
    if (magnitude > GREATEST || (magnitude < LEAST && magnitude !== 0))
      return this.#addBeyond(value);
    this.#sum.add(value);
    this.#squares.addProduct(value, value);
  }

  merge(other: Moments): void {
    this.#sum.addAll(other.#sum);
    this.#squares.addAll(other.#squares);
    if (other.#beyond === null) return;
    this.#beyond ??= { sum: 0n, squares: 0n };
    this.#beyond.sum += other.#beyond.sum;
    this.#beyond.squares += other.#beyond.squares;
  }

  /** Rounded once; not finite if it is beyond the range of a number. */
  get sum(): number {
    return this.#beyond === null ? this.#sum.value : numberOf(this.#integers(this.#beyond).sum);
  }

  mean(count: number): number {
    const { sum } = this;
    if (this.#beyond === null || Number.isFinite(sum)) return sum / count;
    return numberOf(this.#integers(this.#beyond).sum / BigInt(count));
  }

  /** The deviation of the sample (n − 1) of two or more values. */
  deviation(count: number): number {
    const degrees = count * (count - 1);
    // n · Σx² − (Σx)², without cancellation.
    if (this.#beyond !== null) {
      const { sum, squares } = this.#integers(this.#beyond);
      return rootOf(BigInt(count) * squares - sum * sum, BigInt(degrees));
    }
    const scaled = new ExactSum();
    for (const part of this.#squares.parts) scaled.addProduct(count, part);
    const { parts } = this.#sum;
    parts.forEach((part, at) => {
      scaled.addProduct(-part, part);
      for (let other = 0; other < at; other++) scaled.addProduct(-2 * part, parts[other]!);
    });
    return Math.sqrt(Math.max(0, scaled.value) / degrees);
  }

  #addBeyond(value: number): void {
    this.#beyond ??= { sum: 0n, squares: 0n };
    const integer = integerOf(value);
    this.#beyond.sum += integer;
    this.#beyond.squares += integer * integer;
  }

  /** All values together. */
  #integers(beyond: IntegerSums): IntegerSums {
    let { sum, squares } = beyond;
    for (const part of this.#sum.parts) sum += integerOf(part);
    for (const part of this.#squares.parts) squares += integerOf(part) << 1_074n;
    return { sum, squares };
  }
}

/** A finite number as a multiple of 2⁻¹⁰⁷⁴ (IEEE 754-2019, 3.4). */
function integerOf(value: number): bigint {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const exponent = (bits >> 52n) & 0x7ffn;
  const fraction = bits & 0xf_ffff_ffff_ffffn;
  const magnitude = exponent === 0n ? fraction : (fraction | (1n << 52n)) << (exponent - 1n);
  return value < 0 ? -magnitude : magnitude;
}

const lengthOf = (magnitude: bigint): number => magnitude.toString(2).length;

/** The number nearest to a multiple of 2⁻¹⁰⁷⁴. */
function numberOf(integer: bigint): number {
  const magnitude = integer < 0n ? -integer : integer;
  const cut = Math.max(0, lengthOf(magnitude) - 64);
  const head = magnitude >> BigInt(cut);
  // The bits cut off decide between neighbours only where the rest is half-way: one bit tells of them.
  const tail = magnitude === head << BigInt(cut) ? 0n : 1n;
  const result = Number(head | tail) * 2 ** (cut - 1_074);
  return integer < 0n ? -result : result;
}

/** √(dividend / divisor) as a multiple of 2⁻¹⁰⁷⁴, with more digits than a number holds. */
function rootOf(dividend: bigint, divisor: bigint): number {
  const half = Math.ceil((lengthOf(dividend) - lengthOf(divisor) - 128) / 2);
  const scaled = half < 0 ? dividend << BigInt(-2 * half) : dividend >> BigInt(2 * half);
  const root = Math.sqrt(Number(scaled / divisor));
  // In two steps: one alone may leave the range where the result does not.
  const first = Math.trunc((half - 1_074) / 2);
  return root * 2 ** first * 2 ** (half - 1_074 - first);
}
