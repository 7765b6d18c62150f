// How far a lane is behind by the ledger's account of it (pure): readings that wait at the hub, and whether any of
// them is settled meanwhile. An aggregator that has passed frames which nobody has an account of is not up to date.
//
// A1. Only the ledger's own times count: a ledger that stands still says nothing about the lane.
// A2. A lane of few readings, whose last one is old, is behind for no longer than something waits.
import type { LedgerLane } from "../../../contracts/messages/ledger.ts";

/** Accounts are saved once a second, added up once a second, and heard a moment later. */
const SETTLED_WITHIN_MS = 6_000;

export interface AccountLag {
  /** Age of the oldest reading that waits at the hub, ms. */
  readonly behindMs: number;
  /** Time for which nothing of what waits was settled, ms; 0 as long as that is usual. */
  readonly standsForMs: number;
  /** The last frame that is settled. */
  readonly settledSeq: number;
}

export class AccountHistory {
  /** The time since which something waits, and since which nothing of it was settled; of the ledger, epoch ms. */
  #waitsSinceMs: number | null = null;
  #standsSinceMs = 0;
  #settledSeq = -1;

  /**
   * @param atMs of the ledger. @param newest the newest frame of the lane that the hub has.
   * @returns null if nothing waits at the hub.
   */
  observe(
    lane: LedgerLane | null,
    atMs: number,
    newest: { readonly seq: number; readonly storeMs: number },
  ): AccountLag | null {
    if (!lane) return null;
    const { waiting, oldestMs, settledSeq } = lane;
    if (settledSeq !== this.#settledSeq) {
      this.#settledSeq = settledSeq;
      this.#standsSinceMs = atMs;
    }
    // How what waits is split between region and hub is an estimate; the copy's own end is none.
    const atHub = waiting.hub + waiting.aggregator > 0 && newest.seq > settledSeq;
    if (!atHub || oldestMs === null) {
      this.#waitsSinceMs = null;
      return null;
    }
    this.#waitsSinceMs ??= this.#standsSinceMs = atMs;
    const standsForMs = atMs - this.#standsSinceMs; // A1
    return {
      behindMs: Math.max(0, Math.min(newest.storeMs - oldestMs, atMs - this.#waitsSinceMs)), // A2
      standsForMs: standsForMs >= SETTLED_WITHIN_MS ? standsForMs : 0,
      settledSeq,
    };
  }
}
