import { telemetrySubject } from "../../contracts/names/subjects.ts";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { StreamPublisher } from "../../platform/nats/client/stream-publisher.ts";
import type { FrameStore } from "./commit-log.ts";

/** The region's telemetry stream as the commit log's store: one subject for each partition. */
export const natsFrameStore = (connection: NatsConnection, region: string): FrameStore => {
  const publisher = new StreamPublisher(connection);
  return {
    publish: (partition, data, messageId) =>
      publisher.publish({ subject: telemetrySubject(region, partition), data, messageId }),
  };
};
