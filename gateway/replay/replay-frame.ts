// The readings of a frame of the region's log, admitted again: they come at the end of the log as new ones do, and
// are repeats wherever they were counted.
//
// N1. Each reading goes through admission as of its first arrival: what may not be admitted is named, and stays.
// N2. The frame stays where it is: asking again gives equal readings.
import { type FrameReading, decodeFrame } from "../../contracts/messages/frame.ts";
import { type Reject, rejectOfReading } from "../../contracts/messages/reject.ts";
import type { ReplayAnswer, ReplayRequest } from "../../contracts/messages/replay.ts";
import { telemetryStream } from "../../contracts/names/subjects.ts";
import { telemetryTopic } from "../../contracts/names/topics.ts";
import type { Streams } from "../../platform/nats/client/streams.ts";
import { messageOf } from "../../platform/runtime/errors.ts";
import type { Ingest } from "../ingest/ingest.ts";

export interface FrameReplayParts {
  readonly region: string;
  readonly ingest: Pick<Ingest, "replay">;
}

export async function replayFrame(
  { region, ingest }: FrameReplayParts,
  streams: Pick<Streams, "at">,
  request: Pick<ReplayRequest, "seq" | "part" | "dryRun">,
  signal: AbortSignal,
): Promise<ReplayAnswer> {
  const { seq, part } = request;
  const kept = await streams.at(telemetryStream(region), seq);
  if (!kept) return { seq, outcome: "gone", readings: 0, detail: `no frame ${seq} in the log` };
  let frame: ReturnType<typeof decodeFrame>;
  try {
    frame = decodeFrame(kept.data);
  } catch (error) {
    const detail = `frame ${seq} cannot be read: ${messageOf(error)}`;
    return { seq, outcome: "rejected", readings: 0, detail };
  }
  const { readings: all, header } = frame;
  const wanted = part === undefined ? all : all.slice(part, part + 1);
  let stored = 0;
  let problem: string | null = null;
  for (const reading of wanted) {
    const how = { ...request, sender: null };
    const { readings, refused } = await ingest.replay(asReject(reading, header), how, signal);
    stored += readings;
    if (refused !== null) problem ??= `${reading.device}: ${refused}`;
  }
  const outcome = problem === null ? "stored" : stored > 0 ? "partly" : "rejected";
  return { seq, outcome, readings: stored, detail: problem ?? "" };
}

/** The reading as a message that would have made it (N1). */
const asReject = (reading: FrameReading, { gateway }: { gateway: string }): Reject => {
  const topic = telemetryTopic(reading.device, reading.contract, reading.version);
  return rejectOfReading(reading, { reason: "unwritable", detail: "", topic, gateway });
};
