// The hub's records as they are stored, at the hub and in the copies of the regions.
import {
  COMMANDS_STREAM,
  COMMANDS_SUBJECTS,
  COPIES_BUCKET,
  GENERATIONS_BUCKET,
  bucketStream,
} from "../../../contracts/names/subjects.ts";
import type { NatsConnection } from "../client/connection.ts";
import type { LogEntry } from "../client/log-entry.ts";
import { readStored } from "../client/stream-reader.ts";
import { type StreamState, Streams } from "../client/streams.ts";
import { type Divergence, divergenceOf } from "./divergence.ts";

/** Streams with what the hub says of itself, which nobody else can know better. */
const OF_THE_HUB_ITSELF: ReadonlySet<string> = new Set(
  [COPIES_BUCKET, GENERATIONS_BUCKET].map(bucketStream),
);

/** True for a stream with what people and programs have written, which may be merged from several sides. */
export const isOfRecords = (stream: string): boolean => !OF_THE_HUB_ITSELF.has(stream);

const ANSWER_WITHIN_MS = 5_000;

export interface Seen {
  readonly state: StreamState;
  readonly records: readonly LogEntry[];
}

/**
 * All records of a stream; null if there is no such stream.
 * @param domain the region whose copy is read over the WAN; absent: the connection's own.
 */
export async function readRecords(
  connection: NatsConnection,
  stream: string,
  domain?: string,
): Promise<Seen | null> {
  const of = domain === undefined ? {} : { domain };
  const state = await new Streams(connection, { ...of, timeoutMs: ANSWER_WITHIN_MS }).find(stream);
  if (!state) return null;
  const records: LogEntry[] = [];
  const slice = { ...of, stream, subject: subjectsOf(stream), from: 1 };
  if (state.messages > 0) for await (const one of readStored(connection, slice)) records.push(one);
  return { state, records };
}

const subjectsOf = (stream: string): string =>
  stream === COMMANDS_STREAM ? COMMANDS_SUBJECTS : `$KV.${stream.replace(/^KV_/, "")}.>`;

/** The differences between the hub's records and a region's copy, which was read first; null if there are none. */
export function differencesOf(hub: Seen, copy: Seen, nowMs: number): Divergence | null {
  const { maxAgeMs } = hub.state;
  const isBounded = hub.state.bytesMax !== null || maxAgeMs > 0;
  const fromSeq = isBounded ? Math.max(hub.state.firstSeq, copy.state.firstSeq) : 0;
  return divergenceOf(sideOf(hub), sideOf(copy), nowMs, { maxAgeMs, fromSeq });
}

const sideOf = ({ state: { lastSeq }, records }: Seen) => ({ lastSeq, records });
