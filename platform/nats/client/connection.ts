// The connection to a nats-server: a handle that is passed on, and asked by the functions of this folder.
import { type NatsConnection, connect } from "nats";
import { type NatsAccess, accessOptions } from "./access.ts";

export type { NatsConnection } from "nats";

const users = new WeakMap<NatsConnection, string>();

/** The name that a connection logged in with; null if it has none. */
export const userOf = (connection: NatsConnection): string | null => users.get(connection) ?? null;

/** Notes the name in the URL that a connection was made with. */
export function asUser(connection: NatsConnection, url: string): NatsConnection {
  const { username } = new URL(url);
  if (username !== "") users.set(connection, decodeURIComponent(username));
  return connection;
}

export interface OneConnection extends NatsAccess {
  readonly name?: string;
  /** True if it comes back by itself after the server was away. */
  readonly reconnect: boolean;
  readonly timeoutMs: number;
}

/** Tries once. For probes, tests and tools; processes use `connectNats`, which waits for the server. */
export async function connectOnce(of: OneConnection): Promise<NatsConnection> {
  const connection = await connect({
    ...accessOptions(of),
    ...(of.name === undefined ? {} : { name: of.name }),
    reconnect: of.reconnect,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 100,
    reconnectJitterTLS: 100,
    timeout: of.timeoutMs,
  });
  return asUser(connection, of.url);
}
