// Marks of the rollups that late readings have made wrong. Pure.
//
// A mark is of a partition key and a minute: its repair recomputes every series of the key at once, for
// the price of one question. It does not grow with the number of tag values that a device names.
//
// M1. A mark holds the position back at its first reading's frame until it is repaired, so a crash
//     forgets none: the replay sets it again.
// M2. It is due once its reading and the final of its minute are stored: what a repair reads back is
//     then complete.
// M3. A reading that comes while its mark is being repaired keeps the mark.
// M4. At most MARKS_MAX, of at most READINGS_MAX readings; past them the lane waits for repairs, it never
//     forgets one.
// M5. A mark knows who is where among its late readings, so that they neither repeat nor meet.
import { MINUTE } from "../../contracts/names/measurements.ts";
import type { LaneState } from "../../platform/nats/lanes/lane.ts";
import { Places } from "./places.ts";

export const MARKS_MAX = 50_000;
/** Late readings whose places are known; at about 60 bytes each. */
const READINGS_MAX = 250_000;
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
  readonly places: Places;
}

/** Minutes of one partition key in one hour, to be recomputed together, whatever its series. */
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
  #readings = 0;

  get size(): number {
    return this.#marks.size;
  }

  get full(): boolean {
    return this.#marks.size >= MARKS_MAX || this.#readings >= READINGS_MAX; // M4
  }

  /**
   * Marks the minute of a late reading. The other parameters are those of `Places.take`.
   * @returns its slot, else REPEATED or NO_PLACE: then nothing is marked that was not before (M5).
   */
  add(
    of: Omit<Mark, "lastSeq" | "places">,
    device: string,
    eventMs: number,
    identity: number,
    ordinal: number,
  ): number {
    const id = idOf(of);
    let mark = this.#marks.get(id);
    if (!mark)
      this.#marks.set(id, (mark = { ...of, lastSeq: of.seq, places: new Places(of.startMs) }));
    const slot = mark.places.take(device, eventMs, identity, ordinal);
    if (slot < 0) return slot;
    mark.lastSeq = of.seq;
    this.#readings += 1;
    return slot;
  }

  /** The oldest marks that are due (M2), by key and hour. */
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
      if (!mark || mark.lastSeq > asOfSeq) continue; // M3
      this.#marks.delete(id);
      this.#readings -= mark.places.size;
    }
  }

  /** The places that the position must not pass (M1). */
  *holds(): Iterable<{ readonly seq: number; readonly before: LaneState }> {
    yield* this.#marks.values();
  }
}

const idOf = ({ contract, key, startMs }: Pick<Mark, "contract" | "key" | "startMs">): string =>
  `${startMs}\n${contract}\n${key}`;
