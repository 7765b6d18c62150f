// TLS of a client, the same four options wherever we are one: authority, certificate, key, lowest version.
//
// T1. Files that were renewed count from the next connection on, without a restart. What cannot be used counts for
//     nothing: the old ones go on until certificate and key are there and belong together.
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { type SecureVersion, createSecureContext, rootCertificates } from "node:tls";
import type { Option } from "./config.ts";
import { AppError, messageOf } from "./errors.ts";

const VERSIONS = ["TLSv1.2", "TLSv1.3"] as const satisfies readonly SecureVersion[];
type Version = (typeof VERSIONS)[number];

/** A PEM file as an option names it. */
interface PemFile {
  readonly path: string;
  readonly text: string;
}

type FileOption = Option<PemFile | null>;

/** Options `{name}TlsCa` and so on. */
type TlsOptions<Name extends string> = Record<
  `${Name}Tls${"Ca" | "Certificate" | "Key"}`,
  FileOption
> &
  Record<`${Name}TlsMinVersion`, Option<Version>>;

export type TlsConfig<Name extends string> = Readonly<
  Record<`${Name}Tls${"Ca" | "Certificate" | "Key"}`, PemFile | null> &
    Record<`${Name}TlsMinVersion`, Version>
>;

/** Options of Node's TLS, and of everything that hands them on to it. What the files say is asked anew each time (T1). */
export interface ClientTls {
  readonly ca?: string | string[];
  readonly cert?: string;
  readonly key?: string;
  readonly minVersion: SecureVersion;
}

/**
 * The table of one connection.
 * @param of.name begins the names of the options, and `of.env` those of their variables.
 * @param of.server whom the connection is to, for the documentation.
 */
export function tlsOptions<Name extends string>(of: {
  name: Name;
  env: string;
  server: string;
  /** Servers of the system's authorities are trusted beside those of `ca`. */
  besideSystem?: boolean;
}): TlsOptions<Name> {
  const { name, env, server, besideSystem } = of;
  const trusted = besideSystem
    ? "that is trusted beside those of the system"
    : "that alone is trusted";
  const file = (suffix: string, doc: string): FileOption => ({
    ...{ env: `${env}_TLS_${suffix}`, doc, fallback: "" },
    parse: (raw) => (raw === "" ? null : readPem(raw)),
  });
  return {
    [`${name}TlsCa`]: file(
      "CA",
      `PEM file with the authority of ${server}, ${trusted}; unset: those of the system`,
    ),
    [`${name}TlsCertificate`]: file(
      "CERTIFICATE",
      `PEM file with our certificate for ${server}, if it asks for one`,
    ),
    [`${name}TlsKey`]: file("KEY", "PEM file with the private key of that certificate"),
    [`${name}TlsMinVersion`]: {
      env: `${env}_TLS_MIN_VERSION`,
      doc: `lowest version of TLS: ${VERSIONS.join(" or ")}`,
      fallback: VERSIONS[0],
      parse: (raw: string): Version => {
        const version = VERSIONS.find((known) => known === raw);
        if (!version) throw new Error(`must be ${VERSIONS.join(" or ")}, not "${raw}"`);
        return version;
      },
    },
  } as TlsOptions<Name>;
}

function readPem(path: string): PemFile {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new Error(`names a file that cannot be read: ${messageOf(error)}`, { cause: error });
  }
  if (!text.includes("-----BEGIN "))
    throw new Error(`names ${path}, which is no PEM file: it has no line -----BEGIN …-----`);
  return { path, text };
}

