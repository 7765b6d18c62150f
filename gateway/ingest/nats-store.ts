import type { JetStreamManager, NatsConnection } from "nats";
import { telemetryStream, telemetrySubject } from "../../contracts/names/subjects.ts";
import { streamConfig } from "../../platform/nats/topology/topology.ts";
import { StreamPublisher } from "../../platform/nats/client/stream-publisher.ts";
import { sleep } from "../../platform/runtime/backoff.ts";
import { AppError } from "../../platform/runtime/errors.ts";
import type { FrameStore } from "./commit-log.ts";

export const natsFrameStore = (connection: NatsConnection, region: string): FrameStore => {
  const publisher = new StreamPublisher(connection);
  return {
    publish: (partition, data, messageId) =>
      publisher.publish({ subject: telemetrySubject(region, partition), data, messageId }),
  };
};

/**
 * Waits for the region's log and checks that it was created with our number of partitions: another
 * number would spread one series over two lanes.
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
    await sleep(200, signal);
  }
}
