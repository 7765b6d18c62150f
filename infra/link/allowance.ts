/**
 * How much may be sent now, of so many bytes a second: a token bucket that holds a tenth of a second's worth. What is
 * sent may exceed it once; the next then waits until that is made up for.
 * Source: RFC 2697, section 3 (one rate, one burst).
 */
export class Allowance {
  readonly #bytesPerMs: number;
  readonly #burst: number;
  #left: number;
  #atMs: number;

  constructor(bytesPerS: number, nowMs: number) {
    this.#bytesPerMs = bytesPerS / 1_000;
    this.#burst = bytesPerS / 10;
    this.#left = this.#burst;
    this.#atMs = nowMs;
  }

  spend(bytes: number): void {
    this.#left -= bytes;
  }

  /** Time until something may be sent again, in ms; 0: now. @param nowMs of a clock that only goes forward. */
  waitMs(nowMs: number): number {
    const grown = (nowMs - this.#atMs) * this.#bytesPerMs;
    this.#left = Math.min(this.#burst, this.#left + grown);
    this.#atMs = nowMs;
    return this.#left > 0 ? 0 : Math.max(1, Math.ceil(-this.#left / this.#bytesPerMs));
  }
}
