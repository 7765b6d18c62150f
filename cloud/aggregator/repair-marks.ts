// Marks of the rollups that late readings have made wrong. Pure.
//
// M1. A mark holds the position back at its first reading's frame until it is repaired, so a crash
//     forgets none: the replay sets it again.
// M2. It is due once its reading and the final of its minute are stored: what a repair reads back is
//     then complete.
// M3. A reading that comes while its mark is being repaired keeps the mark.
// M4. At most MARKS_MAX; past them the lane waits for repairs, it never forgets one.
import { MINUTE } from "../../contracts/names/measurements.ts";
import type { LaneState } from "../../platform/nats/lanes/lane.ts";

export const MARKS_MAX = 50_000;
const HOUR_MS = 3_600_000;

interface Mark {
  readonly contract: string;
  readonly key: string;
  /** Start of the minute. */
  readonly startMs: number;
  /** The first frame that made it, and the lane before that frame. */
  readonly seq: number;
  readonly before: LaneState;
  /** The last frame that made it. */
  lastSeq: number;
}

/** Minutes of one series in one hour, to be recomputed together. */
export interface RepairGroup {
  readonly contract: string;
  readonly key: string;
  readonly hourMs: number;
  /** Starts of the minutes. */
  readonly minutes: readonly number[];
  /** Readings of frames after this one are not taken into account (M3). */
  readonly asOfSeq: number;
}

export class RepairMarks {
  readonly #marks = new Map<string, Mark>();

  get size(): number {
    return this.#marks.size;
  }

  get full(): boolean {
    return this.#marks.size >= MARKS_MAX; // M4
  }

  add(of: Omit<Mark, "lastSeq">): void {
    const id = idOf(of);
    const mark = this.#marks.get(id);
    if (mark) mark.lastSeq = of.seq;
    else this.#marks.set(id, { ...of, lastSeq: of.seq });
  }

  /** The oldest marks that are due (M2), by series and hour. */
  due(done: { seq: number; watermarkMs: number }, groupsMax: number): RepairGroup[] {
    const groups = new Map<string, RepairGroup & { minutes: number[] }>();
    for (const { contract, key, startMs, lastSeq } of this.#marks.values()) {
      if (lastSeq > done.seq || startMs + MINUTE.sizeMs > done.watermarkMs) continue;
      const hourMs = Math.floor(startMs / HOUR_MS) * HOUR_MS;
      const id = idOf({ contract, key, startMs: hourMs });
      const group = groups.get(id);
      if (group) group.minutes.push(startMs);
      else if (groups.size < groupsMax)
        groups.set(id, { contract, key, hourMs, minutes: [startMs], asOfSeq: done.seq });
    }
    return [...groups.values()];
  }

  repaired({ contract, key, minutes, asOfSeq }: RepairGroup): void {
    for (const startMs of minutes) {
      const id = idOf({ contract, key, startMs });
      const mark = this.#marks.get(id);
      if (mark && mark.lastSeq <= asOfSeq) this.#marks.delete(id); // M3
    }
  }

  /** The places that the position must not pass (M1). */
  *holds(): Iterable<{ readonly seq: number; readonly before: LaneState }> {
    yield* this.#marks.values();
  }
}

const idOf = ({ contract, key, startMs }: Pick<Mark, "contract" | "key" | "startMs">): string =>
  `${startMs}\n${contract}\n${key}`;
