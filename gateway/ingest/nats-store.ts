import { telemetryStream, telemetrySubject } from "../../contracts/names/subjects.ts";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { StreamPublisher } from "../../platform/nats/client/stream-publisher.ts";
import type { Streams } from "../../platform/nats/client/streams.ts";
import { sleep } from "../../platform/runtime/backoff.ts";
import { AppError, dispositionOf } from "../../platform/runtime/errors.ts";
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
    await sleep(200, signal);
  }
}
