// One reading and one rule after the other (pure but for the clock by which slow rules are found).
//
// V1. A rule that throws says nothing about that reading, as if a field were missing: it is counted and told
//     of by key, and neither other keys nor other rules notice. A rule that is too slow is disabled alone;
//     so is it alone with its bounds on memory.
// V2. Nothing is remembered of a key for which a condition does not hold, unless the kind says so: most
//     rules know no key at all, and a reading costs them one condition at most.
// V3. A reading that came later than a rule's `lateAfter` after it happened is evaluated in the rule's late
//     state (rule-state.ts/U1), by the same steps. Only readings move that on; the clock but ends it.
// V4. A reading that a rule's `where` leaves out is none for it; windows ask for themselves. What a rule
//     remembers is of the series by which it goes (`by`), and one reading may be of another series for each rule.
import { silencedUntil } from "../../../contracts/rules/silence.ts";
import { messageOf } from "../../../platform/runtime/errors.ts";
import { type Remembered, type Sample, passes } from "../rules/lane-kind.ts";
import { type Life, type Verdict, isLive, stepLife } from "../rules/lifecycle.ts";
import type { Cause } from "../rules/make-alert.ts";
import { type ContractRules, openLate } from "../rules/rule-set.ts";
import type { RuleState, Slot } from "../rules/rule-state.ts";
import { SlowRules } from "../rules/slow-rules.ts";
import type { Stopwatch } from "../../../platform/runtime/stopwatch.ts";
import type { LaneAlerts } from "./lane-alerts.ts";
import type { LaneCounters } from "./lane-counters.ts";

export class RuleEvaluation {
  readonly #alerts: LaneAlerts;
  readonly #counters: LaneCounters;
  readonly #slow: SlowRules;
  /** Stands for a key that a rule has not met, until the rule remembers something of it. */
  readonly #stranger: Remembered = { memory: null };

  /** @param stopwatch finds rules that are too slow. */
  constructor(alerts: LaneAlerts, counters: LaneCounters, stopwatch: Stopwatch) {
    this.#alerts = alerts;
    this.#counters = counters;
    this.#slow = new SlowRules(stopwatch);
  }

  /**
   * @param rules those of the reading's contract. @param series texts of the reading's series, one for each of
   *   `rules.groupings`.
   */
  evaluate(
    rules: ContractRules,
    series: readonly string[],
    sample: Sample,
    attendedMs: number,
  ): void {
    const { states, index, groupingOf } = rules;
    rules.asked.readings += 1;
    index.look(sample.values);
    this.#slow.begin();
    const lateMs = sample.receivedAtMs - sample.timeMs;
    if (lateMs > rules.lateAfterMsLeast) this.#evaluateLate(rules, series, sample, attendedMs);
    else
      for (let at = 0; at < states.length; at++) {
        const state = states[at]!;
        sample.key = series[groupingOf[at]!]!;
        // What cannot hold matters only to a key of which something is remembered.
        if (index.mayHold(at) || state.remembers(sample.key))
          this.#guarded(state, sample, attendedMs);
      }
    this.#slow.end();
  }

  /** V3. */
  #evaluateLate(
    { states, index, groupingOf }: ContractRules,
    series: readonly string[],
    sample: Sample,
    attendedMs: number,
  ): void {
    const lateMs = sample.receivedAtMs - sample.timeMs;
    this.#counters.late += 1;
    for (let at = 0; at < states.length; at++) {
      const state = states[at]!;
      sample.key = series[groupingOf[at]!]!;
      const isLate = lateMs > state.compiled.lateAfterMs;
      const known = isLate ? state.late : state;
      if (!index.mayHold(at) && known?.remembers(sample.key) !== true) continue;
      if (!isLate) {
        this.#guarded(state, sample, attendedMs);
        continue;
      }
      const late = openLate(state);
      this.#guarded(late, sample, attendedMs);
      late.heardLate(sample.key, attendedMs);
    }
  }

  /** V1. */
  #guarded(state: RuleState, sample: Sample, attendedMs: number): void {
    const { main } = state;
    if (main.disabled !== null) return;
    try {
      this.#judge(state, sample, attendedMs);
    } catch (error) {
      this.#fail(state, error, sample, attendedMs);
    }
    if (this.#slow.isTooSlow(main)) this.#alerts.disable(main, "it is too slow", sample);
    if (state.limited) this.#alerts.tellOfLimit(state, sample);
  }

  #fail(state: RuleState, error: unknown, sample: Sample, attendedMs: number): void {
    this.#counters.failed += 1;
    this.#alerts.fail(state, messageOf(error), sample, attendedMs);
  }

  #judge(state: RuleState, sample: Sample, attendedMs: number): void {
    const { key } = sample;
    const { windows, evaluate, condition, compiled } = state;
    if (!windows && !passes(compiled.where, sample.values)) return; // V4
    const window = windows && windows.take(key, sample, attendedMs);
    if (window === "no-room") return void (this.#counters.unevaluated += 1);
    if (windows && !window) return;
    const known = state.slots.get(key);
    if (!known && condition !== null && !condition(sample.values)) return; // V2
    const remembered = known ?? this.#stranger;
    if (!known) this.#stranger.memory = null;
    let verdict: Verdict | null = null;
    try {
      verdict = evaluate!(sample, remembered, window);
    } catch (error) {
      // What it has come to know from the reading until then it keeps.
      this.#fail(state, error, sample, attendedMs);
    }
    if (!known && !verdict?.holds && remembered.memory === null) return; // V2
    const slot = known ?? state.open(key, attendedMs, remembered.memory);
    if (!slot) return void (this.#counters.unevaluated += 1);
    slot.touchedAt = attendedMs;
    // An idle key whose condition does not hold stays idle.
    if (verdict && (verdict.holds || slot.life !== null))
      this.#step(state, slot, verdict, sample, attendedMs);
    state.settle(key, slot);
  }

  #step(state: RuleState, slot: Slot, verdict: Verdict, sample: Sample, attendedMs: number): void {
    const { key, place, timeMs: atMs, receivedAtMs } = sample;
    const before = slot.life;
    const { life, transition } = stepLife(before, verdict, sample, state.compiled);
    slot.life = life;
    const cause: Cause = { key, place, atMs, receivedAtMs, value: verdict.value };
    if (transition === "firing") this.#alerts.fire(state, life!, cause);
    if (transition === "resolved") this.#alerts.resolve(state, before!, cause);
    if (state.isLate) {
      if (verdict.holds && life !== null && transition === null)
        this.#endLateSilence(state, life, cause);
      return;
    }
    if (verdict.holds && state.compiled.resolveAfterMs !== null && isLive(life))
      state.resolving.touch(key, attendedMs);
    if (state.drain !== null)
      if (life !== null) state.draining.touch(key, attendedMs);
      else state.draining.stop(key);
  }

  /** Readings that come late say themselves that a maintenance window is over: by their times. */
  #endLateSilence(state: RuleState, life: Life, cause: Cause): void {
    if (life.silencedUntilMs === null || cause.atMs < life.silencedUntilMs) return;
    life.silencedUntilMs = silencedUntil(state.compiled.silences, cause.atMs);
    if (life.silencedUntilMs !== null) return;
    state.silenced.delete(cause.key);
    this.#alerts.fireAfterSilence(state, life, cause);
  }
}
