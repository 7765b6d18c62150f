// The count of rejects that are gone, by device, reason and contract: the last message on one subject of the rejects
// themselves, so that it is wherever they are, also in copies.
import type { DroppedRecord, DroppedRejects } from "../../../contracts/messages/reject.ts";
import { rejectsDroppedSubject, rejectsStream } from "../../../contracts/names/subjects.ts";
import type { NatsConnection } from "../client/connection.ts";
import { jsonOf } from "../client/payload.ts";
import { publishExpecting, publisherOn } from "../client/publish.ts";
import { Streams } from "../client/streams.ts";

/** Devices, reasons and contracts of which it is counted by name how many rejects are gone; the rest is summed up. */
export const DROPPED_NAMED_MAX = 1_000;
const TRIES_MAX = 10;

const NOTHING: DroppedRecord = { dropped: [], others: 0 };

const total = ({ forRoom, byAge }: DroppedRejects): number => forRoom + byAge;

/** The record with more in it, and without what went before `sinceMs` (pure). */
export function withDropped(
  { dropped, others }: DroppedRecord,
  more: readonly DroppedRejects[],
  sinceMs: number,
): DroppedRecord {
  const byName = new Map<string, DroppedRejects>();
  for (const one of [...dropped, ...more]) {
    const name = JSON.stringify([one.device, one.reason, one.contract ?? null]);
    const before = byName.get(name);
    byName.set(name, {
      ...one,
      forRoom: one.forRoom + (before?.forRoom ?? 0),
      byAge: one.byAge + (before?.byAge ?? 0),
    });
  }
  const all = [...byName.values()]
    .filter(({ atMs }) => atMs >= sinceMs)
    .sort((a, b) => total(b) - total(a));
  const rest = all.slice(DROPPED_NAMED_MAX).reduce((sum, one) => sum + total(one), 0);
  return { dropped: all.slice(0, DROPPED_NAMED_MAX), others: others + rest };
}

/** The rejects that are gone, as a server that has them, or a copy of them, knows. */
export async function readDropped(streams: Streams, domain: string): Promise<DroppedRecord> {
  return (await readLast(streams, domain)).record;
}

async function readLast(
  streams: Streams,
  domain: string,
): Promise<{ record: DroppedRecord; seq: number }> {
  const subject = rejectsDroppedSubject(domain);
  const last = await streams.newest(rejectsStream(domain), subject);
  return last
    ? { record: jsonOf<DroppedRecord>(last.data), seq: last.seq }
    : { record: NOTHING, seq: 0 };
}

/** Adds to the count, whoever else does so meanwhile. */
export async function noteDropped(
  connection: NatsConnection,
  domain: string,
  more: readonly DroppedRejects[],
  sinceMs: number,
): Promise<DroppedRecord> {
  const streams = new Streams(connection);
  const publisher = publisherOn(connection);
  const subject = rejectsDroppedSubject(domain);
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const { record, seq } = await readLast(streams, domain);
    const next = withDropped(record, more, sinceMs);
    const data = Buffer.from(JSON.stringify(next));
    if ((await publishExpecting(publisher, { subject, data }, { ofSubject: seq })) === null)
      continue;
    await streams.purge(rejectsStream(domain), { subject, keep: 1 });
    return next;
  }
  throw new Error(`${subject}: somebody else was faster ${TRIES_MAX} times`);
}
