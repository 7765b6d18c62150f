// One lane, from frames to lines of InfluxDB, with the position that survives a crash at any point.
// Pure: no clock, no I/O. What it writes is a function of the log, whatever crashed in between.
//
// A1. The position's `seq` is the least frame that touches an open window, a window whose final is
//     not acknowledged, a raw point that is not acknowledged, what repeats are told by (R2), or a
//     late reading whose rollups are not yet repaired (repair-marks.ts, M1); `lane` is the state just
//     before it.
// A2. Frames up to the position's `doneSeq` only rebuild windows: nothing of them is written again.
// A3. A window that ends at or before `finalThroughMs` is never written again: its readings may lie
//     before `seq`, so what a replay sees of it may be a part.
// A4. A reading is judged by the watermark before its frame; then the frame moves the watermark and
//     closes windows. Both are functions of the log (lane.ts, L3), so a replay decides the same.
// A5. A frame that cannot be judged or read stops the lane before any effect of it, so one of an
//     unknown contract version can be applied again once that version is known.
import { type Frame, decodeFrame } from "../../contracts/messages/frame.ts";
import { MINUTE } from "../../contracts/names/measurements.ts";
import { eventTimeMs, seriesKeyOf } from "../../contracts/messages/reading.ts";
import {
  type Hole as FrameHole,
  type LaneState,
  holeText,
  judgeFrame,
  jumpOver,
} from "../../platform/nats/lanes/lane.ts";
import { messageOf } from "../../platform/runtime/errors.ts";
import { Arrivals } from "./arrivals.ts";
import type { ContractPlan, Plans } from "./plan.ts";
import type { AggregatorPosition } from "./position.ts";
import { type RepairGroup, RepairMarks } from "./repair-marks.ts";
import { OpenWindows, minuteOf } from "./window.ts";

export interface LoggedFrame {
  readonly seq: number;
  readonly storeMs: number;
  readonly data: Uint8Array;
}

/** What one frame changes; to be written, then reported back with `acknowledged`. */
export interface FrameEffects {
  readonly kind: "effects";
  readonly seq: number;
  /** Raw points first, then rollups. */
  readonly lines: readonly string[];
  /** Event times of the raw points, epoch ms, and the places of their readings in the frame. */
  readonly eventTimes: readonly number[];
  readonly places: readonly number[];
  readonly late: number;
  /** Places in the frame of readings that were counted before, by their identity. */
  readonly repeated: readonly number[];
  /** Places in the frame of readings that InfluxDB cannot hold: no time, or not one value. */
  readonly unwritable: readonly number[];
  readonly traceparents: readonly string[];
}

export type FrameOutcome =
  | FrameEffects
  /** Everything of it is in InfluxDB already (A2), or it repeats an earlier frame. */
  | { readonly kind: "nothing" }
  | {
      readonly kind: "stopped";
      readonly reason: string;
      /** Set where nothing but this contract version is missing: the frame waits for it. */
      readonly awaits?: UnknownVersion;
      /** Set where frames are missing before this one. */
      readonly hole?: FrameHole;
      /** Set where so many repairs are due that the frame waits for some of them (M4). */
      readonly awaitsRepairs?: true;
    };

export interface UnknownVersion {
  readonly contract: string;
  readonly version: number;
}

/** Something that a replay must rebuild from its first frame on. */
interface Hold {
  /** The watermark that ends it, once everything up to that watermark is acknowledged, epoch ms. */
  readonly untilMs: number;
  /** The first frame that touched it, and the lane before that frame. */
  readonly seq: number;
  readonly before: LaneState;
}

export class LaneAggregate {
  readonly #plans: Plans;
  readonly #resumed: AggregatorPosition;
  readonly #windows = new OpenWindows();
  readonly #arrivals = new Arrivals(MINUTE.sizeMs);
  readonly #marks = new RepairMarks();
  /** By start of the minute. */
  readonly #windowHolds = new Map<number, Hold>();
  readonly #arrivalHolds = new Map<number, Hold>();
  /** Frames whose effects are on their way to InfluxDB, oldest first. */
  readonly #unacknowledged: { readonly seq: number; readonly after: LaneState }[] = [];
  #state: LaneState;
  #done: { seq: number; state: LaneState } | null = null;
  #readSeq: number;

