// Counts of latencies, exact below a quarter of a second and to 1 % above (pure). Every reading is counted, on
// the hottest path of the aggregator: a count is one shift and one addition.
//
// From 256 ms on an octave has 128 steps, as an HdrHistogram of two digits has them.

const COUNTED_MAX_MS = 3_600_000;
/** Longer ones count as this much. */
const OVER_MS = COUNTED_MAX_MS + 1;
const EXACT_BELOW_MS = 256;
const STEPS = 128;
/** A 32-bit number has so many leading zeros if its octave is the last one that is exact. */
const EXACT_ZEROS = 24;

const indexOf = (ms: number): number => {
  if (ms < EXACT_BELOW_MS) return ms;
  const shift = EXACT_ZEROS - Math.clz32(ms);
  return shift * STEPS + (ms >>> shift);
};

/** The index of those that are longer. */
const OVER = indexOf(COUNTED_MAX_MS) + 1;
const SIZE = OVER + 1;

/** The least value that is counted at an index. */
const leastAt = (index: number): number => {
  if (index < EXACT_BELOW_MS) return index;
  if (index === OVER) return OVER_MS;
  const shift = Math.floor(index / STEPS) - 1;
  return (index - shift * STEPS) * 2 ** shift;
};

export class LatencyCounts {
  readonly #counts = new Float64Array(SIZE);
  #readings = 0;
  #sumMs = 0;
  #maxMs = 0;

  get readings(): number {
    return this.#readings;
  }

  get sumMs(): number {
    return this.#sumMs;
  }

  get maxMs(): number {
    return this.#maxMs;
  }

  /** @param ms whole or not, negative or not: what clocks give. */
  add(ms: number, readings = 1): void {
    const counted = ms > 0 ? (ms <= COUNTED_MAX_MS ? Math.floor(ms) : OVER_MS) : 0;
    this.#counts[counted === OVER_MS ? OVER : indexOf(counted)]! += readings;
    this.#readings += readings;
    this.#sumMs += counted * readings;
    if (counted > this.#maxMs) this.#maxMs = counted;
  }

  /** Adds what another one has counted. */
  addAll(other: LatencyCounts): void {
    for (let index = 0; index < SIZE; index++) this.#counts[index]! += other.#counts[index]!;
    this.#readings += other.#readings;
    this.#sumMs += other.#sumMs;
    this.#maxMs = Math.max(this.#maxMs, other.#maxMs);
  }

  clear(): void {
    this.#counts.fill(0);
    this.#readings = 0;
    this.#sumMs = 0;
    this.#maxMs = 0;
  }

  /** Latencies that occurred, rising, and how often. */
  *entries(): Generator<[ms: number, readings: number], void, void> {
    for (let index = 0; index < SIZE; index++) {
      const readings = this.#counts[index]!;
      if (readings > 0) yield [leastAt(index), readings];
    }
  }

  /** The least latency that a share `q` of the readings does not exceed; 0 of none. */
  quantile(q: number): number {
    let left = Math.ceil(q * this.#readings);
    for (const [ms, readings] of this.entries()) {
      left -= readings;
      if (left <= 0) return ms;
    }
    return 0;
  }

  /** Readings in each bucket: at most its bound, and more than the one before; the last one has no bound. */
  buckets(boundsMs: readonly number[]): number[] {
    const counts = new Array<number>(boundsMs.length + 1).fill(0);
    let at = 0;
    for (const [ms, readings] of this.entries()) {
      while (at < boundsMs.length && ms > boundsMs[at]!) at += 1;
      counts[at]! += readings;
    }
    return counts;
  }
}
