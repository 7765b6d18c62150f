// A lane's frames from where they were written, for a reader whose copy lacks them.
import type { JetStreamManager, NatsConnection } from "nats";
import { decodeFrame } from "../../contracts/frame.ts";
import { type LaneId, telemetryStream } from "../../contracts/subjects.ts";
import { AppError, messageOf } from "../runtime/errors.ts";
import type { Logger } from "../runtime/logger.ts";
import type { Hole } from "./lane.ts";
import { type LogEntry, readLane } from "./lane-source.ts";
import { firstSeqSince, storedAt } from "./trim.ts";

const ANSWER_WITHIN_MS = 5_000;
const SCAN_WITHIN_MS = 60_000;

/** The JetStream of a region, seen from the hub. */
export const originManager = (
  connection: NatsConnection,
  region: string,
): Promise<JetStreamManager> =>
  connection.jetstreamManager({ domain: region, checkAPI: false, timeout: ANSWER_WITHIN_MS });

/**
 * Looks for the frames of a hole in the region's own log.
 * @returns those it has, in order; fewer than are missing if it has lost some itself.
 * @throws AppError `NATS_UNAVAILABLE` (retry) if the region cannot be asked.
 */
export async function readMissing(
  connection: NatsConnection,
  lane: LaneId,
  hole: Hole,
  logger: Logger,
  signal: AbortSignal,
): Promise<LogEntry[]> {
  const enough = new AbortController();
  const patience = AbortSignal.timeout(SCAN_WITHIN_MS);
  const stop = AbortSignal.any([signal, enough.signal, patience]);
  const found: LogEntry[] = [];
  try {
    const manager = await originManager(connection, lane.region);
    const stream = telemetryStream(lane.region);
    const { first_seq: firstSeq, last_seq: lastSeq } = (await manager.streams.info(stream)).state;
    const from = await firstSeqSince(manager, stream, { firstSeq, lastSeq }, hole.sinceMs);
    const source = { ...lane, domain: lane.region };
    for await (const entry of readLane(connection, source, from, logger, stop)) {
      const { gateway, epoch, n } = decodeFrame(entry.data).header;
      const isOurs = gateway === hole.gateway && epoch === hole.epoch;
      const next = hole.fromN + found.length;
      if (isOurs && n >= next && n < hole.untilN) found.push(entry);
      // An idle lane has a frame a second, so what was the end is soon passed.
      if ((isOurs && n >= hole.untilN - 1) || entry.seq >= lastSeq) return found;
    }
  } catch (cause) {
    throw unavailable(lane, messageOf(cause), cause);
  } finally {
    enough.abort();
  }
  throw unavailable(lane, "it does not answer");
}

/**
 * True if the region's log holds something else where this copy's message is: its store lost what it
 * had not synced, and used the sequence numbers again (see shared facts in DESIGN.md, section 5).
 */
export async function isRolledBack(
  connection: NatsConnection,
  region: string,
  seq: number,
): Promise<boolean> {
  const stream = telemetryStream(region);
  const here = await storedAt(await connection.jetstreamManager(), stream, seq);
  const manager = await originManager(connection, region);
  const { state } = await manager.streams.info(stream);
  if (here === null || seq < state.first_seq) return false;
  return state.last_seq < seq || (await storedAt(manager, stream, seq)) !== here;
}

const unavailable = ({ region }: LaneId, why: string, cause?: unknown): AppError =>
  new AppError("NATS_UNAVAILABLE", "retry", `the log of region ${region}: ${why}`, { cause });
