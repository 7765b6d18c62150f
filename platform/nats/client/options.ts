// Options of every process that talks to a nats-server.
import { clientTls, tlsOptions } from "../../runtime/client-tls.ts";
import { type OptionTable, type Resolved, as } from "../../runtime/config.ts";
import { AppError } from "../../runtime/errors.ts";
import { fileVariable } from "../../runtime/secret-files.ts";
import type { NatsAccess, NatsTls } from "./access.ts";

const TLS = { name: "nats", env: "SKERRY_NATS", server: "the nats-server" } as const;
const URL_VARIABLE = "SKERRY_NATS_URL";
const PASSWORD = "SKERRY_NATS_PASSWORD";

/** The four options of TLS alone, for who is told the URL by other means. */
export const NATS_TLS_OPTIONS = tlsOptions(TLS);

/** @param whose nats-server it is, for the documentation. */
export const natsOptions = (whose: string) =>
  ({
    natsUrl: {
      env: URL_VARIABLE,
      doc: `${whose} nats-server: nats://user:password@host:port, or tls://… for TLS and nothing else`,
      parse: natsUrl,
      password: PASSWORD,
      passwordFileApart: true,
    },
    natsServers: {
      env: "SKERRY_NATS_SERVERS",
      doc: `further servers of the same cluster: host:port,host:port`,
      fallback: "",
      parse: serverList,
    },
    natsPasswordFile: {
      env: fileVariable(PASSWORD),
      doc: `file that holds ${PASSWORD}; read again at each connect`,
      fallback: "",
      parse: as.text,
    },
    ...NATS_TLS_OPTIONS,
  }) satisfies OptionTable;

export type NatsConfig = Resolved<ReturnType<typeof natsOptions>>;
type NatsTlsConfig = Resolved<typeof NATS_TLS_OPTIONS>;

function serverList(raw: string): readonly string[] {
  const servers = raw === "" ? [] : raw.split(",").map((one) => one.trim());
  const wrong = servers.find((one) => !/^(\[[\da-f:.]+\]|[^\s:/@]+):\d{1,5}$/i.test(one));
  if (wrong !== undefined)
    throw new Error(
      `must be host:port,host:port without user and scheme, not "${withoutUser(wrong)}"`,
    );
  return servers;
}

function natsUrl(raw: string): string {
  const protocol = URL.canParse(raw) ? new URL(raw).protocol : "";
  if (protocol !== "nats:" && protocol !== "tls:")
    throw new Error(`must be nats:// or tls://user@host:port, not "${withoutUser(raw)}"`);
  return raw;
}

/** Shown without the password that may be in it. */
const withoutUser = (url: string): string => url.replace(/\/\/.*@/, "//…@");

/** @throws AppError `CONFIG_INVALID` naming the option and the file that cannot be used. */
export function natsAccess(config: NatsConfig): NatsAccess {
  const { natsUrl: url, natsServers: others, natsPasswordFile: passwordFile } = config;
  return {
    ...(others.length > 0 ? { others } : {}),
    ...accessTo({ url, label: URL_VARIABLE }, config),
    ...(passwordFile === "" ? {} : { passwordFile }),
  };
}

/**
 * The access to one server with the TLS of a configuration.
 * @param of.label names the URL, if it does not go together with the files.
 * @throws AppError `CONFIG_INVALID`
 */
export function accessTo(
  { url, label }: { url: string; label: string },
  config: NatsTlsConfig,
): Omit<NatsAccess, "passwordFile"> {
  const { natsTlsCa: ca, natsTlsCertificate: certificate, natsTlsKey: key } = config;
  clientTls(config, TLS); // What cannot be used is told now, not at the first connect.
  if (new URL(url).protocol === "tls:") {
    const tls: NatsTls = {
      minVersion: config.natsTlsMinVersion,
      ...(ca && { ca: ca.path }),
      ...(certificate && { certificate: certificate.path }),
      ...(key && { key: key.path }),
    };
    return { url, tls };
  }
  const given = ca ?? certificate;
  if (given)
    throw new AppError(
      "CONFIG_INVALID",
      "fatal",
      `${label} is ${withoutUser(url)}, which is clear text, although ${TLS.env}_TLS_${ca ? "CA" : "CERTIFICATE"} names ${given.path}: write tls://`,
    );
  return { url };
}
