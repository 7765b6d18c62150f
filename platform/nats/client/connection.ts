// The connection to a nats-server: a handle that is passed on, and asked by the functions of this folder.
import { type NatsConnection, connect } from "nats";
import { type NatsAccess, accessOptions } from "./access.ts";

export type { NatsConnection } from "nats";

const reached = new WeakMap<
  NatsConnection,
  { readonly access: NatsAccess; readonly user: string }
>();

/** The name that a connection logged in with; null if it has none. */
export const userOf = (connection: NatsConnection): string | null =>
  reached.get(connection)?.user || null;

/** Notes how a connection was made: the name in its URL, and the rest. */
export function asReached(connection: NatsConnection, access: NatsAccess): NatsConnection {
  const user = decodeURIComponent(new URL(access.url).username);
  reached.set(connection, { access, user });
  return connection;
}

/** Another connection to the same server, under another name with the same password. */
export async function connectAs(
  connection: NatsConnection,
  user: string,
  timeoutMs: number,
): Promise<NatsConnection> {
  const known = reached.get(connection);
  if (!known) throw new Error("nobody knows how this connection was made");
  const url = new URL(known.access.url);
  url.username = encodeURIComponent(user);
  return connectOnce({ ...known.access, url: url.href, reconnect: false, timeoutMs });
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
  return asReached(connection, of);
}
