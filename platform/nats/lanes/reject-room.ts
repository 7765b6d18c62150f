// Room for rejects: kept within the bounds of their stream by age and by fair shares, before the server
// does it its own way, which is the oldest of all first, without a count.
//
// F1. What goes is counted by device, reason and contract; of a copy it is not, because its origin counts.
// F2. Work starts at CROWDED of the bound and goes down to ROOMY, so that it is seldom.
// F3. Several may do so at once: each counts only what it has removed itself.
import type { DroppedRecord, DroppedRejects } from "../../../contracts/messages/reject.ts";
import {
  rejectAddress,
  rejectSubjects,
  rejectsDroppedSubject,
  rejectsStream,
} from "../../../contracts/names/subjects.ts";
import type { NatsConnection } from "../client/connection.ts";
import { readStored } from "../client/stream-reader.ts";
import { type StreamState, Streams } from "../client/streams.ts";
import { noteDropped, readDropped } from "./dropped-rejects.ts";
import { type RejectShare, fairCuts } from "./reject-shares.ts";

/** Shares of the bound in bytes at which the oldest of those who have most begin to go, and stop. */
export const CROWDED = 0.8;
export const ROOMY = 0.7;
/** Rejects go by age this much before the server would remove them uncounted, or a tenth of that age. */
const AGE_MARGIN_MS = 3_600_000;
/** Rejects removed by age in one run. */
const AGED_MAX = 20_000;
/** The bytes that JetStream stores of a message beside subject and data, its message id included. */
const OVERHEAD_BYTES = 80;
/** Subjects whose newest reject tells the size of the others, asked for together. */
const SIZES_AT_ONCE = 32;
/** Shares are known well enough once they make up this much of the stream. */
const KNOWN_ENOUGH = 0.9;
/** Estimates may be off, so it is looked again. */
const ROUNDS_MAX = 4;

export interface RoomMade {
  /** Removed now. */
  readonly dropped: readonly DroppedRejects[];
  /** The whole count, as far as it is known. */
  readonly record: DroppedRecord;
  /** The bound of the stream; null without one. */
  readonly bytesMax: number | null;
}

/** Keeps the rejects of `domain` at this server within their bounds. */
export async function makeRoom(
  connection: NatsConnection,
  domain: string,
  nowMs: number,
): Promise<RoomMade> {
  const streams = new Streams(connection);
  const state = await streams.state(rejectsStream(domain));
  const { bytesMax } = state;
  const isCopy = state.mirror !== null;
  const removed = isCopy ? [] : await removeAged(connection, domain, state, nowMs);
  removed.push(...(await removeCrowding(streams, domain)));
  const dropped = gathered(removed, nowMs);
  if (isCopy || dropped.length === 0)
    // F1
    return { dropped: isCopy ? [] : dropped, record: await readDropped(streams, domain), bytesMax };
  const sinceMs = state.maxAgeMs === 0 ? 0 : nowMs - state.maxAgeMs;
  return { dropped, record: await noteDropped(connection, domain, dropped, sinceMs), bytesMax };
}

interface Removed {
  readonly subject: string;
  readonly forRoom: number;
  readonly byAge: number;
}

function gathered(removed: readonly Removed[], atMs: number): DroppedRejects[] {
  const bySubject = Map.groupBy(removed, ({ subject }) => subject);
  return [...bySubject].flatMap(([subject, own]) => {
    const { contract, ...address } = rejectAddress(subject) ?? { contract: null };
    const forRoom = own.reduce((sum, one) => sum + one.forRoom, 0);
    const byAge = own.reduce((sum, one) => sum + one.byAge, 0);
    if (!("device" in address) || forRoom + byAge === 0) return [];
    return [{ ...address, ...(contract === null ? {} : { contract }), forRoom, byAge, atMs }];
  });
}

async function removeAged(
  connection: NatsConnection,
  domain: string,
  { name, firstSeq, messages, maxAgeMs }: StreamState,
  nowMs: number,
): Promise<Removed[]> {
  const streams = new Streams(connection);
  if (maxAgeMs === 0 || messages === 0) return [];
  const oldestMs = nowMs - maxAgeMs + Math.min(AGE_MARGIN_MS, maxAgeMs / 10);
  const counts = new Map<string, number>();
  let before = firstSeq;
  let seen = 0;
  const slice = { stream: name, subject: rejectSubjects(domain), from: firstSeq };
  for await (const { seq, storeMs, subject } of readStored(connection, slice)) {
    if (storeMs >= oldestMs || seen === AGED_MAX) break;
    seen += 1;
    before = seq + 1;
    counts.set(subject, (counts.get(subject) ?? 0) + 1);
  }
  if (seen === 0 || (await streams.purge(name, { before })) === 0) return []; // F3
  return [...counts].map(([subject, byAge]) => ({ subject, byAge, forRoom: 0 }));
}

async function removeCrowding(streams: Streams, domain: string): Promise<Removed[]> {
  const stream = rejectsStream(domain);
  const removed: Removed[] = [];
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const { bytes, bytesMax } = await streams.state(stream);
    // F2
    if (bytesMax === null || bytes <= (round === 0 ? CROWDED : ROOMY) * bytesMax) break;
    const shares = await sharesOf(streams, domain, bytes);
    const known = shares.reduce((sum, share) => sum + share.bytes, 0);
    const cuts = fairCuts(shares, Math.max(0, known - (bytes - ROOMY * bytesMax)));
    let gone = 0;
    for (const { subject, keep } of cuts) {
      // A purge that keeps none takes no number; the newest stays anyway.
      const forRoom = await streams.purge(stream, { subject, keep: Math.max(1, keep) });
      removed.push({ subject, forRoom, byAge: 0 });
      gone += forRoom;
    }
    if (gone === 0) break;
  }
  return removed;
}

/**
 * Who has how much: exact in messages, and in bytes by the size of the newest one. The size of those with few
 * messages is not asked for once the others make up nearly everything.
 */
async function sharesOf(streams: Streams, domain: string, bytes: number): Promise<RejectShare[]> {
  const stream = rejectsStream(domain);
  const counts = await streams.subjects(stream, rejectSubjects(domain));
  const own = rejectsDroppedSubject(domain);
  const most = [...counts].filter(([subject]) => subject !== own).sort((a, b) => b[1] - a[1]);
  const shares: RejectShare[] = [];
  let known = 0;
  for (let at = 0; at < most.length && known < KNOWN_ENOUGH * bytes; at += SIZES_AT_ONCE) {
    const some = most.slice(at, at + SIZES_AT_ONCE).map(async ([subject, messages]) => {
      const newest = await streams.newest(stream, subject);
      const size = (newest?.data.length ?? 0) + subject.length + OVERHEAD_BYTES;
      const device = rejectAddress(subject)?.device ?? "";
      return { subject, device, messages, bytes: messages * size };
    });
    for (const share of await Promise.all(some)) {
      shares.push(share);
      known += share.bytes;
    }
  }
  return shares;
}
