// A region's log as a server has it: the origin in the region, or a copy elsewhere.
import { firstBehind, lanesOf, parseStages } from "../../../contracts/names/lane-stages.ts";
import {
  telemetryFilter,
  telemetryStream,
  telemetrySubject,
} from "../../../contracts/names/subjects.ts";
import type { NatsConnection } from "../../../platform/nats/client/connection.ts";
import { Streams } from "../../../platform/nats/client/streams.ts";

export interface RegionLog {
  readonly region: string;
  /** True for a copy of the log; the origin is in the region. */
  readonly isCopy: boolean;
  readonly firstSeq: number;
  readonly lastSeq: number;
  readonly bytes: number;
  readonly bytesMax: number | null;
  /** Ends of the lanes, by partition. */
  readonly lanes: readonly LaneEnd[];
}

export interface LaneEnd {
  readonly partition: number;
  /** Frames of the lane that the log holds. */
  readonly frames: number;
  /** Sequence of the lane's newest frame; 0 without a frame. */
  readonly newestSeq: number;
  /** Time at which that frame was stored, epoch ms. */
  readonly newestMs: number;
  /** True of a lane that has ended, because the log has grown. */
  readonly hasEnded?: boolean;
}

/** The log as this server has it, or null if it has none of the region. */
export async function readRegionLog(
  nats: NatsConnection,
  region: string,
): Promise<RegionLog | null> {
  const streams = new Streams(nats);
  const stream = telemetryStream(region);
  const log = await streams.find(stream);
  if (!log) return null;
  const counts = await streams.subjects(stream, telemetryFilter(region));
  const partitions = new Set([...log.subjects, ...counts.keys()].map(partitionOf));
  const stages = parseStages(log.description) ?? [];
  const hasEnded = (lane: number): boolean =>
    lane < lanesOf(stages) && firstBehind(stages, lane) !== null;
  const lanes = [...partitions]
    .sort((a, b) => a - b)
    .map(async (partition): Promise<LaneEnd> => {
      const subject = telemetrySubject(region, partition);
      const newest = await streams.newest(stream, subject);
      return {
        partition,
        frames: counts.get(subject) ?? 0,
        newestSeq: newest?.seq ?? 0,
        newestMs: newest?.storeMs ?? 0,
        ...(hasEnded(partition) ? { hasEnded: true } : {}),
      };
    });
  const { firstSeq, lastSeq, bytes, bytesMax, mirror } = log;
  const size = { firstSeq, lastSeq, bytes, bytesMax };
  return { region, isCopy: mirror !== null, ...size, lanes: await Promise.all(lanes) };
}

const partitionOf = (subject: string): number => Number(subject.split(".").at(-1));
