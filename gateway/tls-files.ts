// Key, certificate, authorities and revocation lists of the TLS listeners, from their files.
//
// F1. What cannot be used is told by the name of its option, before anything uses it.
// F2. Files that change are taken up without a restart, when SIGHUP comes or within LOOK_EVERY_MS.
//     Connections that are there go on. What cannot be used is told once; the old goes on.
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { createSecureContext } from "node:tls";
import { AppError, messageOf } from "../platform/runtime/errors.ts";
import type { Logger } from "../platform/runtime/logger.ts";
import type { Broker } from "./broker/broker.ts";
import { tlsOptions } from "./broker/connection/tls.ts";
import type { TlsIdentity } from "./broker/options.ts";

const LOOK_EVERY_MS = 10_000;

/** Paths of PEM files, and what else TLS is told; an empty path is none. */
export interface TlsFiles {
  readonly tlsKey: string;
  readonly tlsCertificate: string;
  readonly tlsClientAuthorities: string;
  readonly tlsRevocationLists: string;
  readonly tlsClientCertificates: "optional" | "required";
  readonly tlsVersionMin: "TLSv1.2" | "TLSv1.3";
  readonly tlsCiphers: string;
}

const PEM_BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[^-]+-----END \1-----/g;

/** @throws AppError `CONFIG_INVALID` naming the option at fault (F1). */
export function readTls(files: TlsFiles): TlsIdentity {
  const { tlsClientAuthorities, tlsRevocationLists, tlsClientCertificates } = files;
  if (tlsClientAuthorities === "" && tlsRevocationLists !== "")
    throw invalid("SKERRY_TLS_REVOCATION_LISTS", "needs SKERRY_TLS_CLIENT_AUTHORITIES");
  if (tlsClientAuthorities === "" && tlsClientCertificates === "required")
    throw invalid("SKERRY_TLS_CLIENT_CERTIFICATES", "needs SKERRY_TLS_CLIENT_AUTHORITIES");
  const key = readPem("SKERRY_TLS_KEY", files.tlsKey);
  const certificate = readPem("SKERRY_TLS_CERTIFICATE", files.tlsCertificate);
  const server = { key, certificate, ciphers: files.tlsCiphers, minVersion: files.tlsVersionMin };
  attempt("SKERRY_TLS_CERTIFICATE", () => new X509Certificate(certificate));
  attempt("SKERRY_TLS_CIPHERS", () => createSecureContext({ ciphers: files.tlsCiphers }));
  attempt("SKERRY_TLS_KEY", () => createSecureContext(tlsOptions(server)));
  if (tlsClientAuthorities === "") return server;
  const clientAuthorities = readPem("SKERRY_TLS_CLIENT_AUTHORITIES", tlsClientAuthorities);
  const authorities = blocksOf(clientAuthorities, "CERTIFICATE");
  if (authorities.length === 0)
    throw invalid("SKERRY_TLS_CLIENT_AUTHORITIES", "holds no certificate in PEM");
  for (const authority of authorities)
    attempt("SKERRY_TLS_CLIENT_AUTHORITIES", () => new X509Certificate(authority));
  const revocationLists = tlsRevocationLists === "" ? null : readLists(tlsRevocationLists);
  return {
    ...server,
    clientAuthorities,
    clientCertificateRequired: tlsClientCertificates === "required",
    ...(revocationLists ? { revocationLists } : {}),
  };
}

function readLists(path: string): string[] {
  const lists = blocksOf(readPem("SKERRY_TLS_REVOCATION_LISTS", path), "X509 CRL");
  if (lists.length === 0)
    throw invalid("SKERRY_TLS_REVOCATION_LISTS", "holds no revocation list (X509 CRL) in PEM");
  attempt("SKERRY_TLS_REVOCATION_LISTS", () => createSecureContext({ crl: lists }));
  return lists;
}

const blocksOf = (text: string, kind: string): string[] =>
  [...text.matchAll(PEM_BLOCK)].filter(([, found]) => found === kind).map(([block]) => block);

function readPem(option: string, path: string): string {
  if (path === "") throw invalid(option, "is required for TLS: a PEM file");
  return attempt(option, () => readFileSync(path, "utf8"));
}

function attempt<T>(option: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw invalid(option, messageOf(error));
  }
}

const invalid = (option: string, what: string): AppError =>
  new AppError("CONFIG_INVALID", "fatal", `${option} ${what}`);

/** Takes up what changes until `signal` aborts (F2). */
export async function followTlsFiles(
  files: TlsFiles,
  {
    broker,
    http,
    logger,
  }: Record<"broker" | "http", Pick<Broker, "renewTls">> & { logger: Logger },
  signal: AbortSignal,
): Promise<void> {
  let known = textOf(files);
  const look = (): void => {
    const text = textOf(files);
    if (text === known) return;
    known = text;
    try {
      const tls = readTls(files);
      for (const listeners of [broker, http]) listeners.renewTls(tls);
      logger.info({ files: pathsOf(files) }, "the certificates of the listeners are renewed");
    } catch (error) {
      logger.error({ err: error }, "certificates changed and cannot be used; the old ones go on");
    }
  };
  process.on("SIGHUP", look);
  try {
    while (!signal.aborted) {
      await wait(LOOK_EVERY_MS, undefined, { signal, ref: false }).catch(() => undefined);
      if (!signal.aborted) look();
    }
  } finally {
    process.off("SIGHUP", look);
  }
}

const pathsOf = (files: TlsFiles): string[] =>
  [files.tlsKey, files.tlsCertificate, files.tlsClientAuthorities, files.tlsRevocationLists].filter(
    (path) => path !== "",
  );

/** All that the files say; a file that is away for a moment says nothing. */
const textOf = (files: TlsFiles): string =>
  pathsOf(files)
    .map((path) => {
      try {
        return readFileSync(path, "utf8");
      } catch {
        return "";
      }
    })
    .join("\0");
