// One reading and one rule after the other (pure but for the clock by which slow rules are found).
//
// V1. A rule that throws says nothing about that reading, as if a field were missing: it is counted and told
//     of by key, and neither other keys nor other rules notice. A rule that is too slow is disabled alone;
//     so is it alone with its bounds on memory.
// V2. Nothing is remembered of a key for which a condition does not hold, unless the kind says so: most
//     rules know no key at all, and a reading costs them nothing as long as it is far from their conditions
//     (contract-rules.ts/Y1).
// V3. A reading that came later than a rule's `lateAfter` after it happened is evaluated in the rule's late
//     state (rule-state.ts/U1), by the same steps. Only readings move that on; the clock but ends it.
// V4. A reading that a rule's `where` leaves out is none for it; windows ask for themselves. What a rule
//     remembers is of the series by which it goes (`by`), and one reading may be of another series for each rule.
import { silencedUntil } from "../../../contracts/rules/silence.ts";
import { messageOf } from "../../../platform/runtime/errors.ts";
import { type Remembered, type Sample, passes } from "../rules/lane-kind.ts";
import { type Life, type Verdict, isLive, stepLife } from "../rules/lifecycle.ts";
import type { Cause } from "../rules/make-alert.ts";
import type { ContractRules, WindowGroup } from "../rules/contract-rules.ts";
import { type RuleSet, openLate } from "../rules/rule-set.ts";
import type { PlaceSet } from "../rules/place-set.ts";
import type { Slot } from "../rules/remembering.ts";
import type { RuleState } from "../rules/rule-state.ts";
import { SlowRules } from "../rules/slow-rules.ts";
import type { Stopwatch } from "../../../platform/runtime/stopwatch.ts";
import type { SlidingWindow } from "../windows/sliding-window.ts";
import type { LaneAlerts } from "./lane-alerts.ts";
import type { LaneCounters } from "./lane-counters.ts";

export class RuleEvaluation {
  readonly #rules: Pick<RuleSet, "noteTimed">;
  readonly #alerts: LaneAlerts;
  readonly #counters: LaneCounters;
  readonly #slow: SlowRules;
  /** Stands for a key that a rule has not met, until the rule remembers something of it. */
  readonly #stranger: Remembered = { memory: null };

  /** @param rules those of the lane. @param stopwatch finds rules that are too slow. */
  constructor(
    rules: Pick<RuleSet, "noteTimed">,
    alerts: LaneAlerts,
    counters: LaneCounters,
    stopwatch: Stopwatch,
  ) {
    this.#rules = rules;
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
    const { states, index, groupingOf, concerned } = rules;
    rules.asked.readings += 1;
    concerned.clear();
    index.mark(sample.values, concerned);
    this.#slow.begin();
    const lateMs = sample.receivedAtMs - sample.timeMs;
    if (lateMs > rules.lateAfterMsLeast) this.#evaluateLate(rules, series, sample, attendedMs);
    else {
      markRemembered(rules, series);
      if (rules.groups.length > 0) this.#lookOut(rules, series, sample, attendedMs);
      const places = concerned.take();
      for (let at = 0; at < places.length; at++) {
        const place = places[at]!;
        sample.key = series[groupingOf[place]!]!;
        this.#guarded(states[place]!, sample, attendedMs);
      }
    }
    this.#slow.end();
  }

  /** Puts the reading into the windows where it belongs, and marks the rules whose windows may make them fire. */
  #lookOut(
    { groups, groupIndex, concernedGroups, concerned }: ContractRules,
    series: readonly string[],
    sample: Sample,
    attendedMs: number,
  ): void {
    concernedGroups.clear();
    groupIndex.mark(sample.values, concernedGroups);
    const places = concernedGroups.take();
    for (let at = 0; at < places.length; at++) {
      const group = groups[places[at]!]!;
      const first = group.states.find(({ disabled }) => disabled === null);
      if (!first) continue;
      sample.key = series[group.grouping]!;
      const window = takeOrThrown(group, sample, attendedMs);
      // Each is told of, or counted, by itself.
      if (window === "no-room" || window === "thrown" || group.windows.takeLimited())
        concerned.addAll(group.places);
      else if (window) markOutlooks(group, window, concerned);
      if (this.#slow.isTooSlow(first)) this.#alerts.disable(first, "it is too slow", sample);
    }
  }

  /** V3. */
  #evaluateLate(
    { states, concerned, groupingOf }: ContractRules,
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
      const mayHold = state.windowSpec !== null || concerned.has(at);
      if (!mayHold && known?.remembers(sample.key) !== true) continue;
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
    this.#rules.noteTimed(state);
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
    const memoryBefore = remembered.memory;
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
    // What is asked of steps alone is touched by them alone.
    if (!state.isAskedOfSteps || verdict !== null || slot.memory !== memoryBefore)
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

/** Rules that remember something of the reading's key are asked, whatever it says. */
function markRemembered(
  { remembering, placeOf, concerned }: ContractRules,
  series: readonly string[],
): void {
  for (let at = 0; at < remembering.length; at++) {
    const states = remembering[at]!.of(series[at]!);
    if (states === undefined) continue;
    for (let of = 0; of < states.length; of++) {
      const place = placeOf.get(states[of]!);
      if (place !== undefined) concerned.add(place);
    }
  }
}

function takeOrThrown({ windows }: WindowGroup, sample: Sample, attendedMs: number) {
  try {
    return windows.take(sample.key, sample, attendedMs);
  } catch {
    return "thrown"; // The rules meet it again, and say so.
  }
}

function markOutlooks(
  { outlooks, always }: WindowGroup,
  window: SlidingWindow,
  concerned: PlaceSet,
): void {
  concerned.addAll(always);
  for (let at = 0; at < outlooks.length; at++) {
    const { view, index } = outlooks[at]!;
    const values = view.valuesOf(window);
    if (values) index.mark(values, concerned);
  }
}
