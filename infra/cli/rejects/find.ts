// What gateways refused and kept: found in a region's stream, and put into words.
import { DeliverPolicy, type JetStreamManager, type NatsConnection, NatsError } from "nats";
import { REJECT_REASONS, type Reject } from "../../../contracts/messages/reject.ts";
import { rejectFilter, rejectsStream } from "../../../contracts/names/subjects.ts";
import { refused } from "../kit/refused.ts";
import { printable } from "../kit/words.ts";
import { hexDump } from "./hex-dump.ts";

const PAYLOAD_SHOWN_CHARS = 120;
/** An empty answer takes `expires`, and only an unlucky reader gets one. */
const FETCH = { max_messages: 500, expires: 2_000 };
const NO_MESSAGE_FOUND = 10037;
/** The newest few are looked for at the end of the stream, then in ever larger parts of it. */
const SPAN_GROWTH = 8;

export interface RejectQuery {
  readonly region: string;
  readonly reason?: string;
  readonly device?: string;
  /** Arrived at or after this, epoch ms. */
  readonly sinceMs?: number;
}

export interface KeptReject {
  readonly seq: number;
  readonly reject: Reject;
}

/** The newest `limit` rejects that fit, oldest first. */
export async function findRejects(
  connection: NatsConnection,
  query: RejectQuery,
  limit: number,
): Promise<KeptReject[]> {
  if (query.reason !== undefined && !REJECT_REASONS.some((known) => known === query.reason))
    throw refused(`the reason "${query.reason}" is none of ${REJECT_REASONS.join(", ")}`);
  const manager = await connection.jetstreamManager();
  const stream = rejectsStream(query.region);
  const subject = rejectFilter(query);
  const lastSeq = await lastSequence(manager, stream, subject);
  if (lastSeq === null) return [];
  const firstSeq = (await manager.streams.info(stream)).state.first_seq;
  for (let span = limit; ; span *= SPAN_GROWTH) {
    const from = Math.max(firstSeq, lastSeq - span + 1);
    const found = await readRange(connection, { stream, subject, from }, lastSeq);
    const fitting = found.filter(({ reject }) => reject.receivedAtMs >= (query.sinceMs ?? 0));
    if (fitting.length >= limit || from === firstSeq) return fitting.slice(-limit);
  }
}

/** One reject, or null if there is none of that sequence (any more). */
export async function rejectAt(
  connection: NatsConnection,
  region: string,
  seq: number,
): Promise<KeptReject | null> {
  const { streams } = await connection.jetstreamManager();
  const message = await orNull(streams.getMessage(rejectsStream(region), { seq }));
  return message && { seq, reject: message.json<Reject>() };
}

async function lastSequence(
  manager: JetStreamManager,
  stream: string,
  subject: string,
): Promise<number | null> {
  const message = await orNull(manager.streams.getMessage(stream, { last_by_subj: subject }));
  return message?.seq ?? null;
}

async function orNull<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof NatsError && error.api_error?.err_code === NO_MESSAGE_FOUND) return null;
    throw error;
  }
}

/** Up to `lastSeq`, or to the end, where that has been replayed and deleted meanwhile. */
async function readRange(
  connection: NatsConnection,
  slice: { stream: string; subject: string; from: number },
  lastSeq: number,
): Promise<KeptReject[]> {
  const consumer = await connection.jetstream().consumers.get(slice.stream, {
    filterSubjects: slice.subject,
    deliver_policy: DeliverPolicy.StartSequence,
    opt_start_seq: slice.from,
  });
  const found: KeptReject[] = [];
  for (;;) {
    let came = 0;
    let done = false;
    // A copy: the client writes into its options, and a second fetch with them gets nothing.
    for await (const message of await consumer.fetch({ ...FETCH })) {
      came += 1;
      if (message.seq <= lastSeq) found.push({ seq: message.seq, reject: message.json<Reject>() });
      done = message.seq >= lastSeq || message.info.pending === 0;
      if (done) break;
    }
    if (done || came === 0) return found;
  }
}

/** One line: sequence, arrival, reason, topic, client, detail, and how the payload begins. */
export function lineOf({ seq, reject }: KeptReject): string {
  const payload = Buffer.from(reject.payload, "base64").toString("utf8");
  const shown = JSON.stringify(payload.slice(0, PAYLOAD_SHOWN_CHARS));
  const at = new Date(reject.receivedAtMs).toISOString();
  return `${seq} ${at} ${reject.reason} ${reject.topic} (${reject.clientId}): ${reject.detail}; ${shown}`;
}

/** Everything of a reject, one property a line, then the payload: as text, or as a hex dump. */
export function describe({ seq, reject }: KeptReject): string[] {
  const payload = Buffer.from(reject.payload, "base64");
  const version = reject.version === null ? "" : ` v${reject.version}`;
  const rows: [string, string | undefined][] = [
    ["seq", String(seq)],
    ["reason", reject.reason],
    ["detail", reject.detail],
    ["arrived", new Date(reject.receivedAtMs).toISOString()],
    ["topic", reject.topic],
    ["client", reject.clientId],
    ["device", reject.device],
    ["contract", reject.contract === null ? "none" : `${reject.contract}${version}`],
    ["mapping", reject.mapping],
    ["elements", reject.elements?.join(", ")],
    ["trace", reject.traceparent],
    ["payload", `${payload.length} bytes`],
  ];
  const lines = rows.flatMap(([name, value]) =>
    value === undefined ? [] : [`${name.padEnd(10)}${printable(value)}`],
  );
  return [...lines, "", ...payloadLines(payload)];
}

function payloadLines(payload: Buffer): string[] {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(payload);
    // Control characters could rewrite the terminal; a dump shows them.
    return /[^\P{Cc}\t\n\r]/u.test(text) ? hexDump(payload) : text.split(/\r?\n/);
  } catch {
    return hexDump(payload);
  }
}
