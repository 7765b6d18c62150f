// The life of one rule's alert for one key (pure): idle → pending → firing → clearing → idle.
//
// L1. A transition is a function of the readings in the lane's order; no clock, no arrival time.
// L2. A condition has to hold for `forMs` before it fires, and to be cleared for `clearForMs` before it
//     resolves, both in event time between readings of the key. A reading that says otherwise begins
//     the duration anew.
// L3. Within a life time never goes back: a reading older than its newest counts as of the newest.

/** A place in the log: the frame's sequence, and the reading's index in the frame. */
export interface LogPlace {
  readonly seq: number;
  readonly index: number;
  /** The number of its lane, where that has ended and another one has its keys now. */
  readonly lane?: number;
}

/** The alert of a key that is not idle; JSON-able. */
export interface Life {
  phase: "pending" | "firing" | "clearing";
  /** Event time of the first reading of the condition. */
  sinceMs: number;
  /** Event time of the newest reading since then. */
  newestMs: number;
  /** Place of that reading; the alert's id is made of it. */
  raisedAt: LogPlace;
  /** Since when the clear condition holds; 0 unless clearing. */
  clearSinceMs: number;
  /** End of the maintenance window that it fired in, if that is not over. */
  silencedUntilMs: number | null;
}

export interface Durations {
  readonly forMs: number;
  readonly clearForMs: number;
}

/** One reading's word on a rule. */
export interface Verdict {
  readonly holds: boolean;
  readonly cleared: boolean;
  /** The value that decided, for people. */
  readonly value: number;
  /** Beginning of the condition, if that is not this reading. */
  readonly began: { readonly timeMs: number; readonly place: LogPlace } | null;
}

export type Transition = "firing" | "resolved" | null;

/** The step that one reading takes a life; `life` is changed in place, null is idle. */
export function stepLife(
  life: Life | null,
  verdict: Verdict,
  { timeMs, place }: { readonly timeMs: number; readonly place: LogPlace },
  { forMs, clearForMs }: Durations,
): { life: Life | null; transition: Transition } {
  if (life === null) {
    if (!verdict.holds) return UNCHANGED;
    const began = verdict.began ?? { timeMs, place };
    life = {
      phase: "pending",
      sinceMs: began.timeMs,
      newestMs: timeMs,
      raisedAt: began.place,
      clearSinceMs: 0,
      silencedUntilMs: null,
    };
  }
  const nowMs = (life.newestMs = Math.max(life.newestMs, timeMs)); // L3
  if (life.phase === "pending") {
    if (!verdict.holds) return UNCHANGED;
    if (nowMs - life.sinceMs < forMs) return { life, transition: null }; // L2
    life.phase = "firing";
    return { life, transition: "firing" };
  }
  if (!verdict.cleared) {
    life.phase = "firing";
    return { life, transition: null };
  }
  if (life.phase === "firing") {
    life.phase = "clearing";
    life.clearSinceMs = nowMs;
  }
  if (nowMs - life.clearSinceMs < clearForMs) return { life, transition: null }; // L2
  return { life: null, transition: "resolved" };
}

const UNCHANGED = { life: null, transition: null } as const;

/** True from firing until resolved. */
export const isLive = (life: Life | null | undefined): boolean =>
  life !== null && life !== undefined && life.phase !== "pending";
