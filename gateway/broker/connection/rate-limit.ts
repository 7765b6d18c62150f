// A token bucket per client id, so that reconnecting does not refill it. Pure: time is handed in.

interface Bucket {
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

  /** Takes `tokens`; returns how long to wait, in milliseconds, until the debt is paid off. */
  take(clientId: string, tokens: number, nowMs: number): number {
    let bucket = this.#buckets.get(clientId);
    if (!bucket) this.#buckets.set(clientId, (bucket = { tokens: this.#burst, atMs: nowMs }));
    const elapsedMs = Math.max(0, nowMs - bucket.atMs);
    bucket.tokens = Math.min(this.#burst, bucket.tokens + elapsedMs * this.#perMs) - tokens;
    bucket.atMs = Math.max(bucket.atMs, nowMs);
    return bucket.tokens >= 0 ? 0 : -bucket.tokens / this.#perMs;
  }

  /** Forgets full buckets: they are as good as new ones. */
  prune(nowMs: number): void {
    for (const [clientId, { tokens, atMs }] of this.#buckets)
      if (tokens + (nowMs - atMs) * this.#perMs >= this.#burst) this.#buckets.delete(clientId);
  }
}
