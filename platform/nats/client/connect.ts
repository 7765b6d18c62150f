import { type ConnectionOptions, Events, type NatsConnection, connect } from "nats";
import type { Logger } from "../../runtime/logger.ts";
import { AppError, messageOf } from "../../runtime/errors.ts";
import { asUser } from "./connection.ts";
import { Backoff, sleep } from "../../runtime/backoff.ts";

/** A connection is `nats://user:password@host:port`; the name shows up in the server's monitoring. */
export interface NatsTarget {
  url: string;
  name: string;
}

/**
 * Connects, waiting for the server as long as `signal` allows, and stays connected: an outage of
 * any length is waited out, because what a caller holds is either stored or still unacknowledged.
 *
 * @throws AppError `NATS_UNAVAILABLE` if aborted before the first connection.
 */
export async function connectNats(
  target: NatsTarget,
  logger: Logger,
  signal: AbortSignal,
): Promise<NatsConnection> {
  const url = new URL(target.url);
  const options: ConnectionOptions = {
    servers: url.host,
    user: decodeURIComponent(url.username),
    pass: decodeURIComponent(url.password),
    name: target.name,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    reconnectJitter: 100,
    // A server that hangs is noticed within 6 s; the default takes 6 minutes.
    pingInterval: 2_000,
    maxPingOut: 2,
    timeout: 2_000,
    // Two stack traces for every request are 4 to 8 % of a gateway's time.
    noAsyncTraces: true,
  };
  const backoff = new Backoff({ baseMs: 50, maxMs: 1_000 });
  for (;;) {
    try {
      const connection = await connect(options);
      void logStatus(connection, logger);
      return asUser(connection, decodeURIComponent(url.username));
    } catch (error) {
      if (signal.aborted)
        throw new AppError("NATS_UNAVAILABLE", "retry", `${url.host}: ${messageOf(error)}`, {
          cause: error,
        });
      await sleep(backoff.next(), signal);
    }
  }
}

const SHOWN: ReadonlySet<string> = new Set([Events.Disconnect, Events.Reconnect, Events.Error]);

async function logStatus(connection: NatsConnection, logger: Logger): Promise<void> {
  for await (const { type, data } of connection.status()) {
    if (SHOWN.has(type))
      logger.warn({ server: connection.getServer(), detail: data }, `nats ${type}`);
  }
}
