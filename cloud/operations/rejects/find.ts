// Rejects, which gateways refused and kept: found in a region's stream, or in the hub's copy of it.
import { UNKNOWN_CONTRACT } from "../../../contracts/messages/ledger.ts";
import { REJECT_REASONS, type Reject } from "../../../contracts/messages/reject.ts";
import { rejectAddress, rejectFilter, rejectsStream } from "../../../contracts/names/subjects.ts";
import type { NatsConnection } from "../../../platform/nats/client/connection.ts";
import { jsonOf } from "../../../platform/nats/client/payload.ts";
import { readStored } from "../../../platform/nats/client/stream-reader.ts";
import { Streams } from "../../../platform/nats/client/streams.ts";
import { readDropped } from "../../../platform/nats/lanes/dropped-rejects.ts";
import { refused } from "../refused.ts";

/** The newest few are looked for at the end of the stream, then in ever larger parts of it. */
const SPAN_GROWTH = 8;

export interface RejectQuery {
  readonly region: string;
  readonly reason?: string;
  readonly device?: string;
  /** A published contract; {@link UNKNOWN_CONTRACT} for those whose contract nobody knew as they were refused. */
  readonly contract?: string;
  /** Arrived at or after this, epoch ms. */
  readonly sinceMs?: number;
}

export interface KeptReject {
  readonly seq: number;
  readonly reject: Reject;
}

/** The subjects of those that fit. */
const subjectsOf = ({ contract, ...of }: RejectQuery): string =>
  rejectFilter(
    contract === undefined
      ? of
      : { ...of, contract: contract === UNKNOWN_CONTRACT ? null : contract },
  );

/** The newest `limit` rejects that fit, oldest first. */
export async function findRejects(
  connection: NatsConnection,
  query: RejectQuery,
  limit: number,
): Promise<KeptReject[]> {
  checkReason(query);
  const streams = new Streams(connection);
  const stream = rejectsStream(query.region);
  const subject = subjectsOf(query);
  const newest = await streams.newest(stream, subject);
  if (!newest) return [];
  const lastSeq = newest.seq;
  const { firstSeq } = await streams.state(stream);
  for (let span = limit; ; span *= SPAN_GROWTH) {
    const from = Math.max(firstSeq, lastSeq - span + 1);
    const bounds = { sinceMs: query.sinceMs ?? 0, limit };
    const fitting = await readRange(connection, { stream, subject, from }, lastSeq, bounds);
    if (fitting.length >= limit || from === firstSeq) return fitting;
  }
}

/** Sequences of all rejects that fit, oldest first: there may be too many to hold the rejects themselves. */
export async function rejectSeqs(
  connection: NatsConnection,
  query: RejectQuery,
): Promise<number[]> {
  checkReason(query);
  const stream = rejectsStream(query.region);
  const subject = subjectsOf(query);
  const newest = await new Streams(connection).newest(stream, subject);
  const seqs: number[] = [];
  if (!newest) return seqs;
  const slice = { stream, subject, from: 1 };
  for await (const { seq, data } of readStored(connection, slice, newest.seq))
    if ((rejectOf(data)?.receivedAtMs ?? -1) >= (query.sinceMs ?? 0)) seqs.push(seq);
  return seqs;
}

function checkReason({ reason }: RejectQuery): void {
  if (reason !== undefined && !REJECT_REASONS.some((known) => known === reason))
    throw refused(`the reason "${reason}" is none of ${REJECT_REASONS.join(", ")}`);
}

/** The number of fitting ones that are gone, for want of room or by age, and were not replayed. */
export async function goneRejects(
  connection: NatsConnection,
  { region, reason, device, contract, sinceMs }: RejectQuery,
): Promise<number> {
  const { dropped, others } = await readDropped(new Streams(connection), region);
  const isFiltered = [reason, device, contract, sinceMs].some((one) => one !== undefined);
  return dropped
    .filter(
      (one) =>
        (reason === undefined || one.reason === reason) &&
        (device === undefined || one.device === device) &&
        (contract === undefined || (one.contract ?? UNKNOWN_CONTRACT) === contract) &&
        one.atMs >= (sinceMs ?? 0),
    )
    .reduce((sum, { forRoom, byAge }) => sum + forRoom + byAge, isFiltered ? 0 : others);
}

/** One reject, or null if there is none of that sequence (any more). */
export async function rejectAt(
  connection: NatsConnection,
  region: string,
  seq: number,
): Promise<KeptReject | null> {
  const message = await new Streams(connection).at(rejectsStream(region), seq);
  // The count of those that are gone is in the same stream.
  if (!message || !rejectAddress(message.subject)) return null;
  const reject = rejectOf(message.data);
  return reject && { seq, reject };
}

/** The newest that fit, no more than the limit in memory at any time. Up to `lastSeq`, or to the end, where that has been replayed and deleted meanwhile. */
async function readRange(
  connection: NatsConnection,
  slice: { stream: string; subject: string; from: number },
  lastSeq: number,
  { sinceMs, limit }: { sinceMs: number; limit: number },
): Promise<KeptReject[]> {
  const found: KeptReject[] = [];
  for await (const { seq, data } of readStored(connection, slice, lastSeq)) {
    const reject = rejectOf(data);
    if (!reject || reject.receivedAtMs < sinceMs) continue;
    found.push({ seq, reject });
    if (found.length > limit) found.shift();
  }
  return found;
}

/** Null for what no gateway wrote. */
function rejectOf(data: Uint8Array): Reject | null {
  try {
    const reject = jsonOf<Partial<Reject> | null>(data);
    const isReject = typeof reject?.payload === "string" && Number.isFinite(reject.receivedAtMs);
    return isReject ? (reject as Reject) : null;
  } catch {
    return null;
  }
}
