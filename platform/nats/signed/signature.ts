// What a signature of a record says (pure). It is a header beside the record, whose bytes stay what they were: who
// knows nothing of signatures reads signed records as before.
//
// X1. It covers stream, subject, number, whether the record is removed, and the bytes: it fits no other place.
// X2. Numbers of a subject rise. A reader takes none that is lower than one it has taken.
import { type KeyObject, createHash, createPublicKey, sign, verify } from "node:crypto";

export const SIGNATURE_HEADER = "Skerry-Signature";
const SCHEME = "v1";
const FORM = /^v1 ([0-9a-f]{16}) ([1-9]\d{0,15}) ([A-Za-z0-9_-]{86})$/;

/** A record at its place; a removed one has no bytes. */
export interface PlacedRecord {
  readonly stream: string;
  readonly subject: string;
  readonly data: Uint8Array;
  readonly isDeletion?: boolean;
}

/** The text of a header, taken apart. */
export interface Signature {
  /** Names the key: see {@link keyIdOf}. */
  readonly keyId: string;
  readonly number: number;
  readonly bytes: Buffer;
}

/** The name of a key: the beginning of the SHA-256 of its public half. */
export const keyIdOf = (key: KeyObject): string => {
  const half = key.type === "private" ? createPublicKey(key) : key;
  const der = half.export({ type: "spki", format: "der" });
  return createHash("sha256").update(der).digest("hex").slice(0, 16);
};

/** Null for a text that is no signature. */
export function parseSignature(text: string): Signature | null {
  const [, keyId, number, bytes] = FORM.exec(text) ?? [];
  if (keyId === undefined || !Number.isSafeInteger(Number(number))) return null;
  return { keyId, number: Number(number), bytes: Buffer.from(bytes!, "base64url") };
}

/** The header's text for a record with this number (X2). */
export function signatureOf(record: PlacedRecord, number: number, key: KeyObject): string {
  const bytes = sign(null, signedBytes(record, number), key);
  return `${SCHEME} ${keyIdOf(key)} ${number} ${bytes.toString("base64url")}`;
}

/** True if this key has signed this record at this place. */
export const isSignedBy = (
  record: PlacedRecord,
  { number, bytes }: Signature,
  key: KeyObject,
): boolean => verify(null, signedBytes(record, number), key, bytes);

/** X1. No part but the last can hold a line feed. */
function signedBytes(record: PlacedRecord, number: number): Buffer {
  const { stream, subject, data, isDeletion = false } = record;
  const what = isDeletion ? "removed" : "put";
  const place = ["skerry record", SCHEME, stream, subject, number, what, ""].join("\n");
  return Buffer.concat([Buffer.from(place), data]);
}
