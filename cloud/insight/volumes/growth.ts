// How fast something grows, and when it is full (pure).
//
// G1. A rate is the median of the slopes between pairs of samples (Theil, Sen): restarts, compactions and files that come
//     and go are steps, which move it only when they are most of what was seen.
// G2. Nobody tells the future for longer than HORIZON times what was seen: a disk that fills within an hour is told within
//     minutes, one that fills within a week after a day, and what was written at a start is no rate.
// G3. Bounded: samples get sparser with their age, and older ones than KEPT_MS go.

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
export const KEPT_MS = 7 * DAY_MS;
/** A sample every minute for half an hour, then fewer. */
const SAMPLES_A_SPAN = 30;
const HORIZON = 8;
const SAMPLES_MIN = 5;
/** Samples whose pairs a rate is made of. */
const PAIRED_MAX = 60;
/** Spans over which a rate is taken: what began an hour ago is seen before it is most of a week. */
const SPANS_MS = [HOUR_MS, 6 * HOUR_MS, DAY_MS, KEPT_MS];

/** Epoch ms, and what was measured. */
export type Sample = readonly [atMs: number, bytes: number];

export interface Rate {
  readonly bytesPerDay: number;
  readonly seenMs: number;
}

export class Growth {
  #samples: Sample[];

  /** @param samples of an earlier start, oldest first. */
  constructor(samples: readonly Sample[] = []) {
    this.#samples = [...samples];
  }

  get samples(): readonly Sample[] {
    return this.#samples;
  }

  observe(atMs: number, bytes: number): void {
    // A clock that went back: what was seen later is of no use.
    const before = this.#samples.filter(([ms]) => ms < atMs && atMs - ms <= KEPT_MS); // G3
    let slot = "";
    const kept = before.filter(([ms]) => {
      const own = slotOf(ms, atMs - ms);
      const isFirst = own !== slot;
      slot = own;
      return isFirst;
    });
    this.#samples = [...kept, [atMs, bytes]];
  }

  /** The rate of each span that was seen, shortest first; a span counts once more than the one before it was seen. */
  rates(): Rate[] {
    const newestMs = this.#samples.at(-1)?.[0] ?? 0;
    const rates: Rate[] = [];
    for (const spanMs of SPANS_MS) {
      const own = this.#samples.filter(([ms]) => newestMs - ms <= spanMs);
      const seenMs = newestMs - (own[0]?.[0] ?? newestMs);
      if (own.length < SAMPLES_MIN || seenMs <= (rates.at(-1)?.seenMs ?? 0)) continue;
      rates.push({ bytesPerDay: slopeOf(evenly(own, seenMs / PAIRED_MAX)) * DAY_MS, seenMs });
    }
    return rates;
  }

  /** Over all that was seen; null while that is too little. */
  get bytesPerDay(): number | null {
    return this.rates().at(-1)?.bytesPerDay ?? null;
  }

  /** Time until `freeBytes` are used up, by the span that says soonest; null where none says it (G2). */
  fullInMs(freeBytes: number): number | null {
    const times = this.rates().flatMap(({ bytesPerDay, seenMs }) => {
      if (bytesPerDay <= 0) return [];
      const fullInMs = (freeBytes / bytesPerDay) * DAY_MS;
      return fullInMs <= HORIZON * seenMs ? [Math.round(fullInMs)] : [];
    });
    return times.length === 0 ? null : Math.min(...times);
  }
}

/** Slots are of fixed times, each of two smaller ones: the first sample of a slot is the first of the larger one, or goes. */
function slotOf(ms: number, ageMs: number): string {
  const times = Math.max(0, Math.ceil(Math.log2(ageMs / (SAMPLES_A_SPAN * MINUTE_MS))));
  const sizeMs = MINUTE_MS * 2 ** times;
  return `${sizeMs} ${Math.floor(ms / sizeMs)}`;
}

/** Samples with at least that time between them: the newest, of which there are more, count no more than the others. */
function evenly(samples: readonly Sample[], apartMs: number): Sample[] {
  let lastMs = -Infinity;
  return samples.filter(([ms]) => {
    if (ms - lastMs < apartMs) return false;
    lastMs = ms;
    return true;
  });
}

/** Bytes a millisecond (G1). */
function slopeOf(samples: readonly Sample[]): number {
  const slopes = samples.flatMap(([at, bytes], index) =>
    samples.slice(index + 1).map(([later, more]) => (more - bytes) / (later - at)),
  );
  slopes.sort((a, b) => a - b);
  const middle = slopes.length >> 1;
  return slopes.length % 2 === 1 ? slopes[middle]! : (slopes[middle - 1]! + slopes[middle]!) / 2;
}

/** Adds up a counter that begins again at 0 whenever its process does. */
export class Odometer {
  #total: number;
  #last: number | null = null;

  constructor(total = 0) {
    this.#total = total;
  }

  /** @returns all that was counted since the first reading. */
  read(counter: number): number {
    const before = this.#last;
    this.#last = counter;
    if (before !== null) this.#total += counter >= before ? counter - before : counter;
    return this.#total;
  }
}
