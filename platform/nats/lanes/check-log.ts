import { telemetryStream } from "../../../contracts/names/subjects.ts";
import { sleep } from "../../runtime/backoff.ts";
import { AppError, dispositionOf } from "../../runtime/errors.ts";
import type { Streams } from "../client/streams.ts";

const ASK_EVERY_MS = 200;

/**
 * Waits for the region's log and checks that it was created with our number of partitions: another
 * number would spread one series over two lanes.
 * @throws AppError `LOG_MISCONFIGURED`.
 */
export async function checkLog(
  streams: Streams,
  log: { region: string; partitions: number },
  signal: AbortSignal,
): Promise<void> {
  const stream = telemetryStream(log.region);
  while (!signal.aborted) {
    const found = await streams.find(stream).catch((error: unknown) => {
      if (dispositionOf(error) !== "retry") throw error;
      return null;
    });
    if (found && found.subjects.length !== log.partitions)
      throw new AppError(
        "LOG_MISCONFIGURED",
        "fatal",
        `${stream} has ${found.subjects.length} partitions, this gateway is configured for ${log.partitions}`,
      );
    if (found) return;
    await sleep(ASK_EVERY_MS, signal);
  }
}
