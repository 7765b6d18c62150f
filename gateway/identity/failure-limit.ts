// A count of failures by key, which are forgiven with time (pure: time is handed in).

export interface FailureBound {
  /** Failures at once before a key is over its bound. */
  readonly burst: number;
  /** Failures forgiven in a second. */
  readonly perSecond: number;
  /** Keys remembered; the one longest without a failure is forgotten first. */
  readonly keysMax: number;
}

interface Debt {
  failures: number;
  atMs: number;
}

export class FailureLimit {
  readonly #bound: FailureBound;
  readonly #debts = new Map<string, Debt>();

  constructor(bound: FailureBound) {
    this.#bound = bound;
  }

  get size(): number {
    return this.#debts.size;
  }

  /** True unless one more failure is within the bound. */
  isOver(key: string, nowMs: number): boolean {
    return this.#left(key, nowMs) + 1 > this.#bound.burst;
  }

  fail(key: string, nowMs: number): void {
    const failures = Math.min(this.#bound.burst, this.#left(key, nowMs) + 1);
    this.#debts.delete(key);
    const oldest = this.#debts.keys().next();
    if (this.#debts.size >= this.#bound.keysMax && !oldest.done) this.#debts.delete(oldest.value);
    this.#debts.set(key, { failures, atMs: nowMs });
  }

  /** Takes one failure back that was none after all. */
  refund(key: string, nowMs: number): void {
    const failures = this.#left(key, nowMs) - 1;
    if (failures > 0) this.#debts.set(key, { failures, atMs: nowMs });
    else this.#debts.delete(key);
  }

  #left(key: string, nowMs: number): number {
    const debt = this.#debts.get(key);
    if (debt === undefined) return 0;
    return Math.max(0, debt.failures - ((nowMs - debt.atMs) / 1000) * this.#bound.perSecond);
  }
}
