// Reading a stream: in order and for ever, or what it holds now, once. Without making a consumer, which nobody but
// the topology tool may (feeds.ts).
import type { NatsConnection } from "nats";
import { isFiller } from "../../../contracts/names/subjects.ts";
import { Backoff, sleep } from "../../runtime/backoff.ts";
import { messageOf } from "../../runtime/errors.ts";
import type { Logger } from "../../runtime/logger.ts";
import { userOf } from "./connection.ts";
import { translate } from "./errors.ts";
import { feedSubject } from "./feeds.ts";
import type { LogEntry } from "./log-entry.ts";
import { PushFeed } from "./push-feed.ts";
import { readRange } from "./stored-range.ts";
import { Streams } from "./streams.ts";

export interface StreamSlice {
  /** Another JetStream domain than the server's own: an origin beyond the WAN. */
  readonly domain?: string;
  readonly stream: string;
  readonly subject: string;
  /** First sequence wanted, or the latest entry of every subject and then what follows. */
  readonly from: number | "last-per-subject";
  /** Time between two looks at a slice that nobody is fed with (topology/live-readers.ts), ms. */
  readonly lookEveryMs?: number;
}

/** A reader without a feed looks this often; one whose feed is heard is told, and looks all the same. */
const LOOK_EVERY_MS = 50;
const LOOK_EVERY_OVER_WAN_MS = 250;
const LOOK_EVERY_IF_FED_MS = 30_000;
/** A feed that has fallen silent, because somebody deleted its consumer, is noticed within this time more. */
const ASK_FEED_EVERY_MS = 1_000;
/** Requests for the latest entries of subjects at once. */
const LATEST_AT_ONCE = 32;

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
  using feed = feedOf(connection, slice);
  const wake = (): void => feed.wake();
  signal.addEventListener("abort", wake, { once: true });
  try {
    while (!signal.aborted) {
      try {
        for await (const entry of follow(connection, { ...slice, from }, feed, signal)) {
          if (typeof from === "number" && entry.seq < from) continue;
          from = entry.seq + 1;
          backoff.reset();
          if (!isFiller(entry.subject)) yield entry;
        }
      } catch (error) {
        if (signal.aborted) return;
        logger.warn(
          { ...slice, from },
          `reading the log stopped, will resume: ${messageOf(error)}`,
        );
      }
      await sleep(backoff.next(), signal);
    }
  } finally {
    signal.removeEventListener("abort", wake);
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
  const streams = streamsOf(connection, slice);
  const newest = (await streams.newest(slice.stream, slice.subject))?.seq ?? 0;
  const until = Math.min(newest, untilSeq);
  try {
    const found =
      slice.from === "last-per-subject"
        ? latest(streams, slice, until)
        : readRange(connection, { ...slice, from: slice.from, until });
    for await (const entry of found) if (!isFiller(entry.subject)) yield entry;
  } catch (error) {
    throw translate(error);
  }
}

/** Nobody feeds a connection without a user's name, or one that reads over the WAN. */
function feedOf(connection: NatsConnection, slice: StreamSlice): PushFeed {
  const { domain, stream, subject, lookEveryMs } = slice;
  const user = domain === undefined && lookEveryMs === undefined ? userOf(connection) : null;
  const from = user === null ? null : feedSubject({ user, stream, subject });
  return new PushFeed(connection, from, subject);
}

/** Follows one feed and fills what it lacks from the stream, until the signal aborts. */
async function* follow(
  connection: NatsConnection,
  slice: StreamSlice,
  feed: PushFeed,
  signal: AbortSignal,
): AsyncGenerator<LogEntry, void, void> {
  let next: number;
  if (slice.from === "last-per-subject") {
    const streams = streamsOf(connection, slice);
    const newest = (await streams.newest(slice.stream, slice.subject))?.seq ?? 0;
    yield* latest(streams, slice, newest);
    next = newest + 1;
  } else next = slice.from;
  const every =
    slice.lookEveryMs ?? (slice.domain === undefined ? LOOK_EVERY_MS : LOOK_EVERY_OVER_WAN_MS);
  let lookedAtMs = -Infinity;
  let lookedTo = 0;
  while (!signal.aborted) {
    const pushed = feed.take();
    if (pushed) {
      const { entry, after } = pushed;
      if (entry.seq < next) continue;
      if (after === null || after >= next) {
        const missing = { ...slice, from: next, until: entry.seq - 1 };
        for await (const missed of readRange(connection, missing)) {
          yield missed;
          next = missed.seq + 1;
          if (signal.aborted) return;
        }
      }
      yield entry;
      next = entry.seq + 1;
      continue;
    }
    const { headSeq } = feed;
    const dueMs = lookedAtMs + (feed.isHeard ? LOOK_EVERY_IF_FED_MS : every);
    if (performance.now() >= dueMs || headSeq >= Math.max(next, lookedTo + 1)) {
      const all = { ...slice, from: next, until: Infinity, known: headSeq };
      for await (const entry of readRange(connection, all)) {
        yield entry;
        next = entry.seq + 1;
        if (signal.aborted) return;
        if (!feed.isEmpty) break; // It goes on with what is pushed.
      }
      if (!feed.isEmpty) continue;
      lookedTo = headSeq; // What is not there now was removed.
      lookedAtMs = performance.now();
    }
    await feed.changed(feed.isHeard ? ASK_FEED_EVERY_MS : every);
  }
}

/** The newest entry of every subject of a slice, up to a sequence, in order. */
async function* latest(
  streams: Streams,
  { stream, subject }: StreamSlice,
  until: number,
): AsyncGenerator<LogEntry, void, void> {
  const subjects = [...(await streams.subjects(stream, subject)).keys()];
  const found: LogEntry[] = [];
  let at = 0;
  const work = async (): Promise<void> => {
    while (at < subjects.length) {
      const entry = await streams.newest(stream, subjects[at++]!);
      if (entry && entry.seq <= until) found.push(entry);
    }
  };
  await Promise.all(Array.from({ length: LATEST_AT_ONCE }, work));
  yield* found.sort((a, b) => a.seq - b.seq);
}

const streamsOf = (connection: NatsConnection, { domain }: StreamSlice): Streams =>
  new Streams(connection, domain === undefined ? {} : { domain });
