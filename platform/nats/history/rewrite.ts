// Writing merged records again at the hub, so that every reader takes them as new.
//
// W1. Nothing is taken out: what is there stays until it is overwritten, so that a kill in between costs nothing, and
//     the work may be done again.
// W2. When it is done each record has a sequence that no reader has seen, in whatever history: it counts as new
//     for readers that go on from where they were.
import { headers } from "nats";
import type { NatsConnection } from "../client/connection.ts";
import { translated } from "../client/errors.ts";
import { SIGNATURE_HEADER } from "../signed/signature.ts";
import { type LogEntry, WRITTEN_HEADER } from "../client/log-entry.ts";
import { writtenAt } from "./merge.ts";

/** Processes at the hub may have seen that much more than any region. */
const MARGIN = 1_000;
const AT_ONCE = 256;
const ANSWER = { timeout: 10_000 };

/**
 * Writes the records until all of them are behind `seenSeq`.
 * @param lastSeq the last sequence of the stream now.
 * @returns the last sequence afterwards.
 */
export async function rewriteRecords(
  hub: NatsConnection,
  records: readonly LogEntry[],
  { lastSeq, seenSeq }: { readonly lastSeq: number; readonly seenSeq: number },
  written: (count: number) => void = () => undefined,
): Promise<number> {
  if (records.length === 0) return lastSeq;
  const js = hub.jetstream(ANSWER);
  const write = async (record: LogEntry): Promise<number> => {
    const all = headers();
    all.set(WRITTEN_HEADER, String(writtenAt(record)));
    if (record.isDeletion) all.set("KV-Operation", "DEL");
    // It says the same of the same record, wherever it is in the stream.
    if (record.signature !== undefined) all.set(SIGNATURE_HEADER, record.signature);
    return (await translated(js.publish(record.subject, record.data, { headers: all }))).seq;
  };
  let last = lastSeq;
  // Short of the end the order does not matter, because each record comes once more.
  const fillers = Math.max(0, seenSeq + MARGIN - lastSeq);
  for (let from = 0; from < fillers; from += AT_ONCE) {
    const size = Math.min(AT_ONCE, fillers - from);
    const some = Array.from({ length: size }, (_, at) => records[(from + at) % records.length]!);
    last = Math.max(last, ...(await Promise.all(some.map(write))));
    written(size);
  }
  for (let from = 0; from < records.length; from += AT_ONCE) {
    const some = records.slice(from, from + AT_ONCE);
    last = Math.max(last, ...(await Promise.all(some.map(write))));
    written(some.length);
  }
  return last;
}
