// An authority for a test set-up, and certificates by it: ECDSA on P-256, SHA-256.
//
// K1. A certificate of a server is none of a client, and the other way round, but for a peer's, who is both; none is an authority.
// K2. Nothing that is issued outlives its authority.
import "reflect-metadata";
import { isIP } from "node:net";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type JsonGeneralName,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
/** Clocks of devices may be a little behind. */
const BEFORE_MS = 5 * 60_000;

/** A certificate and its private key, in PEM. */
export interface PemPair {
  readonly certificate: string;
  readonly key: string;
}

/** A certificate to be issued. */
export type Wanted =
  | { readonly kind: "server" | "peer"; readonly hosts: readonly string[] }
  | { readonly kind: "client"; readonly name: string };

interface Validity {
  readonly nowMs: number;
  readonly validMs: number;
}

const datesOf = ({ nowMs, validMs }: Validity) => ({
  notBefore: new Date(nowMs - BEFORE_MS),
  notAfter: new Date(nowMs + validMs),
});

const newKeys = () => crypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);

const keyPem = async (key: CryptoKey): Promise<string> =>
  `${PemConverter.encode(await crypto.subtle.exportKey("pkcs8", key), PemConverter.PrivateKeyTag)}\n`;

/** Makes an authority that signs certificates, and no further authorities. */
export async function makeAuthority(name: string, validity: Validity): Promise<PemPair> {
  const keys = await newKeys();
  const certificate = await X509CertificateGenerator.createSelfSigned({
    ...datesOf(validity),
    name: [{ CN: [name] }],
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: `${certificate.toString("pem")}\n`, key: await keyPem(keys.privateKey) };
}

/** Issues one certificate. @throws Error, the end of a sentence, if it would outlive the authority. */
export async function issue(
  authority: PemPair,
  wanted: Wanted,
  validity: Validity,
): Promise<PemPair> {
  const issuer = new X509Certificate(authority.certificate);
  const dates = datesOf(validity);
  if (dates.notAfter > issuer.notAfter)
    throw new Error(
      `would be valid for longer than its authority, which ends on ${issuer.notAfter.toISOString().slice(0, 10)}`, // K2
    );
  const der = PemConverter.decodeFirst(authority.key);
  const signingKey = await crypto.subtle.importKey("pkcs8", der, ALGORITHM, false, ["sign"]);
  const keys = await newKeys();
  const usages = [
    ...(wanted.kind === "client" ? [] : [ExtendedKeyUsage.serverAuth]),
    ...(wanted.kind === "server" ? [] : [ExtendedKeyUsage.clientAuth]),
  ]; // K1
  const certificate = await X509CertificateGenerator.create({
    ...dates,
    subject: [{ CN: [nameOf(wanted)] }],
    issuer: issuer.subject,
    publicKey: keys.publicKey,
    signingKey,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension(usages),
      new SubjectAlternativeNameExtension(namesOf(wanted)),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      await AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  });
  return { certificate: `${certificate.toString("pem")}\n`, key: await keyPem(keys.privateKey) };
}

/** The common name of a certificate, which its files are called by, too. */
export const nameOf = (wanted: Wanted): string =>
  wanted.kind === "client" ? wanted.name : wanted.hosts[0]!;

const namesOf = (wanted: Wanted): JsonGeneralName[] =>
  wanted.kind === "client"
    ? [{ type: "dns", value: wanted.name }]
    : wanted.hosts.map((value) => ({ type: isIP(value) === 0 ? "dns" : "ip", value }));
