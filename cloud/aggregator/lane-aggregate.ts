// One lane, from frames to readings and rollups, with the position that survives a crash at any point.
// Pure: no clock, no I/O. What it yields is a function of the log, whatever crashed in between.
//
// A1. The position's `seq` is the least frame that touches an open window, a window whose final is
//     not acknowledged, a raw point that is not acknowledged, what repeats are told by (arrivals.ts/R2), or a
//     late reading whose rollups are not yet repaired (repair-marks.ts/M1); `lane` is the state just
//     before it.
// A2. Frames up to the position's `doneSeq` only rebuild windows: nothing of them is written again. A frame that
//     has such a sequence and was never seen is a new one: the log was rolled back, and used it again.
// A3. A window that ends at or before `finalThroughMs` is never written again: its readings may lie
//     before `seq`, so what a replay sees of it may be a part.
// A4. A reading is judged by the watermark before its frame; then the frame moves the watermark and
//     closes windows. Both are functions of the log (lane.ts/L3), so a replay decides the same.
// A5. A frame that has to wait, or stops the lane, does so before any effect of it: one of an unknown
//     contract version can be applied again once that version is known.
// A6. A reading whose series finds no room among the open windows (window.ts/W3) is stored, and its minute is
//     left to the repair job: no number of series stops a lane.
// A7. A reading whose handling throws is one that cannot be stored; the others of its frame are.
// A8. A lane that came with a growth builds its windows from frames of its parent, too: of those only its own keys
//     are looked at, and nothing is written, because the parent had done with all of them.
import type { Frame } from "../../contracts/messages/frame.ts";
import type { LaneSettled } from "../../contracts/messages/ledger.ts";
import { MINUTE } from "../../contracts/names/measurements.ts";
import { identityOf } from "../../contracts/messages/identity.ts";
import { eventTimeMs, seriesKeyOf } from "../../contracts/messages/reading.ts";
import { type LaneState, hasCounted } from "../../platform/nats/lanes/lane.ts";
import type { JudgedFrame, UnknownVersion } from "../../platform/nats/lanes/lane-operator.ts";
import { isOfRecord } from "../../platform/runtime/errors.ts";
import { type RollupEffect, holdsValue } from "../sinks/effects.ts";
import { Arrivals } from "./arrivals.ts";
import type { ContractLayout, ContractLayouts } from "./contract-layout.ts";
import {
  type FrameEffects,
  type MutableEffects,
  canaryOf,
  emptyEffects,
  repeated,
  unwritable,
} from "./frame-effects.ts";
import { LongHours } from "./long-hours.ts";
import { NO_ROOM, REPEATED } from "./places.ts";
import { type AggregatorPosition, endedAt } from "./position.ts";
import { type RepairGroup, RepairMarks } from "./repair-marks.ts";
import { SequenceRestarts } from "./sequence-restarts.ts";
import { FrameTerms, type FrameUnderWay, Settlement } from "./settlement.ts";
import { OpenWindows, minuteOf } from "./window.ts";

/** A frame, its sequence, and the lane around it. */
export type LaneFrame = Pick<JudgedFrame, "frame" | "before" | "after" | "repeated"> & {
  readonly seq: number;
  readonly storeMs: number;
};

export type FrameOutcome =
  | FrameEffects
  /** Every effect of the frame is stored already (A2). */
  | { readonly kind: "nothing" }
  /** Nothing but this contract version is missing: the frame waits for it. */
  | { readonly kind: "awaits"; readonly version: UnknownVersion }
  /** So many repairs are due that the frame waits for some of them (repair-marks.ts/M4). */
  | { readonly kind: "awaits-repairs" }
  | { readonly kind: "stopped"; readonly reason: string };

/** Something that a replay must rebuild from its first frame on. */
interface Hold {
  /** The watermark that ends it, once everything up to that watermark is acknowledged, epoch ms. */
  readonly untilMs: number;
  /** The first frame that touched it, and the lane before that frame. */
  readonly seq: number;
  readonly before: LaneState;
}

/** The keys of a lane that came with a growth of the log. */
export interface LaneKeys {
  readonly partition: number;
  readonly owns: (key: string) => boolean;
}

/** Bounds other than those of window.ts/W3 and repair-marks.ts/M4. */
export interface LaneBounds {
  readonly seriesOpen?: number;
  readonly repairs?: { readonly marks: number; readonly readings: number };
}

