// How many refused logins one place may cause (pure: time is handed in).
//
// What is slowed down is guessing, and only chosen passwords can be guessed. So a place over its
// bound has its passwords refused unchecked and hears "quota exceeded" for every failure, while
// generated secrets, certificates and passwords known from a moment ago still let their owners in:
// a fleet behind one NATed address is not locked out by one broken device or one guesser in it.

/** Failures at once before a place is over its bound, and how fast it is forgiven. */
const BURST = 30;
const PER_SECOND = 1;
/** Places remembered; the one longest without a failure is forgotten first. */
const PLACES_MAX = 10_000;

interface Debt {
  failures: number;
  atMs: number;
}

export class FailureLimit {
  readonly #debts = new Map<string, Debt>();

  get size(): number {
    return this.#debts.size;
  }

  isOver(place: string, nowMs: number): boolean {
    const debt = this.#debts.get(place);
    return debt !== undefined && left(debt, nowMs) >= BURST;
  }

  fail(place: string, nowMs: number): void {
    const debt = this.#debts.get(place);
    const failures = Math.min(BURST, debt ? left(debt, nowMs) : 0) + 1;
    this.#debts.delete(place);
    const oldest = this.#debts.keys().next();
    if (this.#debts.size >= PLACES_MAX && !oldest.done) this.#debts.delete(oldest.value);
    this.#debts.set(place, { failures, atMs: nowMs });
  }
}

const left = ({ failures, atMs }: Debt, nowMs: number): number =>
  Math.max(0, failures - ((nowMs - atMs) / 1000) * PER_SECOND);
