// Why a connection over TLS does not come about. The library says as much as "TIMEOUT" of a server that closes after
// its handshake, and nothing at all while it connects again: so somebody else tries, and listens.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type Socket, connect, isIP } from "node:net";
import { type TLSSocket, connect as connectTls } from "node:tls";
import { messageOf } from "../../runtime/errors.ts";
import { type NatsAccess, type NatsTls, hostOf, tlsOf } from "./access.ts";

/** A server that wants another certificate says so right after the handshake, or not at all. */
const LISTEN_MS = 300;
const INFO = /^INFO (\{.*\})\s*\r\n/;

/** A connection over TLS that was refused, by us or by the server; the message names the option at fault. */
export class TlsRefusal extends Error {
  override readonly name = "TlsRefusal";
}

/** The members of a server's first line that matter here. */
interface Offer {
  readonly tls_required?: boolean;
  readonly tls_available?: boolean;
}

/** The reason in words; null if TLS is not what is wrong. */
export async function whyNoTls(access: NatsAccess, withinMs = 2_000): Promise<TlsRefusal | null> {
  const tls = tlsOf(access);
  if (!tls) return null;
  const { hostname, port } = new URL(access.url);
  const host = hostOf(access.url);
  const files = readFiles(tls);
  if (files instanceof TlsRefusal) return files;
  const signal = AbortSignal.timeout(withinMs);
  const plain = connect({ host, port: Number(port || "4222") });
  plain.on("error", () => undefined);
  try {
    const { tls_required: isRequired, tls_available: isAvailable } = await offerOf(plain, signal);
    if (!isRequired && !isAvailable)
      return new TlsRefusal(
        `${hostname} offers no TLS, and SKERRY_NATS_URL says tls://: nothing was said to it`,
      );
    return await tryTls(plain, { host, tls, files }, signal);
  } catch {
    return null; // It is not there, or no nats-server.
  } finally {
    plain.destroy();
  }
}

type Files = Partial<Record<"ca" | "cert" | "key", string>>;

function readFiles({ ca, certificate: cert, key }: NatsTls): Files | TlsRefusal {
  const files: Files = {};
  for (const [name, path] of Object.entries({ ca, cert, key }))
    try {
      if (path !== undefined) files[name as keyof Files] = readFileSync(path, "utf8");
    } catch (error) {
      const option = { ca: "CA", cert: "CERTIFICATE", key: "KEY" }[name]!;
      return new TlsRefusal(
        `SKERRY_NATS_TLS_${option} names a file that cannot be read: ${messageOf(error)}`,
      );
    }
  return files;
}

async function offerOf(socket: Socket, signal: AbortSignal): Promise<Offer> {
  let text = "";
  for (;;) {
    const [chunk] = (await once(socket, "data", { signal })) as [Buffer];
    text += chunk.toString("latin1");
    const [, json] = INFO.exec(text) ?? [];
    if (json !== undefined) return JSON.parse(json) as Offer;
    if (text.length > 100_000) throw new Error("no INFO");
  }
}

async function tryTls(
  socket: Socket,
  { host, tls, files }: { host: string; tls: NatsTls; files: Files },
  signal: AbortSignal,
): Promise<TlsRefusal | null> {
  const refused = (error: unknown): TlsRefusal =>
    new TlsRefusal(sentenceFor(error, host, tls), { cause: error });
  let secure: TLSSocket;
  try {
    const servername = isIP(host) === 0 ? { servername: host } : {};
    secure = connectTls({ socket, host, ...servername, minVersion: tls.minVersion, ...files });
  } catch (error) {
    return refused(error);
  }
  try {
    await once(secure, "secureConnect", { signal });
  } catch (error) {
    if (signal.aborted) return null;
    return refused(error);
  }
  const refusal = await new Promise<Error | null>((resolve) => {
    const timer = setTimeout(resolve, LISTEN_MS, null);
    secure.once("error", (error) => {
      clearTimeout(timer);
      resolve(error);
    });
  });
  secure.destroy();
  return refusal && refused(refusal);
}

const UNTRUSTED = /SELF_SIGNED|UNABLE_TO_|CERT_UNTRUSTED|CERT_SIGNATURE/;

function sentenceFor(error: unknown, host: string, tls: NatsTls): string {
  const { code = "" } = error as { code?: string };
  const why = messageOf(error);
  const named = (option: string, path: string | undefined): string =>
    path === undefined
      ? `SKERRY_NATS_TLS_${option} is unset`
      : `SKERRY_NATS_TLS_${option} names ${path}`;
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID")
    return `the certificate of the server is not for ${host}, as SKERRY_NATS_URL calls it: ${why}`;
  if (/CERT_(HAS_EXPIRED|NOT_YET_VALID)/.test(code))
    return `the certificate of ${host} is not valid today (${why}): renew the file that NATS_TLS_CERTIFICATE of its nats-server names`;
  if (UNTRUSTED.test(code))
    return `the certificate of ${host} is of no authority that is trusted (${why}): ${named("CA", tls.ca)}`;
  if (/ALERT_(CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE)/.test(code) && tls.certificate === undefined)
    return `${host} asks for a certificate of ours: ${named("CERTIFICATE", undefined)}`;
  if (/ALERT_(BAD_CERTIFICATE|UNKNOWN_CA|CERTIFICATE|ACCESS)/.test(code))
    return tls.certificate === undefined
      ? `${host} asks for a certificate of ours: ${named("CERTIFICATE", undefined)}`
      : `${host} refuses our certificate (${why}): ${named("CERTIFICATE", tls.certificate)}`;
  if (/VERSION|UNSUPPORTED_PROTOCOL/.test(code))
    return `${host} speaks nothing as new as SKERRY_NATS_TLS_MIN_VERSION, ${tls.minVersion} (${why})`;
  return `${host}, TLS: ${why}; ${named("CERTIFICATE", tls.certificate)}`;
}
