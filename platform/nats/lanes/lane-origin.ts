// A lane's frames from where they were written, for a reader whose copy lacks them.
import { FrameError, frameOrNull } from "../../../contracts/messages/frame.ts";
import {
  type LaneId,
  laneName,
  telemetryStream,
  telemetrySubject,
} from "../../../contracts/names/subjects.ts";
import { AppError, dispositionOf, messageOf } from "../../runtime/errors.ts";
import { insist } from "../../runtime/insist.ts";
import type { Logger } from "../../runtime/logger.ts";
import type { NatsConnection } from "../client/connection.ts";
import { Streams } from "../client/streams.ts";
import type { Hole } from "./lane.ts";
import type { LogEntry } from "../client/log-entry.ts";
import { readLane } from "./lane-source.ts";
import { firstSeqSince, storedAt } from "./trim.ts";

const ANSWER_WITHIN_MS = 5_000;
const SCAN_WITHIN_MS = 60_000;
/** An idle lane has a frame a second, so this much silence means that a copy stands still. */
const SILENT_MS = 3_000;
const WATCH_EVERY_MS = 1_500;
/** A copy that moves is this close behind. */
const LEVEL_GAP = 50;

/** Bytes that are no frame are none of a hole. */
const NO_HEADER = { gateway: null, epoch: null, n: 0 };

/** The streams of a region, seen from the hub. */
const originStreams = (connection: NatsConnection, region: string): Streams =>
  new Streams(connection, { domain: region, timeoutMs: ANSWER_WITHIN_MS });

export interface Missing {
  /** Frames of the hole that the region has, in order. */
  readonly found: readonly LogEntry[];
  /**
   * True if its log goes back to before the hole: then what was not found it has lost, because a gateway
   * sends a frame only once the one before it is stored.
   */
  readonly reachesBack: boolean;
}

/**
 * Looks for the frames of a hole in the region's own log.
 * @throws AppError `NATS_UNAVAILABLE` (retry) if the region cannot be asked.
 */
export async function readMissing(
  connection: NatsConnection,
  lane: LaneId,
  hole: Hole,
  logger: Logger,
  signal: AbortSignal,
): Promise<Missing> {
  const enough = new AbortController();
  const patience = AbortSignal.timeout(SCAN_WITHIN_MS);
  const stop = AbortSignal.any([signal, enough.signal, patience]);
  const found: LogEntry[] = [];
  try {
    const streams = originStreams(connection, lane.region);
    const stream = telemetryStream(lane.region);
    const { firstSeq, lastSeq } = await streams.state(stream);
    const from = await firstSeqSince(streams, stream, { firstSeq, lastSeq }, hole.sinceMs);
    const reachesBack = firstSeq === 1 || from > firstSeq;
    const source = { ...lane, domain: lane.region };
    for await (const entry of readLane(connection, source, from, logger, stop)) {
      const { gateway, epoch, n } = frameOrNull(entry.data)?.header ?? NO_HEADER;
      const isOurs = gateway === hole.gateway && epoch === hole.epoch;
      const next = hole.fromN + found.length;
      if (isOurs && n >= next && n < hole.untilN) found.push(entry);
      // An idle lane has a frame a second, so what was the end is soon passed.
      if ((isOurs && n >= hole.untilN - 1) || entry.seq >= lastSeq) return { found, reachesBack };
    }
  } catch (cause) {
    // A frame that cannot be read today may be one that a newer program will read.
    if (dispositionOf(cause) !== "retry" && !(cause instanceof FrameError)) throw cause;
    throw unavailable(lane, messageOf(cause), cause);
  } finally {
    enough.abort();
  }
  throw unavailable(lane, "it does not answer");
}

/**
 * Reads a lane, as `readLane` does, from the copy here; while that stands still though its origin moves,
 * from the origin: nats-servers from 2.10 on leave a mirror idle for 30 to 40 s after a cut.
 */
