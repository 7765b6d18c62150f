// Pacing (pure): how many readings a device owes at a moment.
//
// Slot k of a device is due at `(k + phase) · intervalMs` after the fleet's start. Phases differ, so
// that the fleet's readings are spread evenly instead of arriving as one burst per interval.

export interface Pace {
  readonly intervalMs: number;
  /** 0 to 1: which part of an interval this device lags behind the fleet's start. */
  readonly phase: number;
}

/** The age past which a missed reading is never made up for: a real device's measurements are gone by then. */
export const CATCH_UP_MS = 1_000;

/** The first slot that is not yet due. */
export const slotsDue = ({ intervalMs, phase }: Pace, elapsedMs: number): number =>
  Math.max(0, Math.floor(elapsedMs / intervalMs - phase) + 1);

/**
 * The slot to send next, so that at most what became due in the last {@link CATCH_UP_MS} is sent.
 * @param sentTo the first slot that was not yet sent.
 */
export function nextSlot(pace: Pace, sentTo: number, elapsedMs: number): number {
  const kept = Math.ceil(CATCH_UP_MS / pace.intervalMs);
  return Math.max(sentTo, slotsDue(pace, elapsedMs) - kept);
}
