// Who tells people of a region's alerts, and what becomes of a message that nobody would take (pure).
import type { Alert } from "./alert.ts";
import { inKnownFormat } from "./format.ts";

export const NOTIFIER_PLACES = ["hub", "region"] as const;
/** A notifier runs at the hub or in the region whose alerts it tells. */
export type NotifierPlace = (typeof NOTIFIER_PLACES)[number];

/**
 * A region's entry in bucket `notifiers`: which place tells which alerts. Every sequence of the region's
 * alerts belongs to one place, also after several moves, so that a place that is behind when it is
 * relieved still tells what was its own, and the other place does not.
 */
export interface Assignment {
  readonly at: NotifierPlace;
  /** Alerts after this sequence belong to `at`. */
  readonly sinceSeq: number;
  /** `sinceSeq` of the moves before, oldest first; the places took turns. */
  readonly before: readonly number[];
  /** Set while a move is being made: the place in `at` reads no further meanwhile. */
  readonly moving?: boolean;
}

/** Without an entry, the hub tells everything. */
export const UNASSIGNED: Assignment = { at: "hub", sinceSeq: 0, before: [] };

/** Moves an assignment remembers: a place may be so many moves behind and still know its own alerts. */
export const MOVES_KEPT = 20;

const otherPlace = (place: NotifierPlace): NotifierPlace => (place === "hub" ? "region" : "hub");

/** The place that an alert belongs to. */
export function ownerOf({ at, sinceSeq, before }: Assignment, seq: number): NotifierPlace {
  const movesAfter = [...before, sinceSeq].filter((move) => move >= seq).length;
  // Sequence numbers start at 1, so that an entry since 0 never counts as a move after anything.
  return movesAfter % 2 === 0 ? at : otherPlace(at);
}

/** The assignment after a move to the other place; all alerts up to `lastSeq` stay with this one. */
export function moved({ at, sinceSeq, before }: Assignment, lastSeq: number): Assignment {
  const earlier = sinceSeq === 0 ? before : [...before, sinceSeq];
  return {
    at: otherPlace(at),
    sinceSeq: Math.max(lastSeq, sinceSeq),
    before: earlier.slice(-MOVES_KEPT),
  };
}

/** The assignment in an entry of bucket `notifiers`; null if it is none, or a newer program's. */
export function parseAssignment(text: string): Assignment | null {
  try {
    const of = inKnownFormat("assignment", JSON.parse(text) as Partial<Assignment>);
    const { at, sinceSeq, before, moving } = of;
    if (at !== "hub" && at !== "region") return null;
    if (!Number.isSafeInteger(sinceSeq)) return null;
    const known = { at, sinceSeq: sinceSeq!, before: Array.isArray(before) ? before : [] };
    return moving === true ? { ...known, moving } : known;
  } catch {
    return null;
  }
}

/**
 * Which alerts one message tells: one; all that waited of one rule and key; those of one rule that are late;
 * those of one rule and state; or whatever there was.
 */
export const MESSAGE_KINDS = ["single", "merged", "late", "group", "digest"] as const;
export type MessageKind = (typeof MESSAGE_KINDS)[number];

/** A message that its channel did not take, on `deadletters.{domain}.{channel}.{rule}`. */
export interface DeadLetter {
  readonly channel: string;
  readonly region: string;
  readonly kind: MessageKind;
  /** Sequences of the alerts in the region's stream: what the message's id is made of. */
  readonly seqs: readonly number[];
  /** As they were; fewer than `seqs` if some were gone. */
  readonly alerts: readonly Alert[];
  /** The channel's last answer. */
  readonly reason: string;
  readonly attempts: number;
  /** Epoch ms. */
  readonly firstTriedMs: number;
  readonly givenUpMs: number;
}
