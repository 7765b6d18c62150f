// A token bucket per holder, so that neither reconnecting nor another client id refills it. Pure: time is
// handed in.

interface Bucket {
  readonly times: number;
  tokens: number;
  atMs: number;
}

export class RateLimit {
  readonly #perMs: number;
  readonly #burst: number;
  readonly #buckets = new Map<string, Bucket>();

  constructor(bounds: { perSecond: number; burst: number }) {
    this.#perMs = bounds.perSecond / 1000;
    this.#burst = bounds.burst;
  }

  get size(): number {
    return this.#buckets.size;
  }

  /**
   * Takes `tokens`; returns how long to wait, in milliseconds, until the debt is paid off.
   * @param times of rate and burst that the holder of the bucket has.
   */
  take(key: string, tokens: number, nowMs: number, times = 1): number {
    let bucket = this.#buckets.get(key);
    const burst = this.#burst * times;
    const perMs = this.#perMs * times;
    if (!bucket) this.#buckets.set(key, (bucket = { times, tokens: burst, atMs: nowMs }));
    const elapsedMs = Math.max(0, nowMs - bucket.atMs);
    bucket.tokens = Math.min(burst, bucket.tokens + elapsedMs * perMs) - tokens;
    bucket.atMs = Math.max(bucket.atMs, nowMs);
    return bucket.tokens >= 0 ? 0 : -bucket.tokens / perMs;
  }

  /** Forgets full buckets: they are as good as new ones. */
  prune(nowMs: number): void {
    for (const [key, { times, tokens, atMs }] of this.#buckets)
      if (tokens + (nowMs - atMs) * this.#perMs * times >= this.#burst * times)
        this.#buckets.delete(key);
  }
}