/** @throws AppError `CONFIG_INVALID` naming option and file: a certificate without its key, or one that is none. */
export function clientTls<Name extends string>(
  config: TlsConfig<Name>,
  of: { name: Name; env: string; besideSystem?: boolean },
): ClientTls {
  const { name, env, besideSystem = false } = of;
  const all = config as Readonly<Record<string, unknown>>;
  const fileOf = (suffix: string) => all[`${name}Tls${suffix}`] as PemFile | null;
  const [ca, certificate, key] = [fileOf("Ca"), fileOf("Certificate"), fileOf("Key")];
  const minVersion = all[`${name}TlsMinVersion`] as Version;
  const invalid = (what: string, cause?: unknown): AppError =>
    new AppError("CONFIG_INVALID", "fatal", what, { cause });
  if ((certificate === null) !== (key === null))
    throw invalid(`${env}_TLS_CERTIFICATE and ${env}_TLS_KEY belong together: give both or none`);
  const checked = (suffix: string, file: PemFile | null, context: object): void => {
    try {
      if (file) createSecureContext(context);
    } catch (error) {
      throw invalid(`${env}_TLS_${suffix} names ${file!.path}: ${messageOf(error)}`, error);
    }
  };
  checked("CA", ca, { ca: ca?.text });
  checked("CERTIFICATE", certificate, { cert: certificate?.text });
  checked("KEY", key, { key: key?.text });
  checked("KEY", key, { cert: certificate?.text, key: key?.text });
  const files = new RenewedFiles({ ca, cert: certificate, key });
  const tls: { -readonly [K in keyof ClientTls]: ClientTls[K] } = { minVersion };
  const ask = (name: "ca" | "cert" | "key", get: () => ClientTls["ca"]): void =>
    void Object.defineProperty(tls, name, { enumerable: true, get });
  if (ca)
    ask("ca", () => {
      const { ca: own } = files.now;
      return besideSystem ? [...rootCertificates, own!] : own;
    });
  if (certificate && key) {
    ask("cert", () => files.now.cert);
    ask("key", () => files.now.key);
  }
  return tls;
}

/** True if the files said the same both times; each side is a copy, `{ ...tls }`. */
export const isSameTls = (one: ClientTls | undefined, other: ClientTls | undefined): boolean =>
  one?.ca === other?.ca && one?.cert === other?.cert && one?.key === other?.key;

type Texts = Partial<Record<"ca" | "cert" | "key", string>>;

/** Files are read this often at most: some make many connections. */
const RENEWED_EVERY_MS = 1_000;

/** Texts of files as they are now, or were when they could last be used (T1). */
class RenewedFiles {
  readonly #paths: readonly (readonly [name: keyof Texts, path: string])[];
  #texts: Texts;
  #readAtMs = performance.now();

  constructor(files: Readonly<Record<keyof Texts, PemFile | null>>) {
    const given = Object.entries(files).flatMap(([name, file]) => (file ? [[name, file]] : []));
    const pairs = given as [keyof Texts, PemFile][];
    this.#paths = pairs.map(([name, { path }]) => [name, path]);
    this.#texts = Object.fromEntries(pairs.map(([name, { text }]) => [name, text]));
  }

  get now(): Texts {
    const nowMs = performance.now();
    if (nowMs - this.#readAtMs < RENEWED_EVERY_MS) return this.#texts;
    this.#readAtMs = nowMs;
    try {
      const texts = Object.fromEntries(
        this.#paths.map(([name, path]) => [name, readFileSync(path, "utf8")]),
      ) as Texts;
      if (this.#paths.some(([name]) => texts[name] !== this.#texts[name])) {
        createSecureContext(texts);
        if (texts.ca !== undefined) new X509Certificate(texts.ca); // Of one that is none a context takes no notice.
        this.#texts = texts;
      }
    } catch {
      // Somebody is about to write them.
    }
    return this.#texts;
  }
}

/** Codes with which TLS refuses a certificate that is not trusted. */
const UNTRUSTED = /SELF_SIGNED|UNABLE_TO_|CERT_|ALTNAME/;

/** The option to look at, to put behind an error of TLS that it may mend; empty for others. @param env begins its variable. */
export function trustHint(error: unknown, env: string): string {
  const { code = "" } = error as { code?: string };
  return UNTRUSTED.test(code) ? ` (${env}_TLS_CA names the authority to trust)` : "";
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/i;

/** True for an address that leaves no machine. @param url a valid one. */
export const isLoopback = (url: string): boolean => LOOPBACK.test(new URL(url).hostname);

const SECURE: Readonly<Record<string, string>> = {
  "http:": "https://",
  "smtp:": "smtps://",
  "nats:": "tls://",
};

/** The sentence for a secret that crosses a network in clear text; null if none does. */
export function clearTextWarning(label: string, raw: string, secret: string): string | null {
  if (!URL.canParse(raw)) return null;
  const { protocol, hostname, host } = new URL(raw);
  const secure = SECURE[protocol];
  if (secure === undefined || LOOPBACK.test(hostname)) return null;
  return `${label}: ${secret} goes to ${host} in clear text, and whoever is on the way can read it; use ${secure}`;
}
