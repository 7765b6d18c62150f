// Canaries: marks that this gateway sends on the way of readings, so that a region in which nothing happens is
// known to work, up to the acknowledgement of the store. Each gateway sends its own.
import { sleep } from "../../platform/runtime/backoff.ts";
import type { CommitLog } from "../ingest/commit-log.ts";

/** A canary goes out this often in each lane. */
export const CANARY_EVERY_MS = 10_000;
/** Lanes that get one each time; where there are more, they take turns. */
export const CANARY_LANES_MAX = 8;

/** The partitions whose turn it is; pure. @param round counts from 0. */
export function partitionsOfRound(round: number, partitions: number): number[] {
  const count = Math.min(partitions, CANARY_LANES_MAX);
  return Array.from({ length: count }, (_, at) => (round * count + at) % partitions);
}

/** Runs until `signal` aborts. */
export async function sendCanaries(
  {
    commitLog,
    first,
    count,
  }: { commitLog: Pick<CommitLog, "sendCanary">; first: number; count: number },
  signal: AbortSignal,
): Promise<void> {
  for (let round = 0; !signal.aborted; round++) {
    for (const at of partitionsOfRound(round, count)) commitLog.sendCanary(first + at);
    await sleep(CANARY_EVERY_MS, signal);
  }
}
