// Following a bucket that is written at the hub: first everything it holds, then every change.
import { bucketStream } from "../../../contracts/names/subjects.ts";
import { AppError, messageOf } from "../../runtime/errors.ts";
import type { Logger } from "../../runtime/logger.ts";
import { guardOf } from "../signed/record-guard.ts";
import type { NatsConnection } from "./connection.ts";
import { newestSequence } from "./stored.ts";
import type { LogEntry } from "./log-entry.ts";
import { readSlice } from "./stream-reader.ts";

/** Told of each entry: what is wrong with it, or null if it is right, and whether its signature is what is wrong. */
export type EntryVerdict = (
  entry: BucketEntry,
  problem: string | null,
  reason?: "unreadable" | "unverified",
) => void;

export interface BucketToFollow {
  /** A connection to a region's nats-server, which has a copy of the bucket, or to the hub's. */
  readonly connection: NatsConnection;
  readonly bucket: string;
  readonly logger: Logger;
  readonly judged?: EntryVerdict | undefined;
}

type ApplyEntry = (entry: BucketEntry) => string | null | void;

/** A change of one key; `data` is empty for a key that was deleted. */
export type BucketEntry = Pick<LogEntry, "subject" | "data" | "isDeletion" | "signature">;

/**
 * Applies what the bucket holds, waiting for the nats-server as long as `signal` allows, and resolves;
 * then goes on applying every change until `signal` aborts. An entry that cannot be used costs no other one.
 * @param apply answers what is wrong with the entry; a throw is such an answer too.
 * @throws AppError `NATS_UNAVAILABLE` if aborted before everything was applied.
 */
export async function followBucket(
  of: BucketToFollow,
  apply: ApplyEntry,
  signal: AbortSignal,
): Promise<void> {
  const { connection, bucket, logger } = of;
  const stream = bucketStream(bucket);
  const subject = `$KV.${bucket}.>`;
  const lastSeq = await newestSequence(of, { stream, subject }, signal);
  for (const entry of guardOf(connection)?.kept(stream) ?? []) applyOne(entry, apply, of);
  const slice = { stream, subject, from: 1 }; // A bucket keeps one entry of each key.
  const entries = readSlice(connection, slice, logger, signal);
  for (let seq = 0; seq < lastSeq;) {
    const next = await entries.next();
    if (next.done) throw stopped(bucket);
    applyOne(next.value, apply, of);
    seq = next.value.seq;
  }
  void follow(entries, apply, of);
}

/** Ends when the signal aborts: `readSlice` outlives every other trouble. */
async function follow(
  entries: AsyncIterable<LogEntry>,
  apply: ApplyEntry,
  of: BucketToFollow,
): Promise<void> {
  try {
    for await (const entry of entries) applyOne(entry, apply, of);
  } catch (error) {
    of.logger.error({ err: error, bucket: of.bucket }, "changes of the bucket are no longer seen");
  }
}

function applyOne(
  entry: BucketEntry,
  apply: ApplyEntry,
  { connection, bucket, logger, judged }: BucketToFollow,
) {
  const why = guardOf(connection)?.judge(bucketStream(bucket), entry) ?? null;
  if (why !== null) {
    const { subject } = entry;
    logger.error({ bucket, subject }, `a record is not taken, what was before stays: ${why}`);
    return judged?.(entry, why, "unverified");
  }
  let problem: string | null;
  try {
    problem = apply(entry) ?? null;
  } catch (error) {
    problem = messageOf(error);
    logger.error({ bucket, subject: entry.subject, err: error }, "an entry cannot be used");
  }
  judged?.(entry, problem);
}

const stopped = (bucket: string): AppError =>
  new AppError("NATS_UNAVAILABLE", "retry", `stopped before bucket ${bucket} was loaded`);
