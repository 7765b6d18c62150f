// The beginning of a group: where in the log it starts to read.
import { isoTimeMs } from "../../contracts/messages/iso-time.ts";
import { telemetryStream } from "../../contracts/names/subjects.ts";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import type { GroupPlace } from "../../platform/nats/lanes/group-places.ts";
import { firstSeqSince } from "../../platform/nats/lanes/trim.ts";

/** The first there is. */
const BEGINNING = -Infinity;

/**
 * The time that a subscriber asks for, epoch ms; null: now, so nothing that is stored already.
 * @throws Error saying what would be right.
 */
export function sinceMs(text: string | undefined): number | null {
  if (text === undefined || text === "now") return null;
  if (text === "beginning") return BEGINNING;
  const ms = isoTimeMs(text);
  if (!Number.isNaN(ms)) return ms;
  throw new Error(
    `since is "${text}": it must be an ISO 8601 time with its zone, such as 2026-11-28T06:00:00Z, or beginning, or now`,
  );
}

/**
 * The place of a group that begins with what was stored at a time or later.
 * @param ms as of {@link sinceMs}. @throws AppError `NATS_UNAVAILABLE` (retry)
 */
export async function placeSince(
  connection: NatsConnection,
  region: string,
  ms: number | null,
): Promise<GroupPlace> {
  const streams = new Streams(connection);
  const stream = telemetryStream(region);
  const range = await streams.state(stream);
  const first =
    ms === null
      ? range.lastSeq + 1
      : ms === BEGINNING
        ? range.firstSeq
        : await firstSeqSince(streams, stream, range, ms);
  return { seq: first - 1, storeMs: null, at: null, lostFrames: 0, createdMs: Date.now() };
}
