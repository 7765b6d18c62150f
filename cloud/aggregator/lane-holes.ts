// What a lane does about frames that its copy lacks.
//
// H1. They are read from the region's own log and applied where they belong, before the frame that
//     came; while the region cannot be asked the lane waits.
// H2. Frames that the region has lost as well, because its store was rolled back, are named and left;
//     without a sign of that the lane stops: somebody must look.
// H3. A frame from the origin gets a place between the sequences of its neighbours that depends on its
//     number alone, so that a replay gives it the same one.
import type { NatsConnection } from "nats";
import type { LaneLoss } from "../../contracts/status.ts";
import { decodeFrame } from "../../contracts/frame.ts";
import type { LaneId } from "../../contracts/subjects.ts";
import { type Hole, holeText } from "../../infra/nats/lane.ts";
import { isRolledBack, readMissing } from "../../infra/nats/lane-origin.ts";
import type { LogEntry } from "../../infra/nats/lane-source.ts";
import type { Logger } from "../../infra/runtime/logger.ts";
import { insist } from "./insist.ts";

/** Up to a million frames may be missing at one place. */
const STEP = 1e-6;

export interface Filling {
  /** In order, with the places they get (H3). */
  readonly entries: readonly LogEntry[];
  /** What the region has lost too, or null. */
  readonly lost: Hole | null;
}

/** Null if `signal` aborted; "stop" if frames are missing in the region without a sign why (H2). */
export async function fillHole(
  connection: NatsConnection,
  lane: LaneId,
  at: { entry: LogEntry; hole: Hole },
  logger: Logger,
  signal: AbortSignal,
): Promise<Filling | "stop" | null> {
  const { entry, hole } = at;
  const ask = () => readMissing(connection, lane, hole, logger, signal);
  const found = await insist(ask, logger, signal); // H1
  if (!found) return null;
  const entries = found.map((each) => {
    const { n } = decodeFrame(each.data).header;
    return { ...each, seq: entry.seq - (hole.untilN - n) * STEP };
  });
  const missing = hole.untilN - hole.fromN - found.length;
  if (missing === 0) return { entries, lost: null };
  const before = Math.ceil(entry.seq) - 1;
  const rolledBack = await insist(
    () => isRolledBack(connection, lane.region, before),
    logger,
    signal,
  );
  if (rolledBack === null) return null;
  return rolledBack ? { entries, lost: lostOf(hole, found) } : "stop";
}

/** What is missing before the first frame that was found; what is missing later is another hole. */
function lostOf(hole: Hole, [first]: readonly LogEntry[]): Hole | null {
  if (!first) return hole;
  const { n, total, count } = decodeFrame(first.data).header;
  if (n === hole.fromN) return null;
  const { totalBefore } = hole;
  const readings = totalBefore === null ? null : total - count - totalBefore;
  return { ...hole, untilN: n, readings };
}

/** For the status page. */
export const lossOf = (lane: LaneId, hole: Hole, entry: LogEntry): LaneLoss => ({
  ...lane,
  what: holeText(hole),
  readings: hole.readings,
  sinceMs: hole.sinceMs,
  untilMs: entry.storeMs,
});
