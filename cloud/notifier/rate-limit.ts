// The rate at which a channel may send messages: a token bucket (pure: the clock is handed in).
//
// A bucket holds the messages of ten seconds, so in no minute are there more than 7/6 of the rate.

const BURST_SHARE = 1 / 6;

export class RateLimit {
  readonly #perMs: number;
  readonly #capacity: number;
  #tokens: number;
  #atMs: number;

  constructor(ratePerMinute: number, nowMs: number) {
    this.#perMs = ratePerMinute / 60_000;
    this.#capacity = Math.max(1, Math.ceil(ratePerMinute * BURST_SHARE));
    this.#tokens = this.#capacity;
    this.#atMs = nowMs;
  }

  /** Messages that may be sent now. */
  available(nowMs: number): number {
    this.#refill(nowMs);
    return Math.floor(this.#tokens);
  }

  /** Takes one message's token if there is one. */
  take(nowMs: number): boolean {
    if (this.available(nowMs) < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  /** Time until there is a token; 0 if there is one. */
  waitMs(nowMs: number): number {
    this.#refill(nowMs);
    return this.#tokens >= 1 ? 0 : Math.ceil((1 - this.#tokens) / this.#perMs);
  }

  #refill(nowMs: number): void {
    const elapsedMs = Math.max(0, nowMs - this.#atMs);
    this.#atMs = Math.max(this.#atMs, nowMs);
    this.#tokens = Math.min(this.#capacity, this.#tokens + elapsedMs * this.#perMs);
  }
}
