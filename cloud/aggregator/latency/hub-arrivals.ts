// When frames came to the hub's copy of a region's log, as far as that is known (pure). A copy keeps the time at
// which the region stored a frame, and not when it came; its end is looked at once a second.
//
// Y1. A frame that the copy did not have at the last look came between that look and its arrival at the
//     aggregator: it is taken to have gone on at once.
// Y2. Any other one came before the first look that saw it, and after the look before: to a second.
// Y3. When a frame came that was there at the first look is not known, nor when one came while nobody looked: an
//     aggregator that stood still must not be put down to the WAN.

/** Looks that are kept: an hour. */
const LOOKS_MAX = 3_600;
/** Looks that are farther apart say nothing of what came between them (Y3). */
const APART_MAX_MS = 3_000;

interface Look {
  readonly atMs: number;
  readonly lastSeq: number;
  /** True if the look before was too long ago. */
  readonly isLate: boolean;
}

export class HubArrivals {
  #looks: Look[] = [];
  #lookedMs = Number.NEGATIVE_INFINITY;

  /** @param lastSeq the last sequence that the copy had. */
  look(atMs: number, lastSeq: number): void {
    const isLate = atMs - this.#lookedMs > APART_MAX_MS;
    this.#lookedMs = atMs;
    const last = this.#looks.at(-1);
    if (last && lastSeq < last.lastSeq) this.#looks = []; // The copy is made again.
    if (last?.lastSeq === lastSeq) return;
    this.#looks.push({ atMs, lastSeq, isLate });
    if (this.#looks.length > LOOKS_MAX) this.#looks.shift();
  }

  /** Epoch ms; null if it is not known (Y3). @param arrivedMs when it came to the aggregator. */
  of(seq: number, arrivedMs: number): number | null {
    const looks = this.#looks;
    const last = looks.at(-1);
    if (!last) return null;
    if (seq > last.lastSeq) return arrivedMs - this.#lookedMs > APART_MAX_MS ? null : arrivedMs; // Y1, Y3
    if (seq <= looks[0]!.lastSeq) return null;
    let [low, high] = [1, looks.length - 1];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (looks[middle]!.lastSeq >= seq) high = middle;
      else low = middle + 1;
    }
    const { atMs, isLate } = looks[low]!;
    return isLate ? null : Math.min(atMs, arrivedMs); // Y2
  }
}
