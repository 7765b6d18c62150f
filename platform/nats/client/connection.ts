// The connection to a nats-server: a handle that is passed on, and asked by the functions of this folder.
import { type NatsConnection, connect } from "nats";
import { type NatsAccess, accessOptions } from "./access.ts";

export type { NatsConnection } from "nats";

export interface OneConnection extends NatsAccess {
  readonly name?: string;
  readonly inboxPrefix?: string;
  /** True if it comes back by itself after the server was away. */
  readonly reconnect: boolean;
  readonly timeoutMs: number;
}

/** Tries once. For probes, tests and tools; processes use `connectNats`, which waits for the server. */
export function connectOnce(of: OneConnection): Promise<NatsConnection> {
  return connect({
    ...accessOptions(of),
    ...(of.name === undefined ? {} : { name: of.name }),
    ...(of.inboxPrefix === undefined ? {} : { inboxPrefix: of.inboxPrefix }),
    reconnect: of.reconnect,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 100,
    reconnectJitterTLS: 100,
    timeout: of.timeoutMs,
  });
}