  constructor(plans: Plans, from: AggregatorPosition) {
    this.#plans = plans;
    this.#resumed = from;
    this.#state = from.lane;
    this.#readSeq = from.seq - 1;
  }

  get watermarkMs(): number {
    return Math.max(this.#state.watermarkMs, this.#resumed.finalThroughMs);
  }

  /** Raw points and finals of frames up to here are in InfluxDB. */
  get doneSeq(): number {
    return this.#done?.seq ?? this.#resumed.doneSeq;
  }

  /** True while windows are being rebuilt from frames that were done before. */
  get replaying(): boolean {
    return this.#readSeq < this.#resumed.doneSeq;
  }

  apply({ seq, storeMs, data }: LoggedFrame): FrameOutcome {
    let frame: Frame;
    try {
      frame = decodeFrame(data);
    } catch (error) {
      return stopped(`frame ${seq} cannot be read: ${messageOf(error)}`); // A5
    }
    const before = this.#state;
    const joined = storeMs < this.#resumed.joinedUntilMs;
    const verdict = judgeFrame(before, frame.header, storeMs, joined);
    if (verdict.kind === "hole")
      return {
        ...stopped(`frame ${seq} comes before ${holeText(verdict.hole)}`),
        hole: verdict.hole,
      }; // A5
    const plans = verdict.kind === "new" ? this.#plansOf(frame) : [];
    if (!Array.isArray(plans))
      return { kind: "stopped", ...plans, reason: `frame ${seq} ${plans.reason}` }; // A5
    if (this.#windows.full) return stopped(`too many series are open at frame ${seq}`);
    if (this.#marks.full)
      return { kind: "stopped", awaitsRepairs: true, reason: `frame ${seq} waits for repairs` };
    this.#readSeq = seq;

    const effects = emptyEffects(seq);
    const replayed = seq <= this.#resumed.doneSeq;
    plans.forEach((plan, at) =>
      this.#reading(effects, { before, replayed, at }, plan, frame.readings[at]!),
    );
    if (verdict.kind === "new") {
      this.#state = verdict.state;
      this.#arrivals.forget(this.#state.watermarkMs);
      for (const line of this.#windows.close(this.#state.watermarkMs)) effects.lines.push(line); // A4
    }
    if (replayed) return { kind: "nothing" }; // A2
    this.#unacknowledged.push({ seq, after: this.#state });
    return effects;
  }

  #reading(
    effects: MutableEffects,
    { before, replayed, at }: { before: LaneState; replayed: boolean; at: number },
    plan: ContractPlan,
    reading: Frame["readings"][number],
  ): void {
    const eventMs = Math.floor(eventTimeMs(plan.contract, reading.payload, reading.receivedAtMs));
    const line = plan.raw.line(reading, eventMs);
    if (line === null) return void (replayed || effects.unwritable.push(at));
    const startMs = minuteOf(eventMs);
    const hold = (untilMs: number): Hold => ({ untilMs, seq: effects.seq, before });
    if (this.#arrivals.concerns(plan, reading)) {
      const untilMs = this.#arrivals.neededUntilMs(startMs);
      if (untilMs > Math.max(before.watermarkMs, this.#resumed.finalThroughMs)) {
        if (!this.#arrivalHolds.has(startMs)) this.#arrivalHolds.set(startMs, hold(untilMs));
        if (!this.#arrivals.add(plan, reading, startMs)) return void effects.repeated.push(at);
      }
    }
    const endMs = startMs + MINUTE.sizeMs;
    const late = endMs <= before.watermarkMs;
    if (!late && endMs > this.#resumed.finalThroughMs) {
      // A3
      if (!this.#windowHolds.has(startMs)) this.#windowHolds.set(startMs, hold(endMs));
      if (!this.#windows.add(plan, reading, eventMs)) return void effects.repeated.push(at);
    } else if (late || !replayed) {
      const { name: contract } = plan.series;
      const key = seriesKeyOf(plan.contract, reading.device, reading.payload);
      this.#marks.add({ contract, key, startMs, seq: effects.seq, before });
    }
    if (replayed) return;
    if (late) effects.late += 1;
    effects.lines.push(line);
    effects.eventTimes.push(eventMs);
    effects.places.push(at);
    if (reading.traceparent !== null) effects.traceparents.push(reading.traceparent);
  }

  /** Goes on behind frames that are lost for good. */
  jump(hole: FrameHole): void {
    this.#state = jumpOver(this.#state, hole);
  }

  /** Open rollups that changed; none during a replay, whose counts would step back. */
  takeOpen(linesMax: number): string[] {
    return this.replaying ? [] : this.#windows.takeOpen(linesMax);
  }

  /** InfluxDB holds every effect of frames up to `seq`. */
  acknowledged(seq: number): void {
    let done = 0;
    while (done < this.#unacknowledged.length && this.#unacknowledged[done]!.seq <= seq) done += 1;
    if (done === 0) return;
    const [last] = this.#unacknowledged.splice(0, done).slice(-1);
    this.#done = { seq: last!.seq, state: last!.after };
    for (const holds of [this.#windowHolds, this.#arrivalHolds])
      for (const [startMs, { untilMs }] of holds)
        if (untilMs <= last!.after.watermarkMs) holds.delete(startMs);
  }

  /** Minutes of series with a final that late readings have made wrong. */
  get repairsWaiting(): number {
    return this.#marks.size + this.#windows.stale;
  }

  repairsDue(groupsMax: number): RepairGroup[] {
    const watermarkMs = this.#done?.state.watermarkMs ?? 0;
    const { finalThroughMs } = this.#resumed;
    const done = { seq: this.doneSeq, watermarkMs: Math.max(watermarkMs, finalThroughMs) };
    return this.#marks.due(done, groupsMax);
  }

  /** InfluxDB holds the recomputed rollups. */
  repaired(group: RepairGroup): void {
    this.#marks.repaired(group);
  }

  /** What to save now (A1). Until a replay is through this is the position it started from. */
  position(): AggregatorPosition {
    if (!this.#done) return this.#resumed;
    let seq = this.#done.seq + 1;
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
    const finalThroughMs = Math.max(this.#resumed.finalThroughMs, this.#done.state.watermarkMs);
    const { joinedUntilMs } = this.#resumed;
    return { seq, lane, doneSeq: this.#done.seq, finalThroughMs, joinedUntilMs };
  }

  #plansOf({ readings }: Frame): ContractPlan[] | { reason: string; awaits?: UnknownVersion } {
    const plans = new Array<ContractPlan>(readings.length);
    for (let at = 0; at < readings.length; at++) {
      const { contract, version, payload } = readings[at]!;
      if (typeof payload !== "object" || payload === null)
        return { reason: "holds a payload that is no object" };
      const plan = this.#plans.get(contract, version);
      if (!plan)
        return {
          reason: `holds readings of contract ${contract} v${version}, unknown here`,
          awaits: { contract, version },
        };
      plans[at] = plan;
    }
    return plans;
  }
}

interface MutableEffects extends FrameEffects {
  readonly lines: string[];
  readonly eventTimes: number[];
  readonly places: number[];
  late: number;
  readonly repeated: number[];
  readonly unwritable: number[];
  readonly traceparents: string[];
}

const emptyEffects = (seq: number): MutableEffects => ({
  kind: "effects",
  seq,
  lines: [],
  eventTimes: [],
  places: [],
  late: 0,
  repeated: [],
  unwritable: [],
  traceparents: [],
});

const stopped = (reason: string) => ({ kind: "stopped", reason }) as const;