export class LaneAggregate {
  readonly #layouts: ContractLayouts;
  readonly #resumed: AggregatorPosition;
  readonly #windows: OpenWindows;
  readonly #arrivals = new Arrivals(MINUTE.sizeMs);
  readonly #marks: RepairMarks;
  /** Minutes that a replay has to mark whatever it sees of them (repair-marks.ts/M7). */
  readonly #doubtful: ReadonlySet<number>;
  readonly #restarts = new SequenceRestarts();
  /** Holds of open windows, and of arrivals, by start of the minute. */
  readonly #windowHolds = new Map<number, Hold>();
  readonly #arrivalHolds = new Map<number, Hold>();
  /** Frames whose effects are on their way to the sink, oldest first. */
  readonly #unacknowledged: FrameUnderWay[] = [];
  readonly #settlement: Settlement;
  readonly #keys: LaneKeys | null;
  #state: LaneState;
  #done: { seq: number; state: LaneState } | null = null;
  #readSeq: number;
  readonly long: LongHours;

  /** @param keys of a lane that came with a growth; null of one that every key in its frames is of. */
  constructor(
    layouts: ContractLayouts,
    from: AggregatorPosition,
    bounds: LaneBounds = {},
    keys: LaneKeys | null = null,
  ) {
    this.#keys = keys;
    this.#layouts = layouts;
    this.#resumed = from;
    this.#windows = new OpenWindows(bounds.seriesOpen);
    this.#marks = new RepairMarks(bounds.repairs);
    this.#doubtful = new Set(from.uncounted);
    this.#settlement = new Settlement(from.ledger ?? null);
    this.#state = from.lane;
    this.#readSeq = from.seq - 1;
    this.long = new LongHours(from.longThroughMs ?? null);
  }

