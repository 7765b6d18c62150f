// Records of several histories as one (pure): each key once, in the order in which they were written.
//
// H1. What was written last counts, by the time at which it was written first, however often it was written again.
// H2. A contract's version and a command never change: what was written first counts, because it has been acted on.
// H3. A device that was revoked stays revoked, unless it was registered or let in again after that: a record that does
//     not know of the revocation cannot undo it.
import type { Device } from "../../../contracts/device.ts";
import {
  COMMANDS_STREAM,
  CONTRACTS_BUCKET,
  DEVICES_BUCKET,
  bucketStream,
} from "../../../contracts/names/subjects.ts";
import type { LogEntry } from "../client/log-entry.ts";
import { jsonOf } from "../client/payload.ts";

export const writtenAt = ({ writtenMs, storeMs }: LogEntry): number => writtenMs ?? storeMs;

/** Streams whose records are never changed (H2). */
const IMMUTABLE: ReadonlySet<string> = new Set([bucketStream(CONTRACTS_BUCKET), COMMANDS_STREAM]);

/** The records that count, of what several sides have of a stream. */
export function mergeRecords(
  stream: string,
  sides: readonly (readonly LogEntry[])[],
): readonly LogEntry[] {
  const versions = Map.groupBy(sides.flat(), ({ subject }) => subject);
  return [...versions.values()].map((of) => chosen(stream, of.toSorted(inOrder))).toSorted(inOrder);
}

const inOrder = (a: LogEntry, b: LogEntry): number => writtenAt(a) - writtenAt(b) || a.seq - b.seq;

function chosen(stream: string, versions: readonly LogEntry[]): LogEntry {
  if (IMMUTABLE.has(stream)) return versions[0]!;
  const newest = versions.at(-1)!;
  if (stream !== bucketStream(DEVICES_BUCKET)) return newest;
  const letInAtMs = letIn(newest);
  const revocation = versions.findLast((one) => {
    const atMs = deviceOf(one)?.revokedAtMs;
    return atMs !== undefined && letInAtMs !== null && atMs >= letInAtMs;
  });
  return revocation ?? newest; // H3
}

/** The last time that somebody let the device of a record in; null if it is revoked, deleted or none. */
function letIn(entry: LogEntry): number | null {
  const device = deviceOf(entry);
  if (!device || device.revokedAtMs !== undefined) return null;
  return Math.max(device.createdAtMs, device.renewedAtMs ?? 0);
}

function deviceOf({ data, isDeletion }: LogEntry): Device | null {
  if (isDeletion) return null;
  try {
    return jsonOf<Device | null>(data);
  } catch {
    return null; // Gateways ignore it, too.
  }
}
