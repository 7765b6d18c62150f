// What listens, the certificate that it shows, and what its clock says.
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { type Socket, connect, isIP } from "node:net";
import { connect as connectTls } from "node:tls";
import { validity } from "./files.ts";
import { type Finding, fine } from "./finding.ts";

const DEFAULT_PORTS: Readonly<Record<string, string>> = {
  "nats:": "4222",
  "tls:": "4222",
  "mqtt:": "1883",
  "mqtts:": "8883",
  "http:": "80",
  "https:": "443",
  "ws:": "80",
  "wss:": "443",
};
const TLS_FROM_THE_START = new Set(["https:", "mqtts:", "wss:"]);
/** No less can be told by HTTP, which has whole seconds. */
const CLOCK_FINE_MS = 2_000;
const CLOCK_WRONG_MS = 10_000;

interface At {
  readonly host: string;
  readonly port: number;
}

/** @throws Error saying what an address looks like. */
function addressOf(text: string): At & { protocol: string } {
  const url = URL.canParse(text) && text.includes("//") ? new URL(text) : null;
  const bare = /^(.+):(\d+)$/.exec(text);
  if (url === null && !bare) throw new Error(`"${text}" is no address: host:port, or a URL`);
  const host = url === null ? bare![1]! : url.hostname;
  const port = Number(url === null ? bare![2] : url.port || DEFAULT_PORTS[url.protocol]);
  return { host: host.replace(/^\[|\]$/g, ""), port, protocol: url?.protocol ?? "" };
}

async function opened({ host, port }: At, signal: AbortSignal): Promise<Socket> {
  const socket = connect({ host, port });
  try {
    await once(socket, "connect", { signal });
    return socket;
  } catch (error) {
    socket.destroy();
    throw signal.aborted ? new Error(`${host}:${port} does not answer`, { cause: error }) : error;
  }
}

/** Something takes connections there. */
export async function portFinding(
  subject: string,
  text: string,
  signal: AbortSignal,
): Promise<Finding> {
  const at = addressOf(text);
  const where = `${at.host}:${at.port}`;
  try {
    (await opened(at, signal)).destroy();
    return fine("ports", subject, `listens at ${where}`);
  } catch (error) {
    const { code } = error as { code?: string };
    const why = code === "ECONNREFUSED" ? "nothing listens there" : (error as Error).message;
    return {
      ...{ area: "ports", subject, level: "unknown", what: `no connection to ${where}: ${why}` },
      right: "it takes connections; no firewall or wrong address is between",
      next: `nc -vz ${at.host} ${at.port}; npx skerry status`,
    };
  }
}

/** The certificate that a server shows; none if it speaks no TLS. */
export async function shownCertificate(
  subject: string,
  text: string,
  signal: AbortSignal,
): Promise<Finding[]> {
  const at = addressOf(text);
  const isNats = at.protocol === "tls:";
  if (!isNats && !TLS_FROM_THE_START.has(at.protocol)) return [];
  const plain = await opened(at, signal);
  try {
    // A nats-server speaks first, in clear text.
    if (isNats) await once(plain, "data", { signal });
    const servername = isIP(at.host) === 0 ? { servername: at.host } : {};
    // It is looked at, and nothing is said to it: whether it is trusted is no question here.
    const tls = connectTls({ socket: plain, rejectUnauthorized: false, ...servername });
    tls.on("error", () => undefined);
    await once(tls, "secureConnect", { signal });
    const { raw } = tls.getPeerCertificate();
    const next = `openssl s_client -connect ${at.host}:${at.port} </dev/null | openssl x509 -noout -dates`;
    return [validity(subject, new X509Certificate(raw), Date.now(), next)];
  } finally {
    plain.destroy();
  }
}

/**
 * A clock beside this machine's.
 * @param aheadMs of this machine's clock; negative: behind.
 */
export function clockFinding(subject: string, aheadMs: number): Finding {
  const seconds = (Math.abs(aheadMs) / 1_000).toFixed(1);
  const direction = aheadMs > 0 ? "ahead of" : "behind";
  const apart = Math.abs(aheadMs);
  if (apart <= CLOCK_FINE_MS) return fine("clocks", subject, "agrees with this machine's");
  return {
    ...{ area: "clocks", subject, level: apart > CLOCK_WRONG_MS ? "wrong" : "warning" },
    what: `its clock is ${seconds} s ${direction} this machine's`,
    right: `within ${CLOCK_FINE_MS / 1_000} s: readings are refused that are from the future, and alerts are late`,
    next: "timedatectl status   (there and here; then: timedatectl set-ntp true)",
  };
}

/** The difference of a clock by the Date header of an answer, which has whole seconds; null without one. */
export function aheadByDate(date: string | null, nowMs: number): number | null {
  const saidMs = date === null ? Number.NaN : Date.parse(date);
  if (Number.isNaN(saidMs)) return null;
  if (nowMs < saidMs) return saidMs - nowMs;
  return Math.min(0, saidMs + 1_000 - nowMs);
}
