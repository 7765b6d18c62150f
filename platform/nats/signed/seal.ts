// Signing what is written at the hub.
//
// Q1. The number of a record is the time, or more than that of the one before it: clocks of writers may differ.
// Q2. Nobody signs a change of what is not verified: that would make a forged record a good one. A removal
//     changes nothing, and `skerry keys sign-all` is for who has looked.
// Q3. Who has no key writes nothing where records are signed: the regions would not take it.
import { type KeyObject, createPublicKey } from "node:crypto";
import type { MsgHdrs } from "nats";
import { AppError } from "../../runtime/errors.ts";
import type { NatsConnection } from "../client/connection.ts";
import { headersOf } from "../client/publish.ts";
import { Streams } from "../client/streams.ts";
import {
  type PlacedRecord,
  SIGNATURE_HEADER,
  isSignedBy,
  keyIdOf,
  parseSignature,
  signatureOf,
} from "./signature.ts";

/** The header of a deletion in a bucket (NATS ADR-8). */
export const DELETION = { "KV-Operation": "DEL" } as const;

const signers = new WeakMap<NatsConnection, KeyObject>();

/** Has all records signed that are written through the connection. */
export const signRecords = (connection: NatsConnection, key: KeyObject): void =>
  void signers.set(connection, key);

/** The key of a connection, if it signs. */
export const signerOf = (connection: NatsConnection): KeyObject | undefined =>
  signers.get(connection);

const refusal = (message: string): AppError => new AppError("CONFIG_INVALID", "fatal", message);

/**
 * The headers of a record that is about to be written; undefined for none.
 * @param looked true if a person has looked at what is signed (Q2).
 * @throws AppError `CONFIG_INVALID` if it must not be written.
 */
export async function sealed(
  connection: NatsConnection,
  record: PlacedRecord,
  looked = record.isDeletion ?? false,
): Promise<MsgHdrs | undefined> {
  const { stream, subject } = record;
  const key = signers.get(connection);
  const streams = new Streams(connection);
  const before = await streams.newest(stream, subject);
  if (!key) {
    const other = before ?? (await streams.newest(stream, ">"));
    if (other?.signature !== undefined)
      throw refusal(
        `${subject}: records of this installation are signed: name the private key in SKERRY_SIGNING_KEY_FILE`,
      ); // Q3
    return undefined;
  }
  const signed = before?.signature === undefined ? null : parseSignature(before.signature);
  const isVerified =
    before !== null &&
    signed?.keyId === keyIdOf(key) &&
    isSignedBy({ ...before, stream }, signed, createPublicKey(key));
  if (before !== null && !isVerified && !looked)
    throw refusal(
      `${subject}: what is there now is not signed with this key: look at it, then npx skerry keys sign-all, or keys remove`,
    ); // Q2
  const number = Math.max(Date.now(), isVerified ? signed.number + 1 : 0); // Q1
  return headersOf({
    ...(record.isDeletion ? DELETION : {}),
    [SIGNATURE_HEADER]: signatureOf(record, number, key),
  });
}
