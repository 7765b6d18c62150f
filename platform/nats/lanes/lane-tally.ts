// The tally of a lane: how many readings its log holds, by contract, up to a frame. Pure.
//
// Y1. A tally is a part of the lane's state, and so a function of the log alone (lane.ts/L3): whoever judges
//     the same frames counts the same, whatever crashed in between, and a position holds it for nothing.
// Y2. A frame counts once (lane.ts/L1). One that was lost and comes all the same is lost no longer (lane.ts/L5).
// Y3. Contracts are bounded: those of invented readings share one count.
// Y4. A log that was rolled back behind its reader has lost frames that this reader may have counted, and that
//     the hub's copy may hold. The tally says so; whoever compares it begins a new comparison.
import {
  type LaneTally,
  type TallyPoint,
  type TallyReport,
  UNCOUNTED_CONTRACT,
  UNKNOWN_CONTRACT,
} from "../../../contracts/messages/ledger.ts";
import type { Frame } from "../../../contracts/messages/frame.ts";
import { type FrameVerdict, type Hole, type LaneState, judgeFrame, jumpOver } from "./lane.ts";

/** Contracts with a count of their own in one lane (Y3). */
const CONTRACTS_MAX = 200;
const NAME = /^[a-z][a-z0-9_-]{0,63}$/;

/** Points are kept this far apart, by store time, and this many of them. */
const MARK_EVERY_MS = 5_000;
const MARKS_KEPT = 8;

const emptyTally = (sinceMs: number): LaneTally => ({
  sinceMs,
  readings: {},
  lost: 0,
  miscounted: 0,
});

/**
 * A lane that was never read, and begins with the first frame of a gateway, begins with its log: whichever frame
 * that is, since a copy may lack the very first.
 */
const beginningOf = ({ newestStoreMs }: LaneState, n: number, storeMs: number): number =>
  newestStoreMs === 0 && n === 1 ? 0 : storeMs;

/** Judges a frame as `judgeFrame` does; a new one is counted in the lane after it. */
export function judgeCounted(
  state: LaneState,
  frame: Frame,
  storeMs: number,
  joined = false,
): FrameVerdict {
  const { header } = frame;
  const verdict = judgeFrame(state, header, storeMs, joined);
  if (verdict.kind !== "new") return verdict;
  const before = state.tally ?? emptyTally(beginningOf(state, header.n, storeMs));
  const { totalBefore, wasLost } = verdict;
  const off = totalBefore === null ? 0 : Math.abs(header.total - header.count - totalBefore);
  let tally = before;
  if (off > 0) tally = { ...tally, miscounted: tally.miscounted + off };
  if (wasLost) tally = { ...tally, lost: Math.max(0, tally.lost - header.count) }; // Y2
  const counts = countsOf(frame);
  if (counts.size > 0) tally = { ...tally, readings: added(tally.readings, counts) };
  return { ...verdict, state: { ...verdict.state, tally } };
}

/** The lane as if the frames of a hole had come, as `jumpOver`; their readings are counted as lost. */
export function jumpCounted(state: LaneState, hole: Hole): LaneState {
  const before = state.tally ?? emptyTally(beginningOf(state, hole.fromN, hole.sinceMs));
  const tally = { ...before, lost: before.lost + (hole.readings ?? 0) };
  return { ...jumpOver(state, hole), tally };
}

/**
 * The lane before a frame that may be the first of a lane that came with a growth of the log: it goes on by its parent's
 * clocks, and counts its own frames and readings from the beginning.
 * @param grownFrom the first lane of the log that came with a growth.
 */
export function entered(state: LaneState, partition: number, grownFrom: number): LaneState {
  if (!(partition >= grownFrom) || state.of === partition) return state;
  const gateways: Record<string, LaneState["gateways"][string]> = {};
  for (const [id, mark] of Object.entries(state.gateways)) gateways[id] = { ...mark, epochs: [] };
  const { watermarkMs, newestStoreMs } = state;
  return { watermarkMs, newestStoreMs, gateways, tally: emptyTally(0), of: partition };
}

/** The lane of a reader whose log was rolled back behind it (Y4). */
export const rolledBack = (state: LaneState): LaneState =>
  state.tally
    ? { ...state, tally: { ...state.tally, rollbacks: (state.tally.rollbacks ?? 0) + 1 } }
    : state;

/** Readings of a frame by contract. */
function countsOf({ readings }: Frame): Map<string, number> {
  const counts = new Map<string, number>();
  let contract = "";
  let run = 0;
  // Readings of one contract come in runs: the map is asked once for each.
  for (const reading of readings) {
    if (reading.contract !== contract) {
      if (run > 0) counts.set(contract, (counts.get(contract) ?? 0) + run);
      [contract, run] = [reading.contract, 0];
    }
    run += 1;
  }
  if (run > 0) counts.set(contract, (counts.get(contract) ?? 0) + run);
  counts.delete(UNCOUNTED_CONTRACT);
  return counts;
}

function added(
  readings: LaneTally["readings"],
  counts: ReadonlyMap<string, number>,
): LaneTally["readings"] {
  const all: Record<string, number> = { ...readings };
  let known = Object.keys(all).length;
  for (const [contract, count] of counts) {
    const isKnown = Object.hasOwn(all, contract);
    const name = isKnown || (known < CONTRACTS_MAX && NAME.test(contract)) ? contract : null;
    if (!isKnown && name !== null) known += 1;
    const counted = name ?? UNKNOWN_CONTRACT; // Y3
    all[counted] = (all[counted] ?? 0) + count;
  }
  return all;
}

/** The name under which a tally counts readings of a contract, once they are in it. */
export const countedAs = (tally: LaneTally | undefined, contract: string): string =>
  tally && Object.hasOwn(tally.readings, contract) ? contract : UNKNOWN_CONTRACT;

/**
 * The points of a lane that others can be compared with: the last frame of each few seconds, by store time. So
 * that two who read the same log at their own pace have some in common.
 */
export class TallyMarks {
  readonly #marks: TallyPoint[] = [];
  #last: TallyPoint | null = null;

  /** The frame that is in the lane now, after those before it. */
  pass(seq: number, storeMs: number, { tally }: LaneState): void {
    if (tally === undefined) return;
    const last = this.#last;
    const isNext = last && slotOf(storeMs) > slotOf(last.storeMs);
    // A frame that was read from the region has its place between two of the copy.
    if (isNext && Number.isInteger(last.seq)) {
      this.#marks.push(last);
      if (this.#marks.length > MARKS_KEPT) this.#marks.shift();
    }
    this.#last = { seq, storeMs, tally };
  }

  /** Null while nothing is counted. */
  get report(): TallyReport | null {
    return this.#last && { ...this.#last, marks: [...this.#marks] };
  }
}

const slotOf = (storeMs: number): number => Math.floor(storeMs / MARK_EVERY_MS);
