// A reading of the log as a member of a group gets it (pure).
import { identityOf } from "../../contracts/messages/identity.ts";
import { eventTimeMs } from "../../contracts/messages/reading.ts";
import type { FrameReading } from "../../contracts/messages/frame.ts";
import { logTopic } from "../../contracts/names/topics.ts";
import type { Catalog } from "../../contracts/schema/catalog.ts";

/** The place of a reading: its frame in the stream, when that was stored, and how many readings are before it there. */
export interface ReadingPlace {
  readonly seq: number;
  readonly storeMs: number;
  readonly at: number;
}

/** Frames that retention removed before a group had read them. */
export interface LostFrames {
  readonly from: number;
  readonly until: number;
}

export interface LogMessage {
  readonly topic: string;
  readonly payload: Buffer;
  readonly userProperties: Readonly<Record<string, string>>;
}

/** @param lost frames that were lost just before it. */
export function logMessage(
  reading: FrameReading,
  place: ReadingPlace,
  { region, catalog, lost }: { region: string; catalog: Pick<Catalog, "get">; lost?: LostFrames },
): LogMessage {
  const { device, contract, version, receivedAtMs, traceparent, payload } = reading;
  const known = catalog.get(contract, version);
  const eventMs = known ? eventTimeMs(known, payload, receivedAtMs) : Number.NaN;
  const identity = known && !Number.isNaN(eventMs) ? identityOf(known, payload, eventMs) : NaN;
  const position = `${place.seq}.${place.at}`;
  const body = {
    ...{ region, contract, version, device, position },
    // JSON has no NaN: null where nobody knows.
    ...{ eventMs, receivedMs: receivedAtMs, storedMs: place.storeMs, identity },
    values: payload,
    ...(lost ? { lost } : {}),
  };
  return {
    topic: logTopic(contract, device),
    payload: Buffer.from(JSON.stringify(body)),
    userProperties: {
      position,
      storedMs: String(place.storeMs),
      ...(traceparent === null ? {} : { traceparent }),
      ...(lost ? { lost: `${lost.from}-${lost.until}` } : {}),
    },
  };
}
