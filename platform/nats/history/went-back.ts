// Whether a region's stream went back behind the hub's copy of it: its store came back older, and it uses numbers again
// that the copy holds other messages under. A mirror takes nothing up to its own end, and says lag 0.
//
// - What is stored at one moment in the region has that time in every copy: two messages under one number are of two
//   histories if their times differ. From the first such number on all differ, up to the copy's end of then.
// - A range that was found before stays different for ever, because the stream went on behind it: it is passed over.
import type { Rollback } from "../../../contracts/messages/copy.ts";
import { mirroredPrefix } from "../../../contracts/names/subjects.ts";
import type { NatsConnection } from "../client/connection.ts";
import { Streams } from "../client/streams.ts";
import { storedAt } from "../lanes/trim.ts";

const ANSWER_WITHIN_MS = 5_000;

export interface DifferingRange {
  readonly fromSeq: number;
  readonly untilSeq: number;
}

export interface Looked {
  /** Range that was found the last time; null if none ever was. */
  readonly known: Pick<Rollback, "fromSeq" | "copySeq"> | null;
  /** Numbers at which the copy stood once, or is suspected. */
  readonly suspects?: readonly number[];
}

/** The first message of the copy from a number on, before another one, that the region still has a message beside; null without one. */
type Beside = (from: number, before: number) => Promise<{ seq: number; isSame: boolean } | null>;

/**
 * The numbers under which a region's stream holds, or will hold, something else than the hub's copy; null if there are none but
 * those that are known.
 * @param hub a connection to the hub's server.
 * @throws AppError `NATS_UNAVAILABLE` (retry) if one of the two cannot be asked.
 */
export async function differingRange(
  hub: NatsConnection,
  { region, stream }: { readonly region: string; readonly stream: string },
  { known, suspects = [] }: Looked,
): Promise<DifferingRange | null> {
  const copies = new Streams(hub, { timeoutMs: ANSWER_WITHIN_MS });
  const origins = new Streams(hub, { domain: region, timeoutMs: ANSWER_WITHIN_MS });
  // The copy first: it is never ahead then.
  const copy = await copies.find(stream);
  const origin = await origins.find(stream);
  if (!copy || !origin || copy.lastSeq === 0) return null;
  const subject = `${mirroredPrefix(stream)}.${region}.>`;
  const beside: Beside = async (from, before) => {
    for (let at = from; at < before; at++) {
      const own = await copies.next(stream, subject, at);
      if (!own || own.seq >= before) return null;
      const there = await storedAt(origins, stream, (at = own.seq));
      if (there !== null) return { seq: at, isSame: there === own.storeMs };
    }
    return null;
  };
  const first = Math.max(copy.firstSeq, origin.firstSeq);
  const last = Math.min(copy.lastSeq, origin.lastSeq);
  const behind = known?.copySeq ?? 0;
  let untilSeq = copy.lastSeq > origin.lastSeq ? copy.lastSeq : null;
  if (untilSeq === null) {
    const asked = [copy.lastSeq, ...suspects].filter((seq) => seq > behind && seq <= last);
    for (const seq of [...new Set(asked)].sort((a, b) => b - a)) {
      if ((await beside(seq, seq + 1))?.isSame !== false) continue;
      untilSeq = (await firstWhere(beside, true, seq, last)) - 1;
      break;
    }
    if (untilSeq === null) return null;
  }
  return { fromSeq: await firstDiffering(beside, { first, last }, known), untilSeq };
}

/** The first number that differs, behind what is known or, if it went back farther than that, before. */
async function firstDiffering(
  beside: Beside,
  { first, last }: { readonly first: number; readonly last: number },
  known: Looked["known"],
): Promise<number> {
  const search = (from: number, to: number) => firstWhere(beside, false, from, to);
  if (!known || known.copySeq < first) return search(first, last);
  const { copySeq, fromSeq = copySeq } = known;
  if (last > copySeq) {
    const found = await search(copySeq + 1, last);
    if (found > copySeq + 1) return found;
  }
  return search(first, Math.min(last, fromSeq - 1));
}

/**
 * The first number of a range for which it is so, by bisection; the one behind the range if it is so for none. Messages
 * that one side does not hold any more say nothing: the next one is asked.
 */
async function firstWhere(
  beside: Beside,
  isSame: boolean,
  from: number,
  to: number,
): Promise<number> {
  let low = from;
  let high = to + 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const found = await beside(middle, high);
    if (found === null || found.isSame === isSame) high = middle;
    else low = found.seq + 1;
  }
  return low;
}
