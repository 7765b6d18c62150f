// Marks of the rollups that lack readings, most of them late ones. Pure.
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
// M5. A mark knows who is where among its readings, so that they neither repeat nor meet.
// M6. A reading that was in time and that no window counts has a mark too, and its minute may be open
//     still. Such marks become due only as the lane goes on, so the lane does not wait for them (M4): past
//     READINGS_MAX such a reading is refused.
// M7. A replay cannot tell which readings of a minute no window counted: it finds other windows open. So the
//     position names these minutes until they are repaired, and a replay marks all that it sees of them:
//     repairing what was right writes nothing.
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
  /** Whether some of its readings were in time (M6). */
  uncounted: boolean;
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

/** The reading's minute and key, and the frame that it is in. */
type MarkOf = Pick<Mark, "contract" | "key" | "startMs" | "seq" | "before">;

/** Marks, and the readings in them. */
interface Amount {
  marks: number;
  readings: number;
}

const MOST: Readonly<Amount> = { marks: MARKS_MAX, readings: READINGS_MAX };

export class RepairMarks {
  readonly #marks = new Map<string, Mark>();
  readonly #most: Readonly<Amount>;
  #readings = 0;
  /** Marks with readings that no window counted, by start of the minute (M6). */
  readonly #uncounted = new Map<number, Amount>();

  constructor(most = MOST) {
    this.#most = most;
  }

  get size(): number {
    return this.#marks.size;
  }

  /** Whether so many wait, of minutes that ended by the watermark, that the lane does too. */
  full(watermarkMs: number): boolean {
    const open = this.#openAt(watermarkMs);
    const { marks, readings } = this.#most;
    return this.#marks.size - open.marks >= marks || this.#readings - open.readings >= readings; // M4
  }

  /** Whether so many readings wait of minutes that are open that no more can be taken (M6). */
  crowded(watermarkMs: number): boolean {
    return this.#openAt(watermarkMs).readings >= this.#most.readings;
  }

  /** Starts of the minutes that some window lacks readings of (M7). */
  get uncounted(): number[] {
    return [...this.#uncounted.keys()];
  }

  /**
   * Marks the minute of a reading. The last parameters are those of `Places.take`.
   * @param inTime whether a window should have counted it (M6).
   * @returns its slot, else REPEATED or NO_PLACE: then nothing is marked that was not before (M5).
   */
  add(
    of: MarkOf,
    inTime: boolean,
    ...[device, eventMs, identity, ordinal]: Parameters<Places["take"]>
  ): number {
    const mark = this.#markOf(of);
    const slot = mark.places.take(device, eventMs, identity, ordinal);
    if (slot < 0) return slot;
    mark.lastSeq = of.seq;
    this.#readings += 1;
    if (mark.uncounted) this.#uncounted.get(mark.startMs)!.readings += 1;
    else if (inTime) this.#lack(mark);
    return slot;
  }

  /** Marks the minute of a reading that a window counts, but perhaps not the one that wrote (M7). */
  doubt(of: MarkOf): void {
    const mark = this.#markOf(of);
    mark.lastSeq = of.seq;
    if (!mark.uncounted) this.#lack(mark);
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
      if (mark.uncounted) this.#settle(mark);
    }
  }

  /** The places that the position must not pass (M1). */
  *holds(): Iterable<{ readonly seq: number; readonly before: LaneState }> {
    yield* this.#marks.values();
  }

  #markOf(of: MarkOf): Mark {
    const id = idOf(of);
    let mark = this.#marks.get(id);
    if (!mark) {
      mark = { ...of, lastSeq: of.seq, uncounted: false, places: new Places(of.startMs) };
      this.#marks.set(id, mark);
    }
    return mark;
  }

  #lack(mark: Mark): void {
    mark.uncounted = true;
    const { startMs, places } = mark;
    const amount = this.#uncounted.get(startMs) ?? { marks: 0, readings: 0 };
    amount.marks += 1;
    amount.readings += places.size;
    this.#uncounted.set(startMs, amount);
  }

  #settle({ startMs, places }: Mark): void {
    const amount = this.#uncounted.get(startMs)!;
    amount.marks -= 1;
    amount.readings -= places.size;
    if (amount.marks === 0) this.#uncounted.delete(startMs);
  }

  #openAt(watermarkMs: number): Amount {
    const open = { marks: 0, readings: 0 };
    for (const [startMs, { marks, readings }] of this.#uncounted) {
      if (startMs + MINUTE.sizeMs <= watermarkMs) continue;
      open.marks += marks;
      open.readings += readings;
    }
    return open;
  }
}

const idOf = ({ contract, key, startMs }: Pick<Mark, "contract" | "key" | "startMs">): string =>
  `${startMs}\n${contract}\n${key}`;
