// Frames that the copy of a lane lacks.
//
// H1. They are read from the region's own log and applied where they belong, before the frame that
//     came; while the region cannot be asked the lane waits.
// H2. Frames that the region has lost as well, because its store was rolled back, are named and left: no
//     waiting brings them. Where the region's log begins later than they were, the copy alone has lost
//     them, and the lane stops: somebody must look.
// H3. A frame from the origin gets a place between the sequences of its neighbours that depends on its
//     number alone, so that a replay gives it the same one.
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { decodeFrame } from "../../contracts/messages/frame.ts";
import type { LaneId } from "../../contracts/names/subjects.ts";
import { type Hole, holeText, readingsBetween } from "../../platform/nats/lanes/lane.ts";
import { ENDED, type Filling, type Gap } from "../../platform/nats/lanes/lane-operator.ts";
import { readMissing } from "../../platform/nats/lanes/lane-origin.ts";
import type { LogEntry } from "../../platform/nats/client/log-entry.ts";
import type { Logger } from "../../platform/runtime/logger.ts";
import { insist } from "../../platform/runtime/insist.ts";

/** Frames that may be missing at one place and still have the same places in every replay. */
const PLACES = 1e6;

/** Looks for the frames of a hole in the region's log; entries get the places of H3. */
export async function fillHole(
  connection: NatsConnection,
  lane: LaneId,
  { entry, hole }: Gap,
  logger: Logger,
  signal: AbortSignal,
): Promise<Filling> {
  const ask = () => readMissing(connection, lane, hole, logger, signal);
  const missing = await insist(ask, logger, signal); // H1
  if (!missing) return ENDED;
  const { found, reachesBack } = missing;
  const entries = found.map((each) => {
    const { n } = decodeFrame(each.data).header;
    return { ...each, seq: placeOf(n, entry.seq, hole) };
  });
  if (found.length === hole.untilN - hole.fromN) return { kind: "filled", entries, lost: null };
  if (reachesBack) return { kind: "filled", entries, lost: lostOf(hole, found) };
  const what = `frame ${entry.seq} comes before ${holeText(hole)}`;
  return { kind: "stopped", reason: `${what}, and the region's log begins after them` }; // H2
}

/** A place between the sequences of the neighbours (H3), however much a frame says is missing before it. */
const placeOf = (n: number, seq: number, { fromN, untilN }: Hole): number =>
  seq - (untilN - n) / Math.max(PLACES, untilN - fromN + 1);

/** The part of a hole before the first frame that was found; what is missing later is another hole. */
function lostOf(hole: Hole, [first]: readonly LogEntry[]): Hole | null {
  if (!first) return hole;
  const { header } = decodeFrame(first.data);
  if (header.n === hole.fromN) return null;
  const { totalBefore } = hole;
  const readings = totalBefore === null ? null : readingsBetween(totalBefore, header);
  return { ...hole, untilN: header.n, readings };
}
