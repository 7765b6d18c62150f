// When a lane may save what its rules know (pure). While a copy of that is made nothing is evaluated, and
// writing it takes from the same cores and the same disk as the readings; a replay after a kill is as long
// as the pause was.
//
// P1. Copies of all lanes together take at most one part in COPYING_SHARE of the time, and have at most
//     BYTES_PER_SECOND.
// P2. A copy comes APART_MS after that of another lane, so that alerts never wait for all of them.
const PAUSE_MS_MIN = 1_000;
const COPYING_SHARE = 50;
const BYTES_PER_SECOND = 4 * 1024 ** 2;
const APART_MS = 50;

export class SavePace {
  readonly #lanes: number;
  #lastMs = Number.NEGATIVE_INFINITY;

  /** @param lanes that go by it. */
  constructor(lanes: number) {
    this.#lanes = lanes;
  }

  /** True if no other lane was just copied. @param nowMs monotonic. */
  isFree(nowMs: number): boolean {
    return nowMs - this.#lastMs >= APART_MS; // P2
  }

  /** @returns how long the lane pauses from the beginning of the copy. */
  copied(of: { beganMs: number; tookMs: number; bytes: number }): number {
    this.#lastMs = of.beganMs + of.tookMs;
    const writingMs = (of.bytes / BYTES_PER_SECOND) * 1_000;
    const own = Math.max(of.tookMs * COPYING_SHARE, writingMs, 2 * APART_MS);
    return Math.max(PAUSE_MS_MIN, own * this.#lanes); // P1
  }
}
