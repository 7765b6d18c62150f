// A region's streams that went back behind the hub's copies, in words (pure).
import type { openRollbacks } from "../../contracts/messages/copy.ts";
import { mirroredPrefix } from "../../contracts/names/subjects.ts";
import { list } from "./words.ts";

/** A stream that went back and has not gone on yet. */
export type OpenRollback = ReturnType<typeof openRollbacks>[number];

const WORDS: Readonly<Record<string, string>> = { telemetry: "log" };

const wordOf = (stream: string): string => WORDS[mirroredPrefix(stream)] ?? mirroredPrefix(stream);

/** A clause: what went back, and how far. */
export function wentBackText(region: string, open: readonly OpenRollback[]): string {
  const which = open.map(
    ({ stream, fromSeq, copySeq }) => `${wordOf(stream)} (numbers ${fromSeq} to ${copySeq})`,
  );
  return (
    `region ${region} went back: its store is older than the hub's copy of its ${list(which)}, ` +
    "and what it writes under those numbers has not reached the hub yet"
  );
}
