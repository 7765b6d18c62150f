// Reading what a stream holds now, to its end: what a process has to know before it goes on.
import { sleep } from "../../runtime/backoff.ts";
import { AppError } from "../../runtime/errors.ts";
import { insist } from "../../runtime/insist.ts";
import type { Logger } from "../../runtime/logger.ts";
import type { NatsConnection } from "./connection.ts";
import { type LogEntry, type StreamSlice, readSlice } from "./stream-reader.ts";
import { Streams } from "./streams.ts";

/** Nothing came for this long: perhaps what was waited for has aged out meanwhile. */
const QUIET_MS = 2_000;

export interface Reader {
  readonly connection: NatsConnection;
  readonly logger: Logger;
}

/**
 * Sequence of the newest message of a subject (or filter), 0 if there is none; waits for the server
 * and the stream as long as `signal` allows.
 * @throws AppError `NATS_UNAVAILABLE` if aborted before.
 */
export async function newestSequence(
  { connection, logger }: Reader,
  { stream, subject }: Pick<StreamSlice, "stream" | "subject">,
  signal: AbortSignal,
): Promise<number> {
  const streams = new Streams(connection);
  const ask = async (): Promise<number> => (await streams.newest(stream, subject))?.seq ?? 0;
  const seq = await insist(ask, logger.child({ stream }), signal);
  if (seq === null) throw stopped(stream);
  return seq;
}

/**
 * Applies every message of a slice that is stored now, in order, and resolves to the sequence from
 * which to go on reading.
 * @throws AppError `NATS_UNAVAILABLE` if aborted before everything was applied.
 */
export async function applyStored(
  reader: Reader,
  slice: StreamSlice,
  apply: (entry: LogEntry) => Promise<unknown> | void,
  signal: AbortSignal,
): Promise<number> {
  const newest = await newestSequence(reader, slice, signal);
  const stop = new AbortController();
  const until = AbortSignal.any([signal, stop.signal]);
  const entries = readSlice(reader.connection, slice, reader.logger, until);
  let wanted = newest;
  let seq = 0;
  try {
    let next: ReturnType<typeof entries.next> | null = null;
    while (seq < wanted) {
      next ??= entries.next();
      const came = await orQuiet(next);
      if (came === null) {
        wanted = await newestSequence(reader, slice, signal);
        continue;
      }
      if (came.done) throw stopped(slice.stream);
      await apply(came.value);
      seq = came.value.seq;
      next = null;
    }
  } finally {
    stop.abort();
    void entries.return();
  }
  return Math.max(newest, seq) + 1;
}

/** Null if nothing comes for a while. */
async function orQuiet<T>(next: Promise<T>): Promise<T | null> {
  const waiting = new AbortController();
  try {
    return await Promise.race([next, sleep(QUIET_MS, waiting.signal).then(() => null)]);
  } finally {
    waiting.abort();
  }
}

const stopped = (stream: string): AppError =>
  new AppError("NATS_UNAVAILABLE", "retry", `stopped before stream ${stream} was read`);
