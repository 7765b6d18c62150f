// Connections to nats-servers for as long as a command works.
import { connectNats } from "../../../platform/nats/client/connect.ts";
import type { NatsConnection } from "../../../platform/nats/client/connection.ts";
import { AppError, messageOf } from "../../../platform/runtime/errors.ts";
import { makeLogger } from "../../../platform/runtime/logger.ts";
import { completeUrl } from "./credentials.ts";
import { type NatsAddress, type Place, natsAddress } from "./addresses.ts";
import { refused } from "../../../cloud/operations/refused.ts";

const CONNECT_WITHIN_MS = 5_000;

/** Logger of the connection: whatever goes wrong is said once, by the command itself. */
export const SILENT = makeLogger({}, "silent");

/** Runs `work` with the nats-server of a JetStream domain, and closes the connection after it. */
export async function withNats<T>(
  place: Place,
  domain: string,
  work: (nats: NatsConnection) => Promise<T>,
): Promise<T> {
  const nats = await openNats(natsAddress(place, domain));
  try {
    return await work(nats);
  } finally {
    await nats.close();
  }
}

/** Connects, or gives up soon. @throws AppError `CONFIG_INVALID` saying what to do if nobody answers, or somebody else does. */
export async function openNats(
  address: NatsAddress,
  withinMs = CONNECT_WITHIN_MS,
): Promise<NatsConnection> {
  const valid = validUrl(address.url);
  const url = address.from === null ? completeUrl(address) : valid;
  const target = { url, name: "skerry" };
  try {
    return await connectNats(target, SILENT, AbortSignal.timeout(withinMs));
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    throw refused(unreachable(address, messageOf(error.cause)), error);
  }
}

function validUrl(url: string): string {
  if (!URL.canParse(url)) throw refused(`"${url}" is no URL: nats://user:password@host:port`);
  return url;
}

/** The sentence for a person who is not answered, with what to do. */
export function unreachable({ url, from }: NatsAddress, why: string): string {
  const { host, username } = new URL(url);
  const where = from === null ? host : `${host} (from ${from})`;
  if (/authori[sz]ation|authentication/i.test(why))
    return `The nats-server at ${where} refuses ${username === "" ? "a connection without a user" : `the user "${username}"`}. Check user and password.`;
  return from === null
    ? `No Skerry answers at ${where}. Check the URL and that the server runs.`
    : `No Skerry answers at ${where}. Start it with npm start, or name another server with --nats URL.`;
}
