// The keys that a rule in a lane cannot be evaluated for (pure): a condition that throws says nothing about
// that reading, as one that lacks a field.
//
// Q1. A key is told of once, until it made no error for ERROR_QUIET_MS of attended time.
// Q2. No more than ERROR_KEYS_MAX keys are told of; the readings of others are only counted.
import { IdleTimers } from "../windows/idle-timers.ts";
import type { LogPlace } from "./lifecycle.ts";

const ERROR_QUIET_MS = 600_000;
const ERROR_KEYS_MAX = 1_000;

/** JSON-able. */
export interface RuleErrorOfKey {
  readonly why: string;
  readonly at: LogPlace;
  /** The lane's attended time of the last one. */
  lastAt: number;
  readings: number;
}

export class RuleErrors {
  readonly #byKey = new Map<string, RuleErrorOfKey>();
  #timers = new IdleTimers();
  /** Readings of all keys. */
  readings = 0;

  get byKey(): ReadonlyMap<string, RuleErrorOfKey> {
    return this.#byKey;
  }

  /** True if the key has to be told of (Q1). */
  add(key: string, why: string, at: LogPlace, attendedMs: number): boolean {
    this.readings += 1;
    const known = this.#byKey.get(key);
    if (!known && this.#byKey.size >= ERROR_KEYS_MAX) return false; // Q2
    this.#timers.touch(key, attendedMs);
    if (known) {
      known.lastAt = attendedMs;
      known.readings += 1;
      return false;
    }
    this.#byKey.set(key, { why, at, lastAt: attendedMs, readings: 1 });
    return true;
  }

  /** Forgets and returns those that made no error for long enough. */
  takeQuiet(attendedMs: number): [key: string, error: RuleErrorOfKey][] {
    if (this.#timers.size === 0) return [];
    return this.#timers.takeUntil(attendedMs - ERROR_QUIET_MS).map(({ key }) => {
      const error = this.#byKey.get(key)!;
      this.#byKey.delete(key);
      return [key, error];
    });
  }

  toJSON(): readonly (readonly [key: string, error: RuleErrorOfKey])[] {
    return [...this.#byKey];
  }

  static from(saved: readonly (readonly [key: string, error: RuleErrorOfKey])[]): RuleErrors {
    const errors = new RuleErrors();
    for (const [key, error] of saved) errors.#byKey.set(key, { ...error });
    errors.#timers = IdleTimers.from(saved.map(([key, { lastAt }]) => [key, lastAt]));
    return errors;
  }
}
