import { setTimeout as wait } from "node:timers/promises";

/** Full-jitter exponential backoff: a random delay up to `baseMs · 2ⁿ`, capped at `maxMs`. */
export class Backoff {
  readonly #baseMs: number;
  readonly #maxMs: number;
  readonly #random: () => number;
  #attempt = 0;

  constructor(bounds: { baseMs: number; maxMs: number }, random: () => number = Math.random) {
    this.#baseMs = bounds.baseMs;
    this.#maxMs = bounds.maxMs;
    this.#random = random;
  }

  /** The next delay in milliseconds; never less than a tenth of the cap of this attempt. */
  next(): number {
    const capMs = Math.min(this.#maxMs, this.#baseMs * 2 ** this.#attempt);
    this.#attempt = Math.min(this.#attempt + 1, 30);
    return capMs * (0.1 + 0.9 * this.#random());
  }

  reset(): void {
    this.#attempt = 0;
  }
}

/** Waits; returns early, without an error, when `signal` aborts. */
export async function sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
  await wait(delayMs, undefined, signal ? { signal } : {}).catch(() => undefined);
}
