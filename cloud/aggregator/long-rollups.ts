// The job that makes rollups of hours and days: after the repairs, and after every repair of an hour that is merged.
//
// J1. An hour counts as done only after the sink acknowledged all of its finals, and those of the day that ends with
//     it. A crash before that merges it again, which writes nothing that is stored already.
// J2. One run merges about KEYS_PER_RUN keys of a lane: what has waited for long never holds up the repairs.
// J3. Keys whose questions the sink refuses for good are asked for one by one, and set aside alone.
// J4. A lane merges its own keys. The store writes some backslashes otherwise: such a key is merged by
//     both lanes that it may be of, and the one whose finals come last leaves it right.
// J5. A lane that has ended merges nothing more: those that have its keys go on with its hour.
import { HOUR, DAY } from "../../contracts/names/measurements.ts";
import { isOfRecord, messageOf } from "../../platform/runtime/errors.ts";
import type { Logger } from "../../platform/runtime/logger.ts";
import type { RollupEffect } from "../sinks/effects.ts";
import type { LongSource, Sink } from "../sinks/sink.ts";
import type { ContractLayout } from "./contract-layout.ts";
import type { LongHours } from "./long-hours.ts";
import {
  type LongKeys,
  type LongTime,
  dayOf,
  endsDay,
  keysOf,
  longRevisions,
  nextHour,
} from "./long-revisions.ts";
import { putUntilStored } from "./put-until-stored.ts";
import type { RepairableLane } from "./repair.ts";
import type { RepairGroup } from "./repair-marks.ts";

const KEYS_PER_RUN = 2_000;
/** The price of an hour without keys, in keys. */
const KEYS_OF_NOTHING = 20;

/** The part of a lane that the job needs. */
export interface LongLane extends RepairableLane {
  /** Whether a series key is one of its own. */
  owns(key: string): boolean;
  readonly long: LongHours | null;
  readonly longDue: ReturnType<LongHours["due"]>;
  /** Layouts of all versions of every contract that is known. */
  readonly layouts: readonly ContractLayout[];
}

/** Set aside by whom, what cannot be merged. */
export type NotMerged = (lane: LongLane, group: RepairGroup, why: unknown) => Promise<void>;

interface Cursor extends LongTime {
  /** Keys that are not merged yet. */
  readonly left: LongKeys[];
  readonly isEmpty: boolean;
}

export class LongRollups {
  readonly #sink: Pick<Sink, "put" | "longSource">;
  readonly #logger: Logger;
  readonly #cursors = new WeakMap<LongLane, Cursor>();
  /** Finals of hours and days written since the start. */
  written = 0;

  constructor(sink: Pick<Sink, "put" | "longSource">, logger: Logger) {
    this.#sink = sink;
    this.#logger = logger;
  }

  /** Merges what is due; what fails is due again the next time. */
  async run(lanes: readonly LongLane[], notMerged: NotMerged): Promise<void> {
    const { longSource } = this.#sink;
    if (!longSource) return;
    for (const lane of lanes)
      try {
        lane.isRepaired = true;
        await this.#runLane(lane, longSource, notMerged);
      } catch (error) {
        this.#logger.warn(
          { lane: lane.subject },
          `rollups of hours wait, will retry: ${messageOf(error)}`,
        );
        return;
      } finally {
        lane.isRepaired = false;
      }
  }

  /** Merges once more what a repair has changed (long-hours.ts/F3). @returns false if the lane was lost before the sink had acknowledged. */
  async repaired(lane: LongLane, { contract, key, hourMs }: RepairGroup): Promise<boolean> {
    const { longSource } = this.#sink;
    const layout = lane.layoutOf(contract);
    if (!longSource || !layout || !lane.long?.isMerged(hourMs + HOUR.sizeMs)) return true;
    const withDay = lane.long.isMerged(dayOf(hourMs) + DAY.sizeMs);
    return this.#merge(
      lane,
      longSource,
      { layout, region: lane.region, keys: [key] },
      { hourMs, withDay },
    );
  }

  async #runLane(lane: LongLane, source: LongSource, notMerged: NotMerged): Promise<void> {
    let budget = KEYS_PER_RUN; // J2
    while (budget > 0 && !lane.lease.signal.aborted) {
      const due = lane.longDue;
      if (!due) return;
      const cursor = await this.#cursorOf(lane, source, due.fromMs);
      budget -= KEYS_OF_NOTHING;
      while (cursor.left.length > 0 && budget > 0 && !lane.hasEnded /* J5 */) {
        const [part] = cursor.left;
        if (!(await this.#mergeOrSetAside(lane, source, part!, cursor, notMerged))) return;
        cursor.left.shift();
        budget -= part!.keys.length;
      }
      if (cursor.left.length > 0) return;
      const of = { region: lane.region, hourMs: cursor.hourMs, untilMs: due.untilMs };
      const next = cursor.isEmpty
        ? await nextHour(source, lane.layouts, of)
        : cursor.hourMs + HOUR.sizeMs;
      this.#cursors.delete(lane);
      lane.long!.done(next); // J1
    }
  }

  async #cursorOf(lane: LongLane, source: LongSource, hourMs: number): Promise<Cursor> {
    const known = this.#cursors.get(lane);
    if (known?.hourMs === hourMs) return known;
    lane.long!.begin(hourMs + HOUR.sizeMs);
    const time = { hourMs, withDay: endsDay(hourMs) };
    const owns = (key: string): boolean => isOwn(lane, key);
    const left = await keysOf(source, lane.layouts, { ...time, region: lane.region, owns });
    const cursor = { ...time, left, isEmpty: left.length === 0 };
    this.#cursors.set(lane, cursor);
    return cursor;
  }

  /** False if the lane was lost. */
  async #mergeOrSetAside(
    lane: LongLane,
    source: LongSource,
    of: LongKeys,
    time: LongTime,
    notMerged: NotMerged,
  ): Promise<boolean> {
    try {
      return await this.#merge(lane, source, of, time);
    } catch (error) {
      if (!isOfRecord(error)) throw error;
      if (of.keys.length === 1) {
        await notMerged(lane, groupOf(of, time), error); // J3
        return true;
      }
    }
    for (const key of of.keys)
      if (!(await this.#mergeOrSetAside(lane, source, { ...of, keys: [key] }, time, notMerged)))
        return false;
    return true;
  }

  /** False if the lane was lost before the sink had acknowledged. */
  async #merge(lane: LongLane, source: LongSource, of: LongKeys, time: LongTime): Promise<boolean> {
    const rollups: RollupEffect[] = await longRevisions(source, of, time);
    if (lane.lease.signal.aborted) return false;
    if (rollups.length === 0) return true;
    if (!(await putUntilStored(this.#sink, lane, rollups))) return false;
    this.written += rollups.length;
    return true;
  }
}

/** A record that, handled again, merges the hour of the key. */
const groupOf = ({ layout, keys }: LongKeys, { hourMs }: LongTime): RepairGroup => ({
  contract: layout.series.name,
  key: keys[0]!,
  hourMs,
  minutes: [hourMs],
  asOfSeq: 0,
});

/** J4. */
const isOwn = (lane: LongLane, key: string): boolean =>
  [key, key.replaceAll("%5C", "\\")].some((text) => lane.owns(text));
