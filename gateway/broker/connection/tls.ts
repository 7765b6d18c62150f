// TLS of the listeners: what they ask of their peers, and what they learn of them.
//
// Z1. No session is resumed where client certificates are asked for: a resumed one is not verified
//     again, so a certificate that was revoked meanwhile would still be let in.
import { constants } from "node:crypto";
import type { Server as TlsServer, TLSSocket, TlsOptions } from "node:tls";
import type { Certificate } from "../../identity/login.ts";
import type { TlsIdentity } from "../options.ts";

/** Time for a peer to finish its TLS handshake, and as long again for an HTTP upgrade. */
export const HANDSHAKE_MS = 10_000;

/**
 * Forward secrecy and authenticated encryption only (RFC 9325, 4.2): no RSA key exchange, no CBC.
 * The first three are those of TLS 1.3.
 */
export const DEFAULT_CIPHERS = [
  "TLS_AES_256_GCM_SHA384",
  "TLS_CHACHA20_POLY1305_SHA256",
  "TLS_AES_128_GCM_SHA256",
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-CHACHA20-POLY1305",
  "ECDHE-RSA-CHACHA20-POLY1305",
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256",
].join(":");

/** The options of a listener; all but `requestCert` may be changed while it listens. */
export function tlsOptions(tls: TlsIdentity): TlsOptions {
  const asksForCertificates = tls.clientAuthorities !== undefined;
  return {
    key: tls.key,
    cert: tls.certificate,
    handshakeTimeout: HANDSHAKE_MS,
    minVersion: tls.minVersion ?? "TLSv1.2",
    ciphers: tls.ciphers ?? DEFAULT_CIPHERS,
    ...(asksForCertificates
      ? {
          ca: tls.clientAuthorities,
          requestCert: true,
          rejectUnauthorized: tls.clientCertificateRequired ?? false,
          secureOptions: constants.SSL_OP_NO_TICKET, // Z1
        }
      : {}),
    ...(tls.revocationLists === undefined ? {} : { crl: [...tls.revocationLists] }),
  };
}

/** Handshakes to come use these; connections that are there go on. */
export const renewTls = (server: TlsServer, tls: TlsIdentity): void =>
  server.setSecureContext(tlsOptions(tls));

/** The certificate of the peer; only one that an authority of the listener has signed counts as one. */
export function certificateOf(socket: TLSSocket): Certificate | undefined {
  if (!socket.authorized) return undefined;
  const peer = socket.getPeerCertificate();
  const commonName: unknown = peer.subject?.CN;
  return {
    subjectCN: typeof commonName === "string" ? commonName : undefined,
    altNames: peer.subjectaltname?.split(", ") ?? [],
    fingerprint: peer.fingerprint256.replaceAll(":", "").toLowerCase(),
  };
}
