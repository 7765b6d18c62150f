// Frames of one lane, read from a log without disturbing anybody: the consumer is the reader's own, the
// server forgets it by itself, and no position moves.
import {
  type LaneId,
  telemetryStream,
  telemetrySubject,
} from "../../../contracts/names/subjects.ts";
import type { NatsConnection } from "../../../platform/nats/client/connection.ts";
import type { LogEntry } from "../../../platform/nats/client/log-entry.ts";
import { readStored } from "../../../platform/nats/client/stream-reader.ts";

/** The newest few are looked for at the end of the log, then in ever larger parts of it. */
const SPAN_GROWTH = 8;
/** Lanes share the sequences of their log; this many of them are common. */
const LANES_ASSUMED = 4;

export interface FrameRange {
  readonly fromSeq: number;
  readonly untilSeq: number;
}

export const framesIn = (
  nats: NatsConnection,
  lane: LaneId,
  { fromSeq, untilSeq }: FrameRange,
): AsyncGenerator<LogEntry, void, void> =>
  readStored(
    nats,
    {
      stream: telemetryStream(lane.region),
      subject: telemetrySubject(lane.region, lane.partition),
      from: fromSeq,
    },
    untilSeq,
  );

/** The first frames of the range, in order. */
export async function firstFrames(
  nats: NatsConnection,
  lane: LaneId,
  range: FrameRange,
  limit: number,
): Promise<LogEntry[]> {
  const found: LogEntry[] = [];
  if (range.fromSeq > range.untilSeq) return found;
  for await (const entry of framesIn(nats, lane, range)) {
    found.push(entry);
    if (found.length === limit) break;
  }
  return found;
}

/** The last frames of the range, in order. */
export async function newestFrames(
  nats: NatsConnection,
  lane: LaneId,
  { fromSeq, untilSeq }: FrameRange,
  limit: number,
): Promise<LogEntry[]> {
  for (let span = limit * LANES_ASSUMED; ; span *= SPAN_GROWTH) {
    const from = Math.max(fromSeq, untilSeq - span + 1);
    const found: LogEntry[] = [];
    for await (const entry of framesIn(nats, lane, { fromSeq: from, untilSeq })) {
      found.push(entry);
      if (found.length > limit) found.shift();
    }
    if (found.length === limit || from === fromSeq) return found;
  }
}
