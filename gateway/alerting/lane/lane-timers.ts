// What becomes of alerts that fire when the lane's clock moves on (pure): those that no reading ends, and
// those that fired in a maintenance window.
import { silencedUntil } from "../../../contracts/rules/silence.ts";
import type { LogPlace } from "../rules/lifecycle.ts";
import type { RuleState } from "../rules/rule-state.ts";
import { type LaneAlerts, byClock } from "./lane-alerts.ts";
import type { LaneClock } from "./lane-clock.ts";

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
    const why = `${says}, since ${new Date(life.sinceMs).toISOString()}`;
    alerts.fireAfterSilence(state, life, byClock(clock, key, place, why));
  }
}
