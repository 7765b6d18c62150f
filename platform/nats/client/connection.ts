// The connection to a nats-server: a handle that is passed on, and asked by the functions of this folder.
import { type NatsConnection, connect } from "nats";

export type { NatsConnection } from "nats";

const users = new WeakMap<NatsConnection, string>();

/** The name that a connection logged in with; null if it has none. */
export const userOf = (connection: NatsConnection): string | null => users.get(connection) ?? null;

/** Notes the name that a connection logged in with. */
export function asUser(connection: NatsConnection, name: string): NatsConnection {
  if (name !== "") users.set(connection, name);
  return connection;
}

export interface OneConnection {
  /** `nats://user:password@host:port`, or without the two. */
  readonly url: string;
  readonly name?: string;
  /** True if it comes back by itself after the server was away. */
  readonly reconnect: boolean;
  readonly timeoutMs: number;
}

/** Tries once. For probes, tests and tools; processes use `connectNats`, which waits for the server. */
export async function connectOnce(of: OneConnection): Promise<NatsConnection> {
  const { host, username, password } = new URL(of.url);
  const connection = await connect({
    servers: host,
    ...(username === ""
      ? {}
      : { user: decodeURIComponent(username), pass: decodeURIComponent(password) }),
    ...(of.name === undefined ? {} : { name: of.name }),
    reconnect: of.reconnect,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 100,
    timeout: of.timeoutMs,
  });
  return asUser(connection, decodeURIComponent(username));
}
