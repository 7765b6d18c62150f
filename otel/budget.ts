/** Says yes so many times a second, and up to that many at once. */
export class Budget {
  readonly #perSecond: number;
  readonly #clock: () => number;
  #left: number;
  #sinceMs: number;

  /** @param clock milliseconds, from any zero. */
  constructor(perSecond: number, clock: () => number) {
    this.#perSecond = perSecond;
    this.#clock = clock;
    this.#left = perSecond;
    this.#sinceMs = clock();
  }

  take(): boolean {
    const nowMs = this.#clock();
    const gained = ((nowMs - this.#sinceMs) / 1000) * this.#perSecond;
    this.#sinceMs = nowMs;
    this.#left = Math.min(this.#perSecond, this.#left + gained);
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
