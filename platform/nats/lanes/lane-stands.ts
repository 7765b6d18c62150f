// Lanes that have work and do nothing of it (pure). A lane is measured by the newest frame of its log, so that a
// reader which hears nothing any more is noticed as well as an operator that hangs.
import { type LaneId, laneName } from "../../../contracts/names/subjects.ts";

/** The progress of a lane. */
export interface LaneAt {
  readonly lane: LaneId;
  /** Every effect of frames up to this sequence is durable. */
  readonly doneSeq: number;
  /** The reason why it waits, in words; null if nothing is known to be in its way. */
  readonly stoppedBy: string | null;
}

interface Place {
  readonly doneSeq: number;
  /** Since when there is work that is not done, epoch ms; null without such work. */
  readonly idleSinceMs: number | null;
}

export class LaneStands {
  readonly #places = new Map<string, Place>();

  /** True if the lane is where it was: only then the newest frame of its log is of interest. */
  isWhereItWas({ lane, doneSeq }: LaneAt): boolean {
    return this.#places.get(laneName(lane))?.doneSeq === doneSeq;
  }

  /**
   * Notes a look at a lane.
   * @param newestSeq the newest frame of its log; null if it is not known: then the time begins anew.
   */
  look({ lane, doneSeq, stoppedBy }: LaneAt, newestSeq: number | null, atMs: number): void {
    const before = this.#places.get(laneName(lane));
    const hasWork = stoppedBy === null && newestSeq !== null && newestSeq > doneSeq;
    const sinceMs = before?.doneSeq === doneSeq ? before.idleSinceMs : null;
    const idleSinceMs = hasWork ? (sinceMs ?? atMs) : null;
    this.#places.set(laneName(lane), { doneSeq, idleSinceMs });
  }

  /** Forgets lanes that are not held any more. */
  keep(lanes: readonly LaneId[]): void {
    const held = new Set(lanes.map(laneName));
    for (const name of this.#places.keys()) if (!held.has(name)) this.#places.delete(name);
  }

  /** Time for which it has had work and has done nothing of it, ms. */
  standsForMs(lane: LaneId, nowMs: number): number {
    const since = this.#places.get(laneName(lane))?.idleSinceMs ?? null;
    return since === null ? 0 : nowMs - since;
  }
}
