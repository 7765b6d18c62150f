// The JetStream of each place of the plan: an account at a nats-server, which its administrator reaches from the one account
// that people log in to.
import { ErrorCode, type JetStreamManager, type NatsConnection, type StreamConfig } from "nats";
import { AppError } from "../../runtime/errors.ts";
import { streamOrNull } from "../client/errors.ts";
import { HUB_ACCOUNT } from "./crossings.ts";
import type { Domain } from "./topology.ts";

/** Administrators' connections, by nats-server. */
export type Connections = Readonly<Record<string, NatsConnection>>;
export type Place = Pick<Domain, "name" | "account">;

/** A place in words: the server, and the account where it is not the usual one. */
export const placeOf = ({ name, account }: Place): string =>
  account === HUB_ACCOUNT ? name : `${name} (${account})`;

export function connectionTo(connections: Connections, server: string): NatsConnection {
  const connection = connections[server];
  if (!connection) throw new Error(`no connection to ${server}`);
  return connection;
}

/** A server makes or deletes a stream only when its disk has: among others at a busy disk that takes seconds. */
const ANSWER_WITHIN_MS = 30_000;

/**
 * The JetStream of an administrator's connection. Whether it is there is known within the library's 5 s.
 * @param of.domain another account than the connection's own.
 */
export async function administered(
  connection: NatsConnection,
  of: { readonly domain?: string } = {},
): Promise<JetStreamManager> {
  await connection.jetstreamManager(of);
  return connection.jetstreamManager({ ...of, checkAPI: false, timeout: ANSWER_WITHIN_MS });
}

/** @throws AppError `CONFIG_INVALID` if the server does not know the account. */
export async function managerOf(
  connections: Connections,
  { name, account }: Place,
): Promise<JetStreamManager> {
  const connection = connectionTo(connections, name);
  if (account === HUB_ACCOUNT) return administered(connection);
  try {
    return await administered(connection, { domain: account });
  } catch (error) {
    if ((error as { code?: unknown }).code !== ErrorCode.JetStreamNotEnabled) throw error;
    throw new AppError(
      "CONFIG_INVALID",
      "fatal",
      `the nats-server of ${name} has no account ${account}: its configuration is of an older version, or of other regions. ` +
        `Print it anew (skerry topology nats-config ${name}), restart that server with it, and say this again`,
      { cause: error },
    );
  }
}

/** A stream's configuration, or null if it does not exist. */
export async function streamConfig(
  manager: JetStreamManager,
  name: string,
): Promise<StreamConfig | null> {
  const info = await streamOrNull(manager.streams.info(name));
  return info && info.config;
}
