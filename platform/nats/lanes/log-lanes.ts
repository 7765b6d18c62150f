// The lanes of a region's log, as the log itself or a copy of it says.
//
// A lane has ended in a log or copy that holds a frame of a later stage: the stream took such a frame only after its
// subjects were changed, and from then on none of the lane.
import { type Stages, firstBehind, parseStages } from "../../../contracts/names/lane-stages.ts";
import {
  type LaneId,
  partitionIn,
  telemetryFilter,
  telemetryStream,
  telemetrySubject,
} from "../../../contracts/names/subjects.ts";
import { sleep } from "../../runtime/backoff.ts";
import { AppError, dispositionOf } from "../../runtime/errors.ts";
import type { StreamState, Streams } from "../client/streams.ts";

const ASK_EVERY_MS = 200;
const WATCH_EVERY_MS = 1_000;

/** @param partitions of a log that does not say, because an earlier release made it. */
export function stagesIn(
  { description, subjects }: Pick<StreamState, "description" | "subjects">,
  partitions: number,
): Stages {
  return parseStages(description) ?? [subjects.length === 0 ? partitions : subjects.length];
}

/** Waits for a region's log. The last parameter ends it; then the lanes are what was assumed. */
export async function awaitLanes(
  streams: Streams,
  { region, partitions }: { region: string; partitions: number },
  signal: AbortSignal,
): Promise<Stages> {
  while (!signal.aborted) {
    const found = await logOf(streams, region);
    if (found) return stagesIn(found, partitions);
    await sleep(ASK_EVERY_MS, signal);
  }
  return [partitions];
}

/**
 * Watches logs, or copies of them, until one says that it has grown: this process began with other lanes, and
 * is started anew.
 * @param known by region. @throws AppError `LOG_GREW` (fatal).
 */
export async function watchGrowth(
  streams: Streams,
  { known, partitions }: { known: ReadonlyMap<string, Stages>; partitions: number },
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    for (const [region, stages] of known) {
      const found = await logOf(streams, region);
      if (!found) continue;
      const now = stagesIn(found, partitions);
      if (now.join() === stages.join()) continue;
      const what = `${telemetryStream(region)} has ${now.at(-1)} partitions now`;
      const why = `${what}, and this process began with ${stages.at(-1)}: it ends, to be started anew`;
      throw new AppError("LOG_GREW", "fatal", why);
    }
    await sleep(WATCH_EVERY_MS, signal);
  }
}

/** Null if there is none, or if nobody answers. */
const logOf = (streams: Streams, region: string): Promise<StreamState | null> =>
  streams.find(telemetryStream(region)).catch((error: unknown) => {
    if (dispositionOf(error) !== "retry") throw error;
    return null;
  });

/** The sequence of the last frame of a lane that has ended, 0 if it holds none; null while it goes on. */
export async function endOf(
  streams: Streams,
  { region, partition }: LaneId,
  stages: Stages,
): Promise<number | null> {
  const behind = firstBehind(stages, partition);
  if (behind === null) return null;
  const stream = telemetryStream(region);
  const newest = await streams.newest(stream, telemetryFilter(region));
  if (!newest || partitionIn(newest.subject) < behind) return null;
  return (await streams.newest(stream, telemetrySubject(region, partition)))?.seq ?? 0;
}
