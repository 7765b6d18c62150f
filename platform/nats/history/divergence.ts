// Whether a region's copy of the hub's records and the hub's own are of one history (pure).
//
// A stream here keeps the newest message of each subject. So whatever a copy has, the hub has too, under the same
// number, or has something newer of that subject; and whatever the hub has up to the copy's end, the copy has.
// A hub that lost messages and used their numbers again breaks one of the two until nothing differs any more, also
// when it is past the number at which the copy stood.
import type { LogEntry } from "../client/log-entry.ts";

export interface Side {
  /** The last sequence ever used. */
  readonly lastSeq: number;
  readonly records: readonly LogEntry[];
}

/** Bounds by which a stream forgets by itself; 0 or absent: it never does. */
export interface Forgetting {
  readonly maxAgeMs: number;
  /** Sequences before it were forgotten by size, on either side. */
  readonly fromSeq: number;
}

export interface Divergence {
  /** Records that the region has, and the hub lost. */
  readonly lost: number;
  /** Records of the hub that never reach the region. */
  readonly skipped: number;
  /** Number of coming writes that the region would not get. */
  readonly ahead: number;
}

/** A record about to be forgotten may be there on one side only. */
const FORGOTTEN_WITHIN_MS = 60_000;

/**
 * The differences, or null if the two are of one history. The copy must have been read before the hub: what is
 * written meanwhile counts as newer.
 */
export function divergenceOf(
  hub: Side,
  copy: Side,
  nowMs: number,
  { maxAgeMs, fromSeq }: Forgetting = { maxAgeMs: 0, fromSeq: 0 },
): Divergence | null {
  const counts = ({ seq, storeMs }: LogEntry): boolean =>
    seq >= fromSeq && (maxAgeMs === 0 || nowMs - storeMs < maxAgeMs - FORGOTTEN_WITHIN_MS);
  const ofHub = bySubject(hub);
  const ofCopy = bySubject(copy);
  const lost = copy.records.filter((record) => {
    const own = ofHub.get(record.subject);
    return counts(record) && !(own && (own.seq > record.seq || isSame(own, record)));
  });
  const skipped = hub.records.filter((record) => {
    const seen = ofCopy.get(record.subject);
    const isDue = counts(record) && record.seq <= copy.lastSeq;
    return isDue && !(seen && (seen.seq > record.seq || isSame(seen, record)));
  });
  const ahead = Math.max(0, copy.lastSeq - hub.lastSeq);
  if (lost.length === 0 && skipped.length === 0 && ahead === 0) return null;
  return { lost: lost.length, skipped: skipped.length, ahead };
}

const bySubject = ({ records }: Side): ReadonlyMap<string, LogEntry> =>
  new Map(records.map((record) => [record.subject, record]));

const isSame = (a: LogEntry, b: LogEntry): boolean =>
  a.seq === b.seq && a.storeMs === b.storeMs && Buffer.compare(a.data, b.data) === 0;
