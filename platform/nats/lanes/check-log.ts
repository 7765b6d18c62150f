import type { JetStreamManager } from "nats";
import { telemetryStream } from "../../../contracts/names/subjects.ts";
import { sleep } from "../../runtime/backoff.ts";
import { AppError } from "../../runtime/errors.ts";
import { streamConfig } from "../topology/topology.ts";

const ASK_AGAIN_MS = 200;

/**
 * Waits for the region's log and checks that it was created with the configured number of partitions:
 * another number would spread one series over two lanes.
 * @throws AppError `LOG_MISCONFIGURED`.
 */
export async function checkLog(
  manager: JetStreamManager,
  log: { region: string; partitions: number },
  signal: AbortSignal,
): Promise<void> {
  const stream = telemetryStream(log.region);
  while (!signal.aborted) {
    const config = await streamConfig(manager, stream).catch(() => null);
    if (config && config.subjects.length !== log.partitions)
      throw new AppError(
        "LOG_MISCONFIGURED",
        "fatal",
        `${stream} has ${config.subjects.length} partitions, this gateway is configured for ${log.partitions}`,
      );
    if (config) return;
    await sleep(ASK_AGAIN_MS, signal);
  }
}
