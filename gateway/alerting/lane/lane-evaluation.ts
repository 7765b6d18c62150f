// One reading and one rule after the other (pure but for the clock by which slow rules are found).
//
// V1. A rule that throws or is too slow is disabled alone, with an alert about it; so is it alone with its
//     bounds on memory.
// V2. Nothing is remembered of a key for which a condition does not hold, unless the kind says so: most
//     rules know no key at all, and a reading costs them one condition at most.
import { messageOf } from "../../../platform/runtime/errors.ts";
import type { Remembered, Sample } from "../rules/lane-kind.ts";
import { type Verdict, isLive, stepLife } from "../rules/lifecycle.ts";
import type { Cause } from "../rules/make-alert.ts";
import type { ContractRules } from "../rules/rule-set.ts";
import type { RuleState, Slot } from "../rules/rule-state.ts";
import { SlowRules } from "../rules/slow-rules.ts";
import type { LaneAlerts } from "./lane-alerts.ts";
import type { LaneCounters } from "./lane-counters.ts";

export class LaneEvaluation {
  readonly #alerts: LaneAlerts;
  readonly #counters: LaneCounters;
  readonly #slow: SlowRules;
  /** Stands for a key that a rule has not met, until the rule remembers something of it. */
  readonly #stranger: Remembered = { memory: null };

  /** @param nowMs monotonic, to find rules that are too slow. */
  constructor(alerts: LaneAlerts, counters: LaneCounters, nowMs: () => number) {
    this.#alerts = alerts;
    this.#counters = counters;
    this.#slow = new SlowRules(nowMs);
  }

  /** @param rules those of the reading's contract. */
  evaluate({ states, index }: ContractRules, sample: Sample, attendedMs: number): void {
    index.look(sample.values);
    this.#slow.begin();
    for (let at = 0; at < states.length; at++) {
      const state = states[at]!;
      // What cannot hold matters only to a key of which something is remembered.
      if (index.mayHold(at) || state.remembers(sample.key))
        this.#guarded(state, sample, attendedMs);
    }
    this.#slow.end();
  }

  /** V1. */
  #guarded(state: RuleState, sample: Sample, attendedMs: number): void {
    if (state.disabled !== null) return;
    try {
      this.#judge(state, sample, attendedMs);
    } catch (error) {
      this.#alerts.disable(state, messageOf(error), sample);
    }
    if (this.#slow.isTooSlow(state)) this.#alerts.disable(state, "it is too slow", sample);
    if (state.limited) this.#alerts.tellOfLimit(state, sample);
  }

  #judge(state: RuleState, sample: Sample, attendedMs: number): void {
    const { key } = sample;
    const { windows, evaluate, condition } = state;
    const window = windows && windows.take(key, sample, attendedMs);
    if (window === "no-room") return void (this.#counters.unevaluated += 1);
    if (windows && !window) return;
    const known = state.slots.get(key);
    if (!known && condition !== null && !condition(sample.values)) return; // V2
    const remembered = known ?? this.#stranger;
    if (!known) this.#stranger.memory = null;
    const verdict = evaluate!(sample, remembered, window);
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
    if (verdict.holds && state.compiled.resolveAfterMs !== null && isLive(life))
      state.resolving.touch(key, attendedMs);
  }
}
