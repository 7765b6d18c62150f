export interface Percentiles {
  readonly p50: number;
  readonly p99: number;
}

/** Of values in any order; 0 of none (pure). */
export function percentilesOf(values: readonly number[]): Percentiles {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (q: number): number => sorted[Math.floor(q * (sorted.length - 1))] ?? 0;
  return { p50: at(0.5), p99: at(0.99) };
}
