// Finds rules that are too slow: each reading is timed as a whole, and only after one that took too long
// is every rule timed by itself for a while.
//
// This is the one exception to "alerts are a function of the log" (lane-rules.ts/A1): it goes by the
// machine's own clock, so a replay may disable another rule, at another reading, or none. A rule that holds
// up the alerts of all others cannot be found in the log.
//
// A rule is too slow if it ran longer than EVALUATION_MS_MAX for STRIKES_MAX readings of that while: once
// may be the garbage collector, ten times the same of a hundred rules is not. Time for which the thread
// waited for a core is not the rule's: on a crowded machine it would disable what is innocent.
import type { Stopwatch } from "../../../platform/runtime/stopwatch.ts";
import type { RuleState } from "./rule-state.ts";

const READING_MS_MAX = 5;
const EVALUATION_MS_MAX = 4;
const READINGS_TIMED = 1_000;
/** The time that the thread ran is asked for so seldom: it costs more than most rules. */
const READINGS_PER_LOOK = 64;
const STRIKES_MAX = 10;

export class SlowRules {
  readonly #stopwatch: Stopwatch;
  #beganMs = 0;
  #lastRanMs = 0;
  #readingsLeft = 0;
  #sinceLook = READINGS_PER_LOOK;
  #lookedRanMs = 0;
  #strikes = new Map<RuleState, number>();

  constructor(stopwatch: Stopwatch) {
    this.#stopwatch = stopwatch;
  }

  /** Before the rules of a reading are evaluated. */
  begin(): void {
    if (++this.#sinceLook > READINGS_PER_LOOK) this.#look();
    this.#beganMs = this.#stopwatch.nowMs();
    if (this.#readingsLeft > 0) this.#lastRanMs = this.#stopwatch.ranMs();
  }

  /** After each rule. */
  isTooSlow(state: RuleState): boolean {
    if (this.#readingsLeft === 0) return false;
    const ranMs = this.#stopwatch.ranMs();
    const tookMs = ranMs - this.#lastRanMs;
    this.#lastRanMs = ranMs;
    if (tookMs <= EVALUATION_MS_MAX) return false;
    const strikes = (this.#strikes.get(state) ?? 0) + 1;
    this.#strikes.set(state, strikes);
    return strikes >= STRIKES_MAX && state.disabled === null;
  }

  /** After all rules of a reading. */
  end(): void {
    if (this.#readingsLeft > 0) this.#readingsLeft -= 1;
    if (this.#stopwatch.nowMs() - this.#beganMs <= READING_MS_MAX || this.#readingsLeft > 0) return;
    // The thread may have waited for a core meanwhile; timing each rule would cost what it lacks.
    if (this.#look() <= READING_MS_MAX) return;
    this.#readingsLeft = READINGS_TIMED;
    this.#strikes = new Map();
  }

  /** The time that the thread ran since the last look. */
  #look(): number {
    const ranMs = this.#stopwatch.ranMs();
    const tookMs = ranMs - this.#lookedRanMs;
    this.#lookedRanMs = ranMs;
    this.#sinceLook = 0;
    return tookMs;
  }
}
