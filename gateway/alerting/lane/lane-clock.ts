// The lane's clock (pure): a function of its frames alone.
//
// C1. `clockMs` is the slowest gateway's, as the watermark has it, without the lateness.
// C2. `attendedMs` counts only time in which some gateway was there to hear devices: a step between two
//     frames counts as STEP_MS_MAX at most. Silence is measured in it, so that gateways which come back
//     after an hour do not find ten thousand devices an hour silent.
import { LATENESS_MS, type LaneState } from "../../../platform/nats/lanes/lane.ts";

/** A gateway that is there sends a frame every second. */
const STEP_MS_MAX = 3_000;

export interface LaneClock {
  /** Readings whose event time is before this are too late. */
  readonly watermarkMs: number;
  readonly clockMs: number;
  readonly attendedMs: number;
}

export const CLOCK_START: LaneClock = { watermarkMs: 0, clockMs: 0, attendedMs: 0 };

/** The attended time at which something arrived after the last frame. */
export function attendedAt({ clockMs, attendedMs }: LaneClock, receivedAtMs: number): number {
  if (clockMs === 0) return attendedMs;
  return attendedMs + Math.min(Math.max(0, receivedAtMs - clockMs), STEP_MS_MAX);
}

/** The clock after a frame. */
export function tick(before: LaneClock, { watermarkMs }: LaneState): LaneClock {
  if (watermarkMs <= before.watermarkMs) return before;
  const clockMs = watermarkMs + LATENESS_MS;
  const stepMs = before.clockMs === 0 ? 0 : Math.min(clockMs - before.clockMs, STEP_MS_MAX);
  return { watermarkMs, clockMs, attendedMs: before.attendedMs + stepMs };
}
