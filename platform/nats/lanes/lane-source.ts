// A lane as it is read: one subject of a region's telemetry.
import {
  type LaneId,
  laneName,
  telemetryStream,
  telemetrySubject,
} from "../../../contracts/names/subjects.ts";
import type { Logger } from "../../runtime/logger.ts";
import type { NatsConnection } from "../client/connection.ts";
import type { LogEntry } from "../client/log-entry.ts";
import { readSlice } from "../client/stream-reader.ts";

/** @param lane with the domain to read it in, if not from this server's own copy. */
export const readLane = (
  connection: NatsConnection,
  lane: LaneId & { readonly domain?: string },
  fromSeq: number,
  logger: Logger,
  signal: AbortSignal,
): AsyncGenerator<LogEntry, void, void> =>
  readSlice(
    connection,
    {
      ...(lane.domain === undefined ? {} : { domain: lane.domain }),
      stream: telemetryStream(lane.region),
      subject: telemetrySubject(lane.region, lane.partition),
      from: fromSeq,
    },
    logger.child({ lane: laneName(lane) }),
    signal,
  );
