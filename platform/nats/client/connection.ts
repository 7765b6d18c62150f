// The connection to a nats-server: a handle that is passed on, and asked by the functions of this folder.
import { type NatsConnection, connect } from "nats";

export type { NatsConnection } from "nats";

export interface OneConnection {
  /** `nats://user:password@host:port`, or without the two. */
  readonly url: string;
  readonly name?: string;
  readonly inboxPrefix?: string;
  /** True if it comes back by itself after the server was away. */
  readonly reconnect: boolean;
  readonly timeoutMs: number;
}

/** Tries once. For probes, tests and tools; processes use `connectNats`, which waits for the server. */
export function connectOnce(of: OneConnection): Promise<NatsConnection> {
  const { host, username, password } = new URL(of.url);
  return connect({
    servers: host,
    ...(username === ""
      ? {}
      : { user: decodeURIComponent(username), pass: decodeURIComponent(password) }),
    ...(of.name === undefined ? {} : { name: of.name }),
    ...(of.inboxPrefix === undefined ? {} : { inboxPrefix: of.inboxPrefix }),
    reconnect: of.reconnect,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 100,
    timeout: of.timeoutMs,
  });
}
