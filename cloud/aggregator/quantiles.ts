// Quantiles of the values of one field in one window. Pure.
//
// Q1. What it tells is a function of the values alone: not of their order, nor of how a window was
//     merged from shorter ones.
// Q2. Up to EXACT_VALUES_MAX values are kept as they are: their quantiles are exact.
// Q3. More are counted by sign and magnitude (magnitudes.ts/E1): a quantile is then an estimate.
// Q4. As text it holds up to a number of values as they are, and more of them counted: what is merged from texts of
//     windows with more values than that, and has no more than EXACT_VALUES_MAX itself, is an estimate too.
import { Magnitudes } from "./magnitudes.ts";

/** Values in one window up to which its quantiles are exact: those of a minute, one a second. */
export const EXACT_VALUES_MAX = 64;

interface Counted {
  readonly negative: Magnitudes;
  zeros: number;
  readonly positive: Magnitudes;
}

export class Quantiles {
  /** The values in rising order (Q2); empty once they are counted. */
  #values: number[] = [];
  #counted: Counted | null = null;
  #count = 0;

  add(any: number): void {
    const value = any + 0; // -0 is 0: else zeros would stand in the order in which they came (Q1).
    this.#count += 1;
    if (this.#counted !== null) count(this.#counted, value);
    else if (this.#count <= EXACT_VALUES_MAX) insert(this.#values, value);
    else count(this.#startCounting(), value);
  }

  merge(other: Quantiles): void {
    const isCounted = this.#counted !== null || other.#counted !== null;
    const exact = !isCounted && this.#count + other.#count <= EXACT_VALUES_MAX;
    this.#count += other.#count;
    if (exact) {
      for (const value of other.#values) insert(this.#values, value);
      return;
    }
    const counted = this.#counted ?? this.#startCounting();
    for (const value of other.#values) count(counted, value);
    if (other.#counted === null) return;
    counted.negative.merge(other.#counted.negative);
    counted.zeros += other.#counted.zeros;
    counted.positive.merge(other.#counted.positive);
  }

  /**
   * The value of rank ⌊q · (count − 1)⌋, counted from 0 in rising order, for each `q` from 0 to 1. An
   * estimate may lie beyond the least or the greatest value.
   */
  at(qs: readonly number[]): number[] {
    const last = this.#count - 1;
    const counted = this.#counted;
    if (counted === null) return qs.map((q) => this.#values[Math.floor(q * last)]!);
    counted.negative.settle();
    counted.positive.settle();
    return qs.map((q) => estimate(counted, Math.floor(q * last)));
  }

  /**
   * All of it as text, to be merged later (Q4): `v` and the values, or the counts below, of and above zero.
   * @param valuesMax values up to which they are kept as they are.
   */
  text(valuesMax: number): string {
    if (this.#counted === null && this.#count <= valuesMax) return `v${this.#values.join(";")}`;
    const counted = this.#counted ?? countedOf(this.#values);
    counted.negative.settle();
    counted.positive.settle();
    return [counted.negative.text, counted.zeros, counted.positive.text].join("/");
  }

  /** Null for anything but a text of quantiles. */
  static fromText(text: string): Quantiles | null {
    const quantiles = new Quantiles();
    if (text.startsWith("v")) {
      const values = text.slice(1).split(";").map(Number);
      if (values.length > EXACT_VALUES_MAX || !values.every(Number.isFinite)) return null;
      for (const value of values) quantiles.add(value);
      return quantiles;
    }
    const [negative, zeros, positive, ...more] = text.split("/");
    const isWhole = positive !== undefined && more.length === 0 && /^\d+$/.test(zeros!);
    const counted = quantiles.#startCounting();
    counted.zeros = Number(zeros);
    if (!isWhole || !counted.negative.addText(negative!) || !counted.positive.addText(positive))
      return null;
    for (const { count: values, zeros: small } of [counted.negative, counted.positive])
      quantiles.#count += values + small;
    quantiles.#count += counted.zeros;
    return quantiles;
  }

  #startCounting(): Counted {
    const counted = countedOf(this.#values);
    this.#values = [];
    return (this.#counted = counted);
  }
}

function countedOf(values: readonly number[]): Counted {
  const counted = { negative: new Magnitudes(), zeros: 0, positive: new Magnitudes() };
  for (const value of values) count(counted, value);
  return counted;
}

/** The place of a value, looked for from the end: values of a sensor mostly come near to those before. */
function insert(sorted: number[], value: number): void {
  let at = sorted.length;
  sorted.push(value);
  while (at > 0 && sorted[at - 1]! > value) sorted[at] = sorted[--at]!;
  sorted[at] = value;
}

function count(counted: Counted, value: number): void {
  if (value > 0) counted.positive.add(value);
  else if (value < 0) counted.negative.add(-value);
  else counted.zeros += 1;
}

function estimate({ negative, zeros, positive }: Counted, rank: number): number {
  if (rank < negative.count) return -negative.falling(rank);
  const fromPositive = rank - negative.count - negative.zeros - zeros - positive.zeros;
  return fromPositive < 0 ? 0 : positive.rising(fromPositive);
}
