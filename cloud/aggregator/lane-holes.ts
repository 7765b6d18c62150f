// What a lane does about frames that its copy lacks.
//
// H1. They are read from the region's own log and applied where they belong, before the frame that
//     came; while the region cannot be asked the lane waits.
// H2. Frames that the region has lost as well, because its store was rolled back, are named and left: no
//     waiting brings them. Where the region's log begins later than they were, the copy alone has lost
//     them, and the lane stops: somebody must look.
// H3. A frame from the origin gets a place between the sequences of its neighbours that depends on its
//     number alone, so that a replay gives it the same one.
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import type { LaneLoss } from "../../contracts/messages/status.ts";
import { decodeFrame } from "../../contracts/messages/frame.ts";
import type { LaneId } from "../../contracts/names/subjects.ts";
import { type Hole, holeText } from "../../platform/nats/lanes/lane.ts";
import { readMissing } from "../../platform/nats/lanes/lane-origin.ts";
import type { LogEntry } from "../../platform/nats/client/stream-reader.ts";
import type { Logger } from "../../platform/runtime/logger.ts";
import { insist } from "../../platform/runtime/insist.ts";

/** Up to a million frames may be missing at one place. */
const STEP = 1e-6;

export interface Filling {
  /** In order, with the places they get (H3). */
  readonly entries: readonly LogEntry[];
  /** What the region has lost too, or null. */
  readonly lost: Hole | null;
}

/** Null if `signal` aborted; "stop" if frames are missing that the region had to have (H2). */
export async function fillHole(
  connection: NatsConnection,
  lane: LaneId,
  at: { entry: LogEntry; hole: Hole },
  logger: Logger,
  signal: AbortSignal,
): Promise<Filling | "stop" | null> {
  const { entry, hole } = at;
  const ask = () => readMissing(connection, lane, hole, logger, signal);
  const missing = await insist(ask, logger, signal); // H1
  if (!missing) return null;
  const { found, reachesBack } = missing;
  const entries = found.map((each) => {
    const { n } = decodeFrame(each.data).header;
    return { ...each, seq: entry.seq - (hole.untilN - n) * STEP };
  });
  if (found.length === hole.untilN - hole.fromN) return { entries, lost: null };
  return reachesBack ? { entries, lost: lostOf(hole, found) } : "stop";
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
