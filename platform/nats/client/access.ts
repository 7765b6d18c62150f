// How a nats-server is reached: what its URL says, and the files with what proves who is who.
//
// N1. `tls://` is TLS, or no connection: a server that offers none is left before anything is said to it.
// N2. Files are read at each connect: what was renewed on disk counts from the next one on, without a restart.
import { isIP } from "node:net";
import type { SecureVersion } from "node:tls";
import { type ConnectionOptions, type TlsOptions, usernamePasswordAuthenticator } from "nats";
import { fileVariable, secretFrom } from "../../runtime/secret-files.ts";

/** TLS of a connection: paths of PEM files, which may change while it lasts. */
export interface NatsTls {
  readonly ca?: string;
  readonly certificate?: string;
  readonly key?: string;
  readonly minVersion: SecureVersion;
}

/** Plain data, so that a thread may be handed it. */
export interface NatsAccess {
  /** `nats://user:password@host:port`, or `tls://…`. */
  readonly url: string;
  /** Further servers of the same cluster, `host:port`. */
  readonly others?: readonly string[];
  /** Holds the password of the user, and counts before the one of the URL. */
  readonly passwordFile?: string;
  /** Absent with `tls://`: authorities of the system, no certificate of ours. */
  readonly tls?: NatsTls;
}

const DEFAULT_TLS: NatsTls = { minVersion: "TLSv1.2" };

/** The TLS that a URL asks for; null for one that asks for none. */
export const tlsOf = ({ url, tls = DEFAULT_TLS }: NatsAccess): NatsTls | null =>
  new URL(url).protocol === "tls:" ? tls : null;

/** The words for a server that a process waits for. */
export const itsServer = ({ url }: NatsAccess): string => `its nats-server at ${new URL(url).host}`;

/** The host of a URL, an address of IPv6 without its brackets. */
export const hostOf = (url: string): string => new URL(url).hostname.replace(/^\[|\]$/g, "");

/** Options of the library for where and as whom to connect. */
export function accessOptions(access: NatsAccess): ConnectionOptions {
  const { host, username } = new URL(access.url);
  const tls = tlsOf(access);
  return {
    servers: [host, ...(access.others ?? [])],
    ...(username === ""
      ? {}
      : {
          authenticator: usernamePasswordAuthenticator(
            decodeURIComponent(username),
            passwordOf(access),
          ),
        }),
    ...(tls && { tls: libraryTls(tls, hostOf(access.url)) }),
  };
}

/** The library reads the files at each connect (N2), and demands TLS because there are options of it (N1). */
function libraryTls({ ca, certificate, key, minVersion }: NatsTls, host: string): TlsOptions {
  return {
    ...(ca === undefined ? {} : { caFile: ca }),
    ...(certificate === undefined ? {} : { certFile: certificate }),
    ...(key === undefined ? {} : { keyFile: key }),
    // It hands on to Node what it does not know itself. An address it would not compare with the certificate.
    ...{ minVersion, ...(isIP(host) === 0 ? {} : { host }) },
  };
}

/** Never throws, which would close the connection for good: a file that is away for a moment changes nothing. */
function passwordOf({ url, passwordFile: file }: NatsAccess): () => string {
  let password = decodeURIComponent(new URL(url).password);
  const fileLabel = fileVariable("SKERRY_NATS_PASSWORD");
  return () => {
    try {
      if (file) password = secretFrom({ label: "", value: undefined, fileLabel, file })!.secret;
    } catch {
      // What it held last is as good as anything.
    }
    return password;
  };
}
