import { DeliverPolicy, type NatsConnection } from "nats";
import {
  type LaneId,
  laneName,
  telemetryStream,
  telemetrySubject,
} from "../../../contracts/names/subjects.ts";
import { Backoff, sleep } from "../../runtime/backoff.ts";
import { messageOf } from "../../runtime/errors.ts";
import type { Logger } from "../../runtime/logger.ts";

/** One JetStream message; `seq` and `storeMs` are the same in the origin and in every mirror. */
export interface LogEntry {
  readonly seq: number;
  readonly storeMs: number;
  readonly subject: string;
  readonly data: Uint8Array;
}

export interface StreamSlice {
  /** Another JetStream domain than the server's own: an origin beyond the WAN. */
  readonly domain?: string;
  readonly stream: string;
  readonly subject: string;
  /** First sequence wanted, or the latest entry of every subject and then what follows. */
  readonly from: number | "last-per-subject";
}

/** Number of messages that the server may send ahead: it bounds the memory of a reader that is behind. */
const PREFETCH_MESSAGES = 200;
/** Expiry of one pull and twice its heartbeat: a dead consumer is noticed within this time. */
const PULL_EXPIRES_MS = 5_000;

/**
 * Reads one subject filter of a stream in order, for ever, from a sequence that the caller keeps: whatever
 * happens to the server or the link, the next entry is the one after the last that was yielded.
 */
export async function* readSlice(
  connection: NatsConnection,
  slice: StreamSlice,
  logger: Logger,
  signal: AbortSignal,
): AsyncGenerator<LogEntry, void, void> {
  let from = slice.from;
  const backoff = new Backoff({ baseMs: 50, maxMs: 1_000 });
  while (!signal.aborted) {
    try {
      for await (const entry of consume(connection, { ...slice, from }, signal)) {
        if (typeof from === "number" && entry.seq < from) continue;
        from = entry.seq + 1;
        backoff.reset();
        yield entry;
      }
    } catch (error) {
      if (signal.aborted) return;
      logger.warn({ ...slice, from }, `reading the log stopped, will resume: ${messageOf(error)}`);
    }
    await sleep(backoff.next(), signal);
  }
}

async function* consume(
  connection: NatsConnection,
  slice: StreamSlice,
  signal: AbortSignal,
): AsyncGenerator<LogEntry, void, void> {
  const options = slice.domain === undefined ? {} : { domain: slice.domain };
  const consumer = await connection.jetstream(options).consumers.get(slice.stream, {
    filterSubjects: slice.subject,
    ...(typeof slice.from === "number"
      ? { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: slice.from }
      : { deliver_policy: DeliverPolicy.LastPerSubject }),
  });
  const messages = await consumer.consume({
    max_messages: PREFETCH_MESSAGES,
    expires: PULL_EXPIRES_MS,
  });
  const stop = (): void => messages.stop();
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop(); // Meanwhile, and its event is over.
  try {
    for await (const message of messages)
      yield {
        seq: message.seq,
        storeMs: Math.floor(message.info.timestampNanos / 1e6),
        subject: message.subject,
        data: message.data,
      };
  } finally {
    signal.removeEventListener("abort", stop);
    messages.stop();
  }
}

/** @param lane with the domain to read it in, if not from this server's own copy. */
export const readLane = (
  connection: NatsConnection,
  lane: LaneId & { readonly domain?: string },
  fromSeq: number,
  logger: Logger,
  signal: AbortSignal,
): AsyncGenerator<LogEntry, void, void> =>
  readSlice(
    connection,
    {
      ...(lane.domain === undefined ? {} : { domain: lane.domain }),
      stream: telemetryStream(lane.region),
      subject: telemetrySubject(lane.region, lane.partition),
      from: fromSeq,
    },
    logger.child({ lane: laneName(lane) }),
    signal,
  );
