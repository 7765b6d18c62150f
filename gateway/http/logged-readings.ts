// Readings of one arrival that are in the region's log already: of a request whose gateway died before it answered.
// The log is the state: what the key store does not know, it does.
import { contentHash } from "../../contracts/messages/reading.ts";
import { type FrameReading, frameOrNull } from "../../contracts/messages/frame.ts";
import { telemetryFilter, telemetryStream } from "../../contracts/names/subjects.ts";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { readStored } from "../../platform/nats/client/stream-reader.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import type { Identified } from "../ingest/message.ts";

/** Time for which the newest sequence that was seen is good enough to begin a search with. */
const SEEN_MS = 1_000;

export interface RegionLog {
  readonly connection: NatsConnection;
  readonly region: string;
  /** Id of this gateway. */
  readonly gateway: string;
}

export class LoggedReadings {
  readonly #log: RegionLog;
  #newest = { seq: 0, atMs: -Infinity };

  constructor(log: RegionLog) {
    this.#log = log;
  }

  /** A sequence behind which everything is that is stored from now on. */
  async newest(): Promise<number> {
    const nowMs = performance.now();
    if (nowMs - this.#newest.atMs < SEEN_MS) return this.#newest.seq;
    const { connection, region } = this.#log;
    const { lastSeq } = await new Streams(connection).state(telemetryStream(region));
    this.#newest = { seq: lastSeq, atMs: nowMs };
    return lastSeq;
  }

  /** Tells of a reading whether it is there, once for each time that it is. */
  async of(request: {
    readonly atMs: number;
    readonly fromSeq: number;
  }): Promise<(reading: Identified) => boolean> {
    const { connection, region, gateway } = this.#log;
    const slice = { stream: telemetryStream(region), subject: telemetryFilter(region) };
    const found = new Map<string, number>();
    for await (const { data } of readStored(connection, { ...slice, from: request.fromSeq + 1 })) {
      const frame = frameOrNull(data);
      if (frame?.header.gateway !== gateway) continue;
      for (const reading of frame.readings) {
        if (reading.receivedAtMs !== request.atMs) continue;
        const key = keyOf(reading);
        found.set(key, (found.get(key) ?? 0) + 1);
      }
    }
    return ({ encoded }) => {
      const [device, contract, version, , , payload] = JSON.parse(encoded) as EncodedReading;
      const key = keyOf({ device, contract, version, payload });
      const left = found.get(key) ?? 0;
      if (left > 0) found.set(key, left - 1);
      return left > 0;
    };
  }
}

type EncodedReading = [string, string, number, number, string | null, Record<string, unknown>];

const keyOf = (reading: Omit<FrameReading, "receivedAtMs" | "traceparent">): string =>
  `${reading.version} ${reading.contract} ${contentHash(reading.payload)} ${reading.device}`;
