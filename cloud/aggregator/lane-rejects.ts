// Readings that the sink does not hold are kept as rejects at the hub, before their frame counts as done.
import { decodeFrame } from "../../contracts/messages/frame.ts";
import { type RejectReason, rejectOfReading } from "../../contracts/messages/reject.ts";
import type { LaneId } from "../../contracts/names/subjects.ts";
import { telemetryTopic } from "../../contracts/names/topics.ts";
import type { LogEntry } from "../../platform/nats/client/log-entry.ts";
import type { RejectLog } from "../../platform/nats/lanes/reject-log.ts";

/** A reading that was not stored, by its place in its frame. */
export interface Unstored {
  readonly place: number;
  readonly reason: Extract<RejectReason, "unwritable">;
  readonly detail: string;
}

/**
 * Stores them; resolves once all are stored, rejects only if `signal` aborts first. Doing it again
 * within the stream's duplicate window stores nothing twice; after a later crash it may.
 */
export async function storeRejects(
  rejectLog: RejectLog,
  of: { lane: LaneId; entry: LogEntry; unstored: readonly Unstored[] },
  signal: AbortSignal,
): Promise<void> {
  const { lane, entry } = of;
  const { readings, header } = decodeFrame(entry.data);
  for (const { place, reason, detail } of of.unstored) {
    const reading = readings[place]!;
    const topic = telemetryTopic(reading.device, reading.contract);
    const { gateway } = header;
    const reject = rejectOfReading(reading, { reason, detail, topic, gateway });
    const id = `${lane.region}:${lane.partition}:${entry.seq}:${place}`;
    await rejectLog.append(reject, signal, id);
  }
}
