// A region's stream that went back (went-back.ts) goes on behind the hub's copy of it, in the region, by appending alone:
// the copy keeps what the region lost, and takes what the region has instead as what follows.
//
// - First numbers up to the copy's end are used up, by messages that mean nothing: a frame that the log has already, which every
//   reader counts once (lanes/lane.ts/L1), or a filler that nobody is given (names/subjects.ts).
// - Then what the region has under the numbers of the copy is written again, in its order, so that the copy gets it, too.
// - Nothing is taken out, and all of it may be done again: cut off in between, it is repeated.
// - Where the newest message of a subject counts, of alerts and replies, nothing is written behind one that is newer.
import { headers } from "nats";
import {
  fillerSubject,
  mirroredPrefix,
  rejectsStream,
  telemetryStream,
} from "../../../contracts/names/subjects.ts";
import { AppError } from "../../runtime/errors.ts";
import type { NatsConnection } from "../client/connection.ts";
import { translated } from "../client/errors.ts";
import { type LogEntry, WRITTEN_HEADER } from "../client/log-entry.ts";
import { readStored } from "../client/stream-reader.ts";
import { type StreamState, Streams } from "../client/streams.ts";
import { SIGNATURE_HEADER } from "../signed/signature.ts";
import { writtenAt } from "./merge.ts";
import type { DifferingRange } from "./went-back.ts";

const AT_ONCE = 256;
const BYTES_AT_ONCE = 8 * 1024 ** 2;
/** Number of the newest frames of which the smallest is repeated. */
const FRAMES_LOOKED_AT = 32;
/** A stored message takes so much more than its data. */
const OVERHEAD_BYTES = 100;

export interface WentOn {
  /** Numbers that were used up. */
  readonly fillers: number;
  /** Messages that were written again. */
  readonly again: number;
}

type Message = Pick<LogEntry, "subject" | "data" | "signature" | "writtenMs">;

/**
 * Moves a stream on behind the hub's copy.
 * @param region a connection to the region's server that may append to the stream, and read it.
 * @throws AppError `NATS_UNAVAILABLE` (retry) if it does not answer, or has no room.
 */
export async function goOnBehind(
  region: { readonly connection: NatsConnection; readonly name: string },
  stream: string,
  range: DifferingRange,
  signal: AbortSignal,
): Promise<WentOn> {
  const { connection, name } = region;
  const streams = new Streams(connection);
  const isLog = stream === telemetryStream(name);
  const isEachCounted = isLog || stream === rejectsStream(name);
  const state = await streams.state(stream);
  const missing = Math.max(0, range.untilSeq - state.lastSeq);
  let filler: Message | null = null;
  if (missing > 0) {
    filler = isLog ? await smallFrame(streams, state) : nothing(stream, name);
    if (isLog) refuseWithoutRoom(state, missing * (filler.data.length + OVERHEAD_BYTES));
    await fill(connection, filler, { lastSeq: state.lastSeq, untilSeq: range.untilSeq }, signal);
  }
  const isFiller = ({ seq, data, subject }: LogEntry): boolean =>
    filler !== null &&
    seq > state.lastSeq &&
    subject === filler.subject &&
    Buffer.compare(data, filler.data) === 0;
  const slice = { stream, subject: `${mirroredPrefix(stream)}.${name}.>`, from: range.fromSeq };
  let again = 0;
  let batch: LogEntry[] = [];
  let bytes = 0;
  const write = async (): Promise<void> => {
    if (isEachCounted) await Promise.all(batch.map((entry) => append(connection, entry)));
    else for (const entry of batch) await appendIfNewest(connection, streams, stream, entry, range);
    again += batch.length;
    [batch, bytes] = [[], 0];
  };
  for await (const entry of readStored(connection, slice, range.untilSeq)) {
    if (signal.aborted) throw stopped(stream);
    if (isFiller(entry)) continue;
    batch.push(entry);
    bytes += entry.data.length;
    if (batch.length >= AT_ONCE || bytes >= BYTES_AT_ONCE) await write();
  }
  await write();
  return { fillers: missing, again };
}

/** Uses up the numbers behind `lastSeq`. */
async function fill(
  connection: NatsConnection,
  filler: Message,
  { lastSeq, untilSeq }: { readonly lastSeq: number; readonly untilSeq: number },
  signal: AbortSignal,
): Promise<void> {
  for (let last = lastSeq; last < untilSeq;) {
    if (signal.aborted) throw stopped(filler.subject);
    const size = Math.min(AT_ONCE, untilSeq - last);
    const stored = Array.from({ length: size }, () => append(connection, filler));
    last = Math.max(...(await Promise.all(stored)));
  }
}

async function append(connection: NatsConnection, message: Message): Promise<number> {
  const { subject, data } = message;
  const js = connection.jetstream({ timeout: 10_000 });
  return (await translated(js.publish(subject, data, { headers: headersOf(message) }))).seq;
}

/** Writes it again unless there is a newer one. Without a header that expects a number: mirrors of a 2.9 check it against their own, which differs here, and stand. */
async function appendIfNewest(
  connection: NatsConnection,
  streams: Streams,
  stream: string,
  entry: LogEntry,
  { untilSeq }: DifferingRange,
): Promise<void> {
  const { subject } = entry;
  const newest = await streams.newest(stream, subject);
  // Behind the range is what this wrote again, or what came since.
  const isOurs = newest !== null && newest.seq > untilSeq && newest.writtenMs !== undefined;
  if (newest && newest.seq > untilSeq && !isOurs) return;
  let behind = newest?.seq ?? 0;
  let stored = await append(connection, { ...entry, writtenMs: writtenAt(entry) });
  // What somebody else has stored in between is newer: it comes once more, behind this one.
  for (;;) {
    const between = await streams.next(stream, subject, behind + 1);
    if (!between || between.seq >= stored) return;
    behind = stored;
    stored = await append(connection, between);
  }
}

function headersOf({ signature, writtenMs }: Pick<LogEntry, "signature" | "writtenMs">) {
  const all = headers();
  if (writtenMs !== undefined) all.set(WRITTEN_HEADER, String(writtenMs));
  // It says the same of the same message, wherever it is in the stream.
  if (signature !== undefined) all.set(SIGNATURE_HEADER, signature);
  return all;
}

const nothing = (stream: string, region: string): Message => ({
  subject: fillerSubject(stream, region),
  data: new Uint8Array(),
});

/** @throws AppError (retry) while the log has none: gateways write one a second. */
async function smallFrame(streams: Streams, state: StreamState): Promise<Message> {
  let smallest: LogEntry | null = null;
  const from = Math.max(state.firstSeq, state.lastSeq - FRAMES_LOOKED_AT + 1);
  for (let seq = from; seq <= state.lastSeq; seq++) {
    const frame = await streams.at(state.name, seq);
    if (frame && (!smallest || frame.data.length < smallest.data.length)) smallest = frame;
  }
  if (smallest) return smallest;
  throw new AppError("NATS_UNAVAILABLE", "retry", `${state.name} has no frame yet`);
}

function refuseWithoutRoom({ name, bytes, bytesMax }: StreamState, needed: number): void {
  if (bytesMax === null || bytes + needed <= bytesMax) return;
  throw new AppError(
    "NATS_UNAVAILABLE",
    "retry",
    `${name} has no room for ${Math.ceil(needed / 1024 ** 2)} MiB of numbers up to the end of the hub's copy: give it more (npx skerry topology apply --log-gib)`,
  );
}

const stopped = (what: string): AppError =>
  new AppError("NATS_UNAVAILABLE", "retry", `${what} has not gone on yet: the process stops`);