export async function* readLaneAnywhere(
  connection: NatsConnection,
  lane: LaneId,
  fromSeq: number,
  logger: Logger,
  signal: AbortSignal,
): AsyncGenerator<LogEntry, void, void> {
  let from = fromSeq;
  let atOrigin = false;
  while (!signal.aborted) {
    const turn = new AbortController();
    const source = atOrigin ? { ...lane, domain: lane.region } : lane;
    // Silence counts only while an entry is waited for, not while the reader is busy with one.
    let waitsSinceMs: number | null = performance.now();
    const watch = setInterval(() => {
      const silentMs = waitsSinceMs === null ? 0 : performance.now() - waitsSinceMs;
      if (!atOrigin && silentMs < SILENT_MS) return;
      void gapOf(connection, lane).then(
        (gap) => (atOrigin ? gap <= LEVEL_GAP : gap > 0) && turn.abort(),
        // An origin that does not answer is no better than its copy.
        () => atOrigin && turn.abort(),
      );
    }, WATCH_EVERY_MS);
    const stop = AbortSignal.any([signal, turn.signal]);
    try {
      for await (const entry of readLane(connection, source, from, logger, stop)) {
        waitsSinceMs = null;
        from = entry.seq + 1;
        yield entry;
        waitsSinceMs = performance.now();
      }
    } finally {
      clearInterval(watch);
      turn.abort();
    }
    atOrigin = !atOrigin;
    if (signal.aborted) return;
    const where = atOrigin ? "its region, because the copy stands still" : "the copy again";
    logger.warn({ lane: laneName(lane), from }, `lane is read from ${where}`);
  }
}

/**
 * Reads a lane that came with a growth of the log, as `readLaneAnywhere` does, behind the frames of the lanes that had its keys
 * before; of those only from where it is asked.
 */
export async function* readLineage(
  connection: NatsConnection,
  { ancestors, ...lane }: LaneId & { readonly ancestors: readonly number[] },
  fromSeq: number,
  logger: Logger,
  signal: AbortSignal,
): AsyncGenerator<LogEntry, void, void> {
  let from = fromSeq;
  const streams = new Streams(connection);
  for (const partition of ancestors) {
    const subject = telemetrySubject(lane.region, partition);
    const asked = async () => ({
      newest: await streams.newest(telemetryStream(lane.region), subject),
    });
    const last = (await insist(asked, logger, signal))?.newest?.seq ?? 0;
    if (last < from) continue;
    const ancestor = { region: lane.region, partition };
    for await (const entry of readLaneAnywhere(connection, ancestor, from, logger, signal)) {
      from = Math.floor(entry.seq) + 1;
      yield entry;
      if (entry.seq >= last) break;
    }
    if (signal.aborted) return;
  }
  yield* readLaneAnywhere(connection, lane, from, logger, signal);
}

/** Number of messages that the copy here is behind its origin; negative after a rollback. */
async function gapOf(connection: NatsConnection, { region }: LaneId): Promise<number> {
  const stream = telemetryStream(region);
  const copy = await new Streams(connection).state(stream);
  const origin = await originStreams(connection, region).state(stream);
  return origin.lastSeq - copy.lastSeq;
}

/**
 * For a reader of the region's own log, which was at this message: null if the log still holds it, or
 * has trimmed it; else the first sequence that was stored since.
 */
export async function rolledBackTo(
  connection: NatsConnection,
  { region }: LaneId,
  at: { seq: number; storeMs: number },
): Promise<number | null> {
  const streams = new Streams(connection);
  const stream = telemetryStream(region);
  const { firstSeq, lastSeq } = await streams.state(stream);
  if (at.seq < firstSeq) return null;
  if (at.seq <= lastSeq && (await storedAt(streams, stream, at.seq)) === at.storeMs) return null;
  return firstSeqSince(streams, stream, { firstSeq, lastSeq }, at.storeMs);
}

const unavailable = ({ region }: LaneId, why: string, cause?: unknown): AppError =>
  new AppError("NATS_UNAVAILABLE", "retry", `the log of region ${region}: ${why}`, { cause });
