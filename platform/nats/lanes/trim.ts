// Retention of logs and mirrors by what is still needed, never by size or age alone.
//
// D1. A frame goes only if it is older than what is to be kept AND before the least position that
//     anyone still needs.
// D2. One position that is unknown keeps everything: a reader that is away comes back to its frames.
// D3. The newest frame stays, so that an emptied log or mirror never loses its place.
import type { Streams } from "../client/streams.ts";

export interface Retention {
  readonly stream: string;
  /** Frames younger than this stay whoever has read them. */
  readonly keepMs: number;
  /** The first frame that each reader still needs; null where that is not known (D2). */
  readonly needed: readonly (number | null)[];
}

export interface TrimResult {
  /** Frames removed. */
  readonly purged: number;
  /** The reason for which nothing may go, or null. */
  readonly heldBy: string | null;
}

/** The first sequence to keep, or null if nothing may go. Pure. */
export function keepFrom(
  { firstSeq, lastSeq }: { firstSeq: number; lastSeq: number },
  needed: readonly (number | null)[],
  youngSeq: number,
): number | null {
  let from = Math.min(youngSeq, lastSeq); // D3
  for (const seq of needed) {
    if (seq === null) return null; // D2
    from = Math.min(from, seq); // D1
  }
  return from > firstSeq ? from : null;
}

export async function trim(
  streams: Streams,
  { stream, keepMs, needed }: Retention,
  nowMs: number,
): Promise<TrimResult> {
  if (needed.includes(null)) return { purged: 0, heldBy: "a position is not known" };
  const range = await streams.state(stream);
  const youngSeq = await firstSeqSince(streams, stream, range, nowMs - keepMs);
  const from = keepFrom(range, needed, youngSeq);
  if (from === null) return { purged: 0, heldBy: null };
  return { purged: await streams.purge(stream, { before: from }), heldBy: null };
}

/** The first sequence stored at `sinceMs` or later, by bisection; `lastSeq + 1` if there is none. */
export async function firstSeqSince(
  streams: Streams,
  stream: string,
  { firstSeq, lastSeq }: { firstSeq: number; lastSeq: number },
  sinceMs: number,
): Promise<number> {
  let low = firstSeq;
  let high = lastSeq + 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const storedMs = await storedAt(streams, stream, middle);
    // A frame that is gone was older than those that are left.
    if (storedMs === null || storedMs < sinceMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The time at which a message was stored, epoch ms; null if the stream does not hold it. */
export async function storedAt(
  streams: Streams,
  stream: string,
  seq: number,
): Promise<number | null> {
  return (await streams.at(stream, seq))?.storeMs ?? null;
}
