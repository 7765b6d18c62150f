// The position of the aggregator in one lane: saved only after the sink acknowledged every effect.
import type { LaneSettled } from "../../contracts/messages/ledger.ts";
import { MINUTE } from "../../contracts/names/measurements.ts";
import { EMPTY_LANE, type LaneState } from "../../platform/nats/lanes/lane.ts";
import { minuteOf } from "./window.ts";

export interface AggregatorPosition {
  /** The first frame to read again: the least that touches an open window or is not done. */
  readonly seq: number;
  /** The lane just before `seq`, so that a replay judges every frame as it was judged before. */
  readonly lane: LaneState;
  /** Readings of frames up to here are stored: a replay only rebuilds windows from them. */
  readonly doneSeq: number;
  /** Windows that end at or before this are stored as final and never written again, epoch ms. */
  readonly finalThroughMs: number;
  /** Rollups of hours and days that end at or before this are stored, epoch ms; earlier versions lack it. */
  readonly longThroughMs?: number;
  /**
   * Starts of the minutes with readings that were in time and that no window counted; their rollups wait
   * for repair (repair-marks.ts/M7). Absent: there are none.
   */
  readonly uncounted?: readonly number[];
  /** Frames stored before this may begin in the middle of an epoch: the log was trimmed, epoch ms. */
  readonly joinedUntilMs: number;
  /**
   * Marks of the frames that are done, where some of them are read again: after a rollback of the log other
   * frames have their sequences (lane-aggregate.ts/A2).
   */
  readonly done?: Pick<LaneState, "gateways" | "newestStoreMs">;
  /**
   * There once the lane has ended, and everything of it is done: where those that have its keys now begin. What it holds
   * open is theirs; of the rest nothing is read again.
   */
  readonly ended?: Pick<AggregatorPosition, "seq" | "lane" | "uncounted">;
  /** The account of the readings up to `doneSeq`; positions of earlier versions lack it. */
  readonly ledger?: LaneSettled;
}

/** A log that was never read, from its very first frame. */
export const START: AggregatorPosition = {
  seq: 1,
  lane: EMPTY_LANE,
  doneSeq: 0,
  finalThroughMs: 0,
  joinedUntilMs: 0,
};

/** Every live gateway shows a frame within this time; after it, an unknown epoch starts at 1. */
const JOIN_MS = 60_000;

/**
 * A log whose beginning was trimmed. Its first windows have lost readings, so they are left to the
 * repair job instead of being written with too small a count.
 */
export const joinedAt = (storeMs: number): AggregatorPosition => ({
  ...START,
  finalThroughMs: minuteOf(storeMs) + MINUTE.sizeMs,
  joinedUntilMs: storeMs + JOIN_MS,
});

/** A lane that has ended, from the position at its last frame. @param lane its state there. */
export const endedAt = (last: AggregatorPosition, lane: LaneState): AggregatorPosition => {
  const { seq, lane: before, uncounted, done: _, ...rest } = last;
  const ended = { seq, lane: before, ...(uncounted ? { uncounted } : {}) };
  return { ...rest, seq: Math.floor(last.doneSeq) + 1, lane, ended };
};

/** The beginning of a lane whose keys were in one that has ended: what that held open is built again from its frames. */
export function heirOf({
  ended,
  doneSeq,
  finalThroughMs,
  longThroughMs,
  joinedUntilMs,
  lane,
}: AggregatorPosition): AggregatorPosition {
  const tally = { sinceMs: 0, readings: {}, lost: 0, miscounted: 0 };
  const at = { seq: Math.floor(doneSeq), storeMs: lane.newestStoreMs, tally };
  const ledger = { ...at, marks: [], settled: {} };
  const long = longThroughMs === undefined ? {} : { longThroughMs };
  return { ...ended!, doneSeq, finalThroughMs, ...long, joinedUntilMs, ledger };
}

/** Whether there is nothing to save, because a position is as the one that was saved. */
export const isSamePlace = (a: AggregatorPosition, b: AggregatorPosition | null): boolean =>
  b !== null &&
  a.seq === b.seq &&
  a.doneSeq === b.doneSeq &&
  a.finalThroughMs === b.finalThroughMs &&
  a.longThroughMs === b.longThroughMs &&
  (a.ended === undefined) === (b.ended === undefined);
