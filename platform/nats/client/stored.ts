// Reading what a stream holds now, to its end: what a process has to know before it goes on.
import { AppError } from "../../runtime/errors.ts";
import { insist } from "../../runtime/insist.ts";
import type { Logger } from "../../runtime/logger.ts";
import type { NatsConnection } from "./connection.ts";
import type { LogEntry } from "./log-entry.ts";
import { type StreamSlice, readStored } from "./stream-reader.ts";
import { Streams } from "./streams.ts";

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
  let { from } = slice;
  const rest = async (): Promise<true> => {
    for await (const entry of readStored(reader.connection, { ...slice, from }, newest)) {
      await apply(entry);
      from = entry.seq + 1;
    }
    return true;
  };
  if ((await insist(rest, reader.logger.child({ stream: slice.stream }), signal)) === null)
    throw stopped(slice.stream);
  return newest + 1;
}

const stopped = (stream: string): AppError =>
  new AppError("NATS_UNAVAILABLE", "retry", `stopped before stream ${stream} was read`);