  get watermarkMs(): number {
    return Math.max(this.#state.watermarkMs, this.#resumed.finalThroughMs);
  }

  /** Readings and finals of frames up to here are durable. */
  get doneSeq(): number {
    return this.#done?.seq ?? this.#resumed.doneSeq;
  }

  /** True while windows are being rebuilt from frames that were done before. */
  get replaying(): boolean {
    return this.#readSeq < this.#resumed.doneSeq;
  }

  /** True if the log's beginning was trimmed shortly before a frame that was stored at this time. */
  joinsAt(storeMs: number): boolean {
    return storeMs < this.#resumed.joinedUntilMs;
  }

  apply({ seq, storeMs, frame, before, after, repeated }: LaneFrame): FrameOutcome {
    const layouts = repeated ? [] : this.#layoutsOf(frame, seq);
    if (!Array.isArray(layouts)) return layouts; // A5
    if (this.#marks.full(this.watermarkMs)) return { kind: "awaits-repairs" };
    this.#readSeq = seq;
    this.long.see(after.watermarkMs);

    const effects = emptyEffects(seq, repeated ? null : canaryOf(frame));
    const terms = new FrameTerms();
    const replayed = this.#wasDone({ frame, seq, storeMs, after });
    const inherited = this.#isInherited(after);
    // Readings of a gateway's start and partition are numbered through: that tells equal ones apart.
    const firstOrdinal = frame.header.total - frame.header.count;
    layouts.forEach((layout, at) => {
      try {
        if (inherited && !this.#owns(layout, frame.readings[at]!)) return; // A8
        const place = { before, replayed, at, ordinal: firstOrdinal + at, terms };
        this.#reading(effects, place, layout, frame.readings[at]!);
      } catch (error) {
        if (!isOfRecord(error)) throw error;
        if (!replayed) unwritable(effects, terms, at, layout); // A7
      }
    });
    this.#state = after;
    if (!repeated) {
      this.#arrivals.forget(after.watermarkMs);
      for (const rollup of this.#windows.close(after.watermarkMs)) effects.rollups.push(rollup); // A4
    }
    if (replayed) {
      if (!repeated && !inherited) this.#tellBefore({ seq, storeMs, after, terms }, frame);
      return NOTHING; // A2
    }
    this.#unacknowledged.push({ seq, storeMs, after: this.#state, terms });
    return effects;
  }

  /** The frame was set aside: it is done with the next one that is. */
  passed({ seq, storeMs, frame, after, repeated }: LaneFrame): void {
    if (this.#wasDone({ frame, seq, storeMs, after })) return;
    const terms = new FrameTerms();
    if (!repeated) for (const { contract } of frame.readings) terms.add(contract, "setAside");
    // What failed on its way to the sink was taken for stored.
    if (this.#unacknowledged.at(-1)?.seq === seq) this.#unacknowledged.pop();
    this.#unacknowledged.push({ seq, storeMs, after, terms });
  }

  /** A2. Of a frame that the marks may have forgotten its time tells. */
  #wasDone({ frame, seq, storeMs, after }: Omit<LaneFrame, "before" | "repeated">): boolean {
    const { header } = frame;
    const { doneSeq, done } = this.#resumed;
    if (seq > doneSeq) return false;
    return (
      !done ||
      this.#isInherited(after) ||
      (hasCounted(done, header) ?? storeMs <= done.newestStoreMs)
    );
  }

  /** True of a frame of another lane, which had the keys of this one before (A8). */
  #isInherited({ of }: LaneState): boolean {
    return this.#keys !== null && of !== this.#keys.partition;
  }

  #owns({ contract }: ContractLayout, { device, payload }: Frame["readings"][number]): boolean {
    return this.#keys!.owns(seriesKeyOf(contract, device, payload));
  }

  /** Frames that were done before there was an account are taken for stored. */
  #tellBefore(underWay: FrameUnderWay, { readings }: Frame): void {
    if (!this.#settlement.begins) return;
    for (const { contract } of readings) underWay.terms.add(contract, "stored");
    this.#settlement.done(underWay);
  }

  #reading(
    effects: MutableEffects,
    { before, replayed, at, ordinal, terms }: ReadingPlace,
    layout: ContractLayout,
    reading: Frame["readings"][number],
  ): void {
    const { contract, series, stored } = layout;
    const eventMs = Math.floor(eventTimeMs(contract, reading.payload, reading.receivedAtMs));
    // Ill-formed text would be replaced, and two devices would meet under one name.
    const isNamed = reading.device !== "" && reading.device.isWellFormed();
    if (!Number.isSafeInteger(eventMs) || !isNamed || !holdsValue(stored, reading.payload))
      return void (replayed || unwritable(effects, terms, at, layout));
    const startMs = minuteOf(eventMs);
    const identity = identityOf(contract, reading.payload, eventMs);
    const hold = (untilMs: number): Hold => ({ untilMs, seq: effects.seq, before });
    if (this.#arrivals.concerns(layout, reading)) {
      const untilMs = this.#arrivals.neededUntilMs(startMs);
      if (untilMs > Math.max(before.watermarkMs, this.#resumed.finalThroughMs)) {
        if (!this.#arrivalHolds.has(startMs)) this.#arrivalHolds.set(startMs, hold(untilMs));
        if (!this.#arrivals.add(layout, reading, identity, startMs))
          return void (replayed || repeated(effects, terms, layout));
      }
    }
    const endMs = startMs + MINUTE.sizeMs;
    const late = endMs <= before.watermarkMs;
    const isOpen = !late && endMs > this.#resumed.finalThroughMs; // A3
    const isDoubtful = replayed && this.#doubtful.has(startMs);
    let slot = 0;
    if (isOpen) {
      if (!this.#windowHolds.has(startMs)) this.#windowHolds.set(startMs, hold(endMs));
      slot = this.#windows.add(layout, reading, eventMs, identity, ordinal);
      if (slot === NO_ROOM) effects.uncounted += 1;
    }
    const isCounted = isOpen && slot !== NO_ROOM;
    if (isCounted ? isDoubtful && slot >= 0 : isOpen || late || !replayed || isDoubtful) {
      const key = seriesKeyOf(contract, reading.device, reading.payload);
      const mark = { contract: series.name, key, startMs, seq: effects.seq, before };
      if (isCounted) this.#marks.doubt(mark);
      else if (!isOpen || replayed || !this.#marks.crowded(this.watermarkMs))
        slot = this.#marks.add(mark, !late, reading.device, eventMs, identity, ordinal); // A6
    }
    if (slot === REPEATED) return void (replayed || repeated(effects, terms, layout));
    if (slot < 0) return void (replayed || unwritable(effects, terms, at, layout));
    const restarted = this.#restarts.began(contract, reading, eventMs);
    if (replayed) return;
    if (restarted) effects.restarted.push(reading.device);
    if (late) effects.late += 1;
    terms.add(contract.name, "stored");
    effects.readings.push({ contract, reading, eventMs, slot });
    effects.places.push(at);
  }

  /** Minutes of series whose open rollups changed. */
  get seriesChanged(): number {
    return this.#windows.changed;
  }

  /** Open rollups of series that changed; none during a replay, whose counts would step back. */
  takeOpen(seriesMax: number): RollupEffect[] {
    return this.replaying ? [] : this.#windows.takeOpen(seriesMax);
  }

  /**
   * Every effect of frames up to `seq` is durable.
   * @param refused contracts of the readings of that frame that the sink refused, one for each.
   */
  acknowledged(seq: number, refused: readonly string[] = []): void {
    let done = 0;
    while (done < this.#unacknowledged.length && this.#unacknowledged[done]!.seq <= seq) done += 1;
    if (done === 0) return;
    const all = this.#unacknowledged.splice(0, done);
    const last = all.at(-1);
    for (const contract of refused) last!.terms.refused(contract);
    for (const each of all) this.#settlement.done(each);
    this.#done = { seq: last!.seq, state: last!.after };
    for (const holds of [this.#windowHolds, this.#arrivalHolds])
      for (const [startMs, { untilMs }] of holds)
        if (untilMs <= last!.after.watermarkMs) holds.delete(startMs);
  }

  /** Minutes of keys, and open series, with a final that late readings have made wrong. */
  get repairsWaiting(): number {
    return this.#marks.size + this.#windows.stale;
  }

  repairsDue(groupsMax: number): RepairGroup[] {
    return this.#marks.due({ seq: this.doneSeq, watermarkMs: this.#finalsDoneMs }, groupsMax);
  }

  /** Finals that end at or before this are durable, epoch ms. */
  get #finalsDoneMs(): number {
    return Math.max(this.#resumed.finalThroughMs, this.#done?.state.watermarkMs ?? 0);
  }

  /** The hours whose rollups are to be merged (long-hours.ts/F1). */
  get longDue(): ReturnType<LongHours["due"]> {
    return this.long.due(this.#finalsDoneMs);
  }

  /** The recomputed rollups are durable. */
  repaired(group: RepairGroup): void {
    this.#marks.repaired(group);
  }

  /** The account of the readings of frames that are done; null before the first. */
  get settled(): LaneSettled | null {
    return this.#settlement.account;
  }

  /** The position to save now (A1); until a replay is through, the one it started from. */
  position(): AggregatorPosition {
    if (!this.#done) return this.#resumed;
    let seq = behind(this.#done.seq);
    let lane = this.#done.state;
    for (const holds of [
      this.#windowHolds.values(),
      this.#arrivalHolds.values(),
      this.#marks.holds(),
    ])
      for (const hold of holds)
        if (hold.seq < seq) {
          seq = hold.seq;
          lane = hold.before;
        }
    const finalThroughMs = this.#finalsDoneMs;
    const longThroughMs = this.long.throughMs;
    const { joinedUntilMs } = this.#resumed;
    const { uncounted } = this.#marks;
    const ledger = this.settled;
    const { gateways, newestStoreMs } = this.#done.state;
    const position = {
      ...{ seq, lane, doneSeq: this.#done.seq, finalThroughMs, joinedUntilMs },
      ...(seq <= this.#done.seq ? { done: { gateways, newestStoreMs } } : {}),
      ...(longThroughMs === null ? {} : { longThroughMs }),
      ...(ledger ? { ledger } : {}),
    };
    return uncounted.length === 0 ? position : { ...position, uncounted };
  }

  /** The position of a lane that has ended, once everything up to its last frame is done; null before. */
  endedAt(lastSeq: number): AggregatorPosition | null {
    const isDone = this.doneSeq >= lastSeq && this.#unacknowledged.length === 0;
    return isDone && !this.replaying ? endedAt(this.position(), this.#state) : null;
  }

  #layoutsOf({ readings }: Frame, seq: number): ContractLayout[] | FrameOutcome {
    const layouts = new Array<ContractLayout>(readings.length);
    for (let at = 0; at < readings.length; at++) {
      const { contract, version, payload } = readings[at]!;
      if (typeof payload !== "object" || payload === null)
        return stopped(`frame ${seq} holds a payload that is no object`);
      const layout = this.#layouts.get(contract, version);
      if (!layout) return { kind: "awaits", version: { contract, version } };
      layouts[at] = layout;
    }
    return layouts;
  }
}

/** The first frame after one; frames of a hole are read again with the one that they come before (lane-holes.ts). */
const behind = (seq: number): number => (Number.isInteger(seq) ? seq + 1 : Math.ceil(seq));

interface ReadingPlace {
  readonly before: LaneState;
  readonly replayed: boolean;
  /** Its place in its frame, and in its lane. */
  readonly at: number;
  readonly ordinal: number;
  readonly terms: FrameTerms;
}

const NOTHING = { kind: "nothing" } as const;

const stopped = (reason: string) => ({ kind: "stopped", reason }) as const;
