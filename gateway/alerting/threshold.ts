// One threshold rule on one key (pure): idle → pending → firing → idle, in the lane's order.
//
// A1. A transition is a function of the readings in log order; no clock, no arrival time.
// A2. A reading older than the newest one evaluated is ignored: a device that re-sends after a lost
//     PUBACK neither restarts a duration nor clears an alert.
// A3. `above … for forMs` is measured in event time between readings of the key.
import type { ThresholdRule } from "../../contracts/rule.ts";

/** Where in the log a reading is: the frame's sequence, and the reading's index in the frame. */
export interface LogPlace {
  readonly seq: number;
  readonly index: number;
}

export interface ThresholdState {
  readonly phase: "idle" | "pending" | "firing";
  /** Event time of the newest reading evaluated, epoch ms. */
  readonly newestMs: number;
  /** Event time of the first reading of the condition; 0 when idle. */
  readonly sinceMs: number;
  /** Where the first reading of the condition is; the alert's id is made of it. */
  readonly raisedAt: LogPlace;
}

export const IDLE: ThresholdState = {
  phase: "idle",
  newestMs: 0,
  sinceMs: 0,
  raisedAt: { seq: 0, index: 0 },
};

export interface Sample {
  readonly value: number;
  readonly timeMs: number;
  readonly place: LogPlace;
}

export interface Step {
  readonly state: ThresholdState;
  readonly transition: "firing" | "resolved" | null;
}

/** What one reading changes. */
export function stepThreshold(rule: ThresholdRule, state: ThresholdState, sample: Sample): Step {
  if (sample.timeMs < state.newestMs) return { state, transition: null }; // A2
  const newestMs = sample.timeMs;
  if (state.phase === "firing") {
    if (sample.value >= rule.clearBelow) return { state: { ...state, newestMs }, transition: null };
    return { state: { ...IDLE, newestMs, raisedAt: state.raisedAt }, transition: "resolved" };
  }
  if (sample.value <= rule.above) return { state: { ...IDLE, newestMs }, transition: null };
  const { sinceMs, raisedAt } =
    state.phase === "pending" ? state : { sinceMs: sample.timeMs, raisedAt: sample.place };
  const due = sample.timeMs - sinceMs >= rule.forMs; // A3
  return {
    state: { phase: due ? "firing" : "pending", newestMs, sinceMs, raisedAt },
    transition: due ? "firing" : null,
  };
}
