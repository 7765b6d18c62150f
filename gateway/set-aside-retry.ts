// What a gateway does when a record that it set aside is to be handled again.
import { alertsStream } from "../contracts/names/subjects.ts";
import type { NatsConnection } from "../platform/nats/client/connection.ts";
import { Streams } from "../platform/nats/client/streams.ts";
import type { SetAside } from "../platform/nats/lanes/set-aside.ts";
import { type RetryHandler, retryEntries } from "../platform/nats/lanes/set-aside-retries.ts";
import type { Logger } from "../platform/runtime/logger.ts";
import { mirrorAlert } from "./alert-topics.ts";
import type { RetainedTopics } from "./broker/broker.ts";
import type { Commands } from "./commands/commands.ts";

export function gatewayRetries(parts: {
  readonly connection: NatsConnection;
  readonly broker: Pick<RetainedTopics, "publish">;
  readonly region: string;
  readonly commands: Pick<Commands, "retry">;
  readonly setAside: SetAside;
  readonly logger: Logger;
}): RetryHandler {
  const { connection, region, commands, setAside } = parts;
  return retryEntries(setAside, async (record) => {
    const { stream, subject, seq } = record.place;
    if (stream !== alertsStream(region) || seq !== undefined) return commands.retry(record);
    const newest = await new Streams(connection).newest(stream, subject);
    return newest && mirrorAlert(newest, parts);
  });
}
