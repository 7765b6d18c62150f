// Every statistic of a window by its definition, in integers: no rounding before the last step.
import { ROLLUP_QUANTILES } from "../../contracts/names/measurements.ts";

/** A value of a field, and what decides which is first and last. */
export interface TimedValue {
  readonly value: number;
  readonly eventMs: number;
  readonly sequence: number;
}

/** Two numbers are near when they differ by no more than a few roundings. */
export const NEAR = 4 * Number.EPSILON;

/** A finite number in units of 2⁻¹⁰⁷⁴. */
function unitsOf(value: number): bigint {
  let exponent = 0;
  let whole = value;
  while (!Number.isInteger(whole)) {
    whole *= 2;
    exponent += 1;
  }
  return BigInt(whole) << BigInt(1_074 - exponent);
}

/** The quotient of two integers, in units of 2⁻¹⁰⁷⁴, as the nearest number. */
function quotient(dividend: bigint, divisor: bigint): number {
  const magnitude = dividend < 0n ? -dividend : dividend;
  const length = (of: bigint): number => of.toString(2).length;
  const shift = 80 - (length(magnitude) - length(divisor));
  const above = shift > 0 ? magnitude << BigInt(shift) : magnitude;
  const below = shift > 0 ? divisor : divisor << BigInt(-shift);
  // What a division leaves decides between neighbours only where the rest is half-way.
  let result = Number((above / below) | (above % below === 0n ? 0n : 1n));
  // In small steps, so that none of them leaves the range before the result does.
  for (let left = -shift - 1_074; left !== 0;) {
    const step = Math.max(-500, Math.min(500, left));
    result *= 2 ** step;
    left -= step;
  }
  return dividend < 0n ? -result : result;
}

/** The integer square root (Newton's method). */
function root(square: bigint): bigint {
  if (square < 2n) return square;
  let guess = 1n << BigInt(Math.ceil(square.toString(2).length / 2));
  for (;;) {
    const next = (guess + square / guess) >> 1n;
    if (next >= guess) return guess;
    guess = next;
  }
}

export interface PlainStatistics {
  readonly count: number;
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly sum: number;
  readonly stddev: number;
  readonly first: number;
  readonly last: number;
  /** Exact, in the order of ROLLUP_QUANTILES: the value of rank ⌊q · (count − 1)⌋. */
  readonly quantiles: readonly number[];
}

export function plainStatistics(values: readonly TimedValue[]): PlainStatistics {
  const byTime = values.toSorted((a, b) => a.eventMs - b.eventMs || a.sequence - b.sequence);
  const sorted = values.map(({ value }) => value).sort((a, b) => a - b);
  const count = values.length;
  const n = BigInt(count);
  const units = sorted.map(unitsOf);
  const sum = units.reduce((total, value) => total + value, 0n);
  const squares = units.reduce((total, value) => total + value * value, 0n);
  // √(x / y) = √(x · y) / y; 2²⁰⁰ more, for digits where the deviation is small.
  const degrees = n * (n - 1n);
  const deviation = count < 2 ? 0n : root(((n * squares - sum * sum) * degrees) << 200n);
  return {
    count,
    min: sorted[0]!,
    max: sorted.at(-1)!,
    mean: quotient(sum, n),
    sum: quotient(sum, 1n),
    stddev: count < 2 ? 0 : quotient(deviation, degrees << 100n),
    first: byTime[0]!.value,
    last: byTime.at(-1)!.value,
    quantiles: ROLLUP_QUANTILES.map(({ q }) => sorted[Math.floor(q * (count - 1))]!),
  };
}
