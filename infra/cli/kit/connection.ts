// Connections to nats-servers for as long as a command works.
import type { NatsAccess } from "../../../platform/nats/client/access.ts";
import { clearPasswordWarning, connectNats } from "../../../platform/nats/client/connect.ts";
import type { NatsConnection } from "../../../platform/nats/client/connection.ts";
import { NATS_TLS_OPTIONS, accessTo } from "../../../platform/nats/client/options.ts";
import { SIGNING_OPTIONS } from "../../../platform/nats/signed/options.ts";
import { signRecords } from "../../../platform/nats/signed/seal.ts";
import { readSigningKey } from "../../../platform/nats/signed/trusted-keys.ts";
import { TlsRefusal } from "../../../platform/nats/client/why-no-tls.ts";
import { loadConfig } from "../../../platform/runtime/config.ts";
import { AppError, messageOf } from "../../../platform/runtime/errors.ts";
import { makeLogger } from "../../../platform/runtime/logger.ts";
import { completeUrl, environmentOf } from "./credentials.ts";
import { type NatsAddress, type Place, natsAddress } from "./addresses.ts";
import { remark } from "./output.ts";
import { spoken } from "./speaks.ts";
import { refused } from "../../../cloud/operations/refused.ts";

const SIGNING_KEY_VARIABLE = SIGNING_OPTIONS.signingKeyFile.env;
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
  const target = { ...accessOf(address), name: "skerry" };
  const signal = AbortSignal.timeout(withinMs);
  const said = await spoken(target.url, signal).catch((error: unknown): never => {
    throw refused(unreachable(address, messageOf(error)), error);
  });
  try {
    const nats = await connectNats(target, SILENT, signal);
    const key = signingKeyOf(address);
    if (key) signRecords(nats, key);
    return nats;
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    if (error.cause instanceof TlsRefusal)
      throw refused(`No connection to ${new URL(address.url).host}: ${error.cause.message}`, error);
    const why = tlsWanted(address.url, said) ?? unreachable(address, messageOf(error.cause));
    throw refused(why, error);
  }
}

/** The key of a local installation, or of the environment: whoever has it signs what they write. */
function signingKeyOf({ from, signingKey }: NatsAddress) {
  const path = from === null ? environmentOf()[SIGNING_KEY_VARIABLE] : signingKey;
  return path ? readSigningKey(path, SIGNING_KEY_VARIABLE) : null;
}

/** A local installation says by itself how it is reached; for any other server the variables count that every process has. */
function accessOf(address: NatsAddress): NatsAccess {
  const { from, ca } = address;
  const valid = validUrl(address.url);
  const own = ca === undefined ? {} : { SKERRY_NATS_TLS_CA: ca };
  const env = from === null ? environmentOf() : own;
  const url = from === null ? completeUrl(address) : valid;
  const access = accessTo({ url, label: "the URL" }, loadConfig(NATS_TLS_OPTIONS, env));
  const warning = clearPasswordWarning(access, "skerry: warning");
  if (warning !== null) remark(warning);
  return access;
}

function validUrl(url: string): string {
  const protocol = URL.canParse(url) ? new URL(url).protocol : "";
  if (protocol !== "nats:" && protocol !== "tls:")
    throw refused(`"${url}" is no URL of a nats-server: nats://user@host:port, or tls://…`);
  return url;
}

/** The sentence for who speaks in clear text to a server that takes TLS only, by its first words; null if that is not so. */
export function tlsWanted(url: string, said: string): string | null {
  const { protocol, host, username } = new URL(url);
  if (protocol === "tls:" || !/"tls_required":\s*true/.test(said)) return null;
  const user = username === "" ? "" : `${username}@`;
  return `The nats-server at ${host} takes TLS only: say tls://${user}${host}, and name the file of its authority in SKERRY_NATS_TLS_CA.`;
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
