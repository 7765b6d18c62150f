// What a stream holds between two sequences, read without a consumer: `DIRECT.GET` answers each question with the
// next message of a subject, so windows of the range are asked side by side and put in order.
//
// Z1. In a cluster any replica answers, also one that lags: that it has nothing says nothing of what the stream is known
//     to hold. There its leader is asked before anything is passed over.
import { ErrorCode, type NatsConnection, NatsError } from "nats";
import { SIGNATURE_HEADER } from "../signed/signature.ts";
import { type LogEntry, WRITTEN_HEADER, isDeletionMark } from "./log-entry.ts";
import { Streams } from "./streams.ts";

export interface Range {
  /** Another JetStream domain than the server's own: an origin beyond the WAN. */
  readonly domain?: string;
  readonly stream: string;
  readonly subject: string;
  readonly from: number;
  readonly until: number;
  /** The last sequence that the stream is known to have had; absent: `until`. */
  readonly known?: number;
}

/** Sequences of a window. The first is small, for who wants only what is next; where a subject has few, they grow. */
const SPAN_FIRST = 1;
const SPAN = 32;
const SPAN_MAX = 1_000_000;
/** Entries of a window: fewer make the next one larger, more make it smaller again. */
const FEW = 8;
const MANY = 64;
const WINDOWS_MAX = 32;
/** Size of all windows that are asked for at once. */
const BYTES_MAX = 16 * 1024 ** 2;
const ASKING = { timeout: 5_000 };
const NOT_FOUND = 404;

interface Window {
  readonly entries: readonly LogEntry[];
  /** The first sequence behind it that is worth a look; null if there is nothing more. */
  readonly beyond: number | null;
}

/**
 * The messages of a subject (or filter) within the range, in order, up to the first end that is met.
 * @throws NatsError of the library
 */
export async function* readRange(
  connection: NatsConnection,
  range: Range,
): AsyncGenerator<LogEntry, void, void> {
  const get = getterOf(connection, range);
  const asked: Promise<Window>[] = [];
  let next = range.from;
  let span = SPAN_FIRST;
  let atOnce = 1;
  for (;;) {
    while (asked.length < atOnce && next <= range.until) {
      const window = readWindow(get, next, Math.min(next + span - 1, range.until));
      window.catch(() => undefined); // Thrown where it is awaited, if it is.
      asked.push(window);
      next += span;
    }
    const window = await asked.shift();
    if (!window) return;
    yield* window.entries;
    if (window.beyond === null) return;
    next = Math.max(next, window.beyond);
    if (span < SPAN || window.entries.length < FEW) span = Math.min(span * 2, SPAN_MAX);
    else if (window.entries.length > MANY) span = Math.max(SPAN, Math.floor(span / 2));
    const bytes = window.entries.reduce((sum, { data }) => sum + data.length, 1);
    atOnce = Math.max(1, Math.min(atOnce * 2, WINDOWS_MAX, Math.floor(BYTES_MAX / bytes)));
  }
}

type Get = (fromSeq: number) => Promise<LogEntry | null>;

/** The API of "direct get" (NATS ADR-31): the message itself is the answer, and what it is says its headers. */
function getterOf(connection: NatsConnection, range: Range): Get {
  const { domain, stream, subject, until, known = Number.isFinite(until) ? until : 0 } = range;
  const leader = new Streams(connection, {
    ...(domain === undefined ? {} : { domain }),
    timeoutMs: ASKING.timeout,
  });
  const api = domain === undefined ? "$JS.API" : `$JS.${domain}.API`;
  const to = `${api}.DIRECT.GET.${stream}`;
  const rest = `,"next_by_subj":${JSON.stringify(subject)}}`;
  return async (seq) => {
    const { headers, data } = await connection.request(to, `{"seq":${seq}${rest}`, ASKING);
    if (!headers) throw new NatsError("a direct answer without headers", ErrorCode.BadHeader);
    // A stored message has headers of its own, a status line and such names included: the server's come last.
    const found = headers.last("Nats-Sequence");
    if (found === "") {
      if (headers.code === NOT_FOUND) return seq > known ? null : leader.next(stream, subject, seq); // Z1
      throw new NatsError(headers.description, String(headers.code));
    }
    const isDeletion = isDeletionMark(headers.get("KV-Operation"));
    const written = headers.get(WRITTEN_HEADER);
    const signature = headers.get(SIGNATURE_HEADER);
    return {
      ...(written === "" ? {} : { writtenMs: Number(written) }),
      seq: Number(found),
      storeMs: Date.parse(headers.last("Nats-Time-Stamp")),
      subject: headers.last("Nats-Subject"),
      data,
      ...(isDeletion ? { isDeletion } : {}),
      ...(signature === "" ? {} : { signature }),
    };
  };
}

async function readWindow(get: Get, from: number, to: number): Promise<Window> {
  const entries: LogEntry[] = [];
  for (let at = from; at <= to;) {
    const entry = await get(at);
    if (!entry) return { entries, beyond: null };
    if (entry.seq > to) return { entries, beyond: entry.seq };
    entries.push(entry);
    at = entry.seq + 1;
  }
  return { entries, beyond: to + 1 };
}
