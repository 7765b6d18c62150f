// Timers that all wait equally long and are started anew all the time (pure): those that were touched
// longest ago are first, so that finding what is due costs nothing while nothing is.

export class IdleTimers {
  readonly #touchedAt = new Map<string, number>();

  get size(): number {
    return this.#touchedAt.size;
  }

  /** `at` never goes back. */
  touch(key: string, at: number): void {
    if (this.#touchedAt.get(key) === at) return;
    this.#touchedAt.delete(key);
    this.#touchedAt.set(key, at);
  }

  has(key: string): boolean {
    return this.#touchedAt.has(key);
  }

  stop(key: string): void {
    // Most of them wait for nobody, and a look at none costs as much as one at many.
    if (this.#touchedAt.size > 0) this.#touchedAt.delete(key);
  }

  /** Stops and returns those that were not touched after `at`, the longest waiting first. */
  takeUntil(at: number): { key: string; touchedAt: number }[] {
    const due: { key: string; touchedAt: number }[] = [];
    for (const [key, touchedAt] of this.#touchedAt) {
      if (touchedAt > at) break;
      due.push({ key, touchedAt });
    }
    for (const { key } of due) this.#touchedAt.delete(key);
    return due;
  }

  /** Drops the `count` that were touched longest ago. */
  forget(count: number): void {
    for (const key of this.#touchedAt.keys()) {
      if (count-- <= 0) return;
      this.#touchedAt.delete(key);
    }
  }

  entries(): IterableIterator<[key: string, touchedAt: number]> {
    return this.#touchedAt.entries();
  }

  /** @param entries in whatever order. */
  static from(entries: Iterable<readonly [key: string, touchedAt: number]>): IdleTimers {
    const timers = new IdleTimers();
    for (const [key, at] of [...entries].sort(([, a], [, b]) => a - b))
      timers.#touchedAt.set(key, at);
    return timers;
  }
}
