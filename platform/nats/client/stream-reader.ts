// Reading a stream: in order and for ever, or what it holds now, once.
import { type Consumer, DeliverPolicy, type JsMsg, type NatsConnection } from "nats";
import { Backoff, sleep } from "../../runtime/backoff.ts";
import { messageOf } from "../../runtime/errors.ts";
import type { Logger } from "../../runtime/logger.ts";
import { translate } from "./errors.ts";

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

/** Messages that the server may send ahead: bounds the memory of a reader that is behind. */
const PREFETCH_MESSAGES = 200;
/** The size of one request for stored messages, and the time that it waits for them. */
const FETCH = { max_messages: 500, expires: 2_000 };
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
  const consumer = await consumerOf(connection, slice);
  const messages = await consumer.consume({
    max_messages: PREFETCH_MESSAGES,
    expires: PULL_EXPIRES_MS,
  });
  const stop = (): void => messages.stop();
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop(); // Meanwhile, and its event is over.
  try {
    for await (const message of messages) yield entryOf(message);
  } finally {
    signal.removeEventListener("abort", stop);
    messages.stop();
  }
}

/**
 * The messages that a slice holds now, in order, up to a sequence if one is given. It ends early where
 * what was asked for is removed meanwhile.
 * @throws AppError `NATS_UNAVAILABLE` (retry) if the server does not answer or has no such stream.
 */
export async function* readStored(
  connection: NatsConnection,
  slice: StreamSlice,
  untilSeq = Infinity,
): AsyncGenerator<LogEntry, void, void> {
  try {
    const consumer = await consumerOf(connection, slice);
    for (;;) {
      let came = 0;
      // A copy: the client writes into its options, and a second fetch with them gets nothing.
      for await (const message of await consumer.fetch({ ...FETCH })) {
        came += 1;
        if (message.seq > untilSeq) return;
        yield entryOf(message);
        if (message.seq >= untilSeq || message.info.pending === 0) return;
      }
      if (came === 0) return;
    }
  } catch (error) {
    throw translate(error);
  }
}

const consumerOf = (connection: NatsConnection, slice: StreamSlice): Promise<Consumer> =>
  connection
    .jetstream(slice.domain === undefined ? {} : { domain: slice.domain })
    .consumers.get(slice.stream, {
      filterSubjects: slice.subject,
      ...(typeof slice.from === "number"
        ? { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: slice.from }
        : { deliver_policy: DeliverPolicy.LastPerSubject }),
    });

const entryOf = (message: JsMsg): LogEntry => ({
  seq: message.seq,
  storeMs: Math.floor(message.info.timestampNanos / 1e6),
  subject: message.subject,
  data: message.data,
});
