import type { Alert } from "../contracts/messages/alert.ts";
import { alertSubjects, alertsStream } from "../contracts/names/subjects.ts";
import { alertTopic } from "../contracts/names/topics.ts";
import type { NatsConnection } from "../platform/nats/client/connection.ts";
import { readSlice } from "../platform/nats/client/stream-reader.ts";
import type { Logger } from "../platform/runtime/logger.ts";
import type { RetainedTopics } from "./broker/broker.ts";

/**
 * Mirrors the region's alerts into retained MQTT topics: first the latest of each rule and key, so
 * that a restarted broker is right again, then every change as it happens.
 */
export async function mirrorAlerts(
  parts: {
    connection: NatsConnection;
    broker: Pick<RetainedTopics, "publish">;
    region: string;
    logger: Logger;
  },
  signal: AbortSignal,
): Promise<void> {
  const { connection, broker, region, logger } = parts;
  const slice = {
    stream: alertsStream(region),
    subject: alertSubjects(region),
    from: "last-per-subject",
  } as const;
  for await (const { data, subject } of readSlice(connection, slice, logger, signal)) {
    const text = Buffer.from(data).toString("utf8");
    const { rule, key, late } = JSON.parse(text) as Alert;
    logger.debug({ subject }, "alert mirrored");
    await broker.publish(alertTopic(rule, key, late), text, { retain: true });
  }
}
