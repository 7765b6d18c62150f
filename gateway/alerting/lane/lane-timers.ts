// What becomes of alerts that fire when the lane's clock moves on (pure): those that no reading ends, those
// whose windows run empty, those that fired in a maintenance window, and those of readings that came late.
import { silencedUntil } from "../../../contracts/rules/silence.ts";
import { messageOf } from "../../../platform/runtime/errors.ts";
import type { Verdict } from "../rules/lifecycle.ts";
import { type LogPlace, isLive, stepLife } from "../rules/lifecycle.ts";
import { timeText } from "../rules/make-alert.ts";
import type { RuleState } from "../rules/rule-state.ts";
import { type LaneAlerts, byClock } from "./lane-alerts.ts";
import type { LaneClock } from "./lane-clock.ts";

/** A window is looked at again after so much attended time without a reading. */
const DRAIN_EVERY_MS = 1_000;
/** A key whose readings came late is forgotten after so much attended time without another. */
const LATE_QUIET_MS = 600_000;

/** Takes the word of windows that moved on without a reading: what they say may hold no more. */
export function drainWindows(
  state: RuleState,
  place: LogPlace,
  clock: LaneClock,
  alerts: LaneAlerts,
): void {
  const { windows, draining } = state;
  if (windows === null || draining.size === 0) return;
  const { attendedMs, clockMs } = clock;
  for (const { key } of draining.takeUntil(attendedMs - DRAIN_EVERY_MS)) {
    const slot = state.slots.get(key);
    const before = slot?.life;
    const drained = before ? windows.drained(key, attendedMs) : null;
    if (!slot || !before || !drained) continue;
    let verdict: Verdict | null = null;
    try {
      verdict = state.drain!(drained.window);
    } catch (error) {
      alerts.fail(state, messageOf(error), { key, place, timeMs: clockMs }, attendedMs);
    }
    if (verdict && isLive(before)) {
      const at = { timeMs: drained.nowMs, place };
      const { life, transition } = stepLife(before, verdict, at, state.compiled);
      slot.life = life;
      const { value } = verdict;
      const cause = { key, place, atMs: clockMs, receivedAtMs: clockMs, value };
      if (transition === "resolved") alerts.resolve(state, before, cause);
    } else if (verdict && !verdict.holds) slot.life = null; // Only a reading makes an alert fire.
    if (slot.life !== null) draining.touch(key, attendedMs);
    else state.settle(key, slot);
  }
}

/** Ends what is known of keys whose readings came late, once nothing more comes of them. */
export function endLate(
  state: RuleState,
  place: LogPlace,
  { attendedMs, clockMs }: LaneClock,
  alerts: LaneAlerts,
): void {
  const { late } = state;
  if (late === null) return;
  for (const { key } of late.quiet.takeUntil(attendedMs - LATE_QUIET_MS)) {
    const life = late.slots.get(key)?.life;
    if (life && isLive(life)) {
      const why = "nothing more came late";
      const times = { atMs: life.newestMs, receivedAtMs: clockMs };
      alerts.resolve(late, life, { key, place, ...times, value: 0, why });
    }
    late.slots.delete(key);
    late.windows?.forget(key);
  }
  if (late.quiet.size === 0) state.late = null;
}

/** Resolves the alerts of a rule that were not confirmed for long enough, in attended time. */
export function resolveByClock(
  state: RuleState,
  place: LogPlace,
  clock: LaneClock,
  alerts: LaneAlerts,
): void {
  const { resolveAfterMs } = state.compiled;
  if (resolveAfterMs === null) return;
  for (const { key } of state.resolving.takeUntil(clock.attendedMs - resolveAfterMs)) {
    const slot = state.slots.get(key);
    if (!slot?.life) continue;
    alerts.resolve(state, slot.life, byClock(clock, key, place, "it happened no more"));
    slot.life = null;
    state.settle(key, slot);
  }
}

/** Fires what was silenced in a maintenance window that is over, if it still holds. */
export function endSilences(
  state: RuleState,
  place: LogPlace,
  clock: LaneClock,
  alerts: LaneAlerts,
): void {
  const { silences, says } = state.compiled;
  const { clockMs } = clock;
  for (const key of state.silenced) {
    const life = state.slots.get(key)?.life;
    if (life && life.silencedUntilMs !== null) {
      // Another window may have begun, and an alert that is about to resolve need not fire.
      if (life.silencedUntilMs <= clockMs)
        life.silencedUntilMs = silencedUntil(silences, clockMs) ?? clockMs;
      if (life.silencedUntilMs > clockMs || life.phase === "clearing") continue;
    }
    state.silenced.delete(key);
    if (!life) continue;
    const why = `${says}, since ${timeText(life.sinceMs)}`;
    alerts.fireAfterSilence(state, life, byClock(clock, key, place, why));
  }
}
