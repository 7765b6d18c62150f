// Asks the gateways of a region to admit rejects again; contracts/messages/replay.ts says what they answer.
import { ErrorCode, type NatsConnection, NatsError } from "nats";
import type { ReplayAnswer, ReplayRequest } from "../../../contracts/messages/replay.ts";
import { replaySubject } from "../../../contracts/names/subjects.ts";

/** Longer than a gateway takes to give up. */
const ANSWER_WITHIN_MS = 12_000;
/** Asked at once: enough to fill a gateway's frames, few enough for every answer to be in time. */
const AT_ONCE = 16;

export interface ReplayOptions {
  readonly region: string;
  readonly dryRun: boolean;
}

/** Replays `seqs`, oldest first in what is sent, and reports every answer as it comes. */
export async function replayRejects(
  connection: NatsConnection,
  seqs: readonly number[],
  options: ReplayOptions,
  report: (answer: ReplayAnswer) => void,
): Promise<Record<ReplayAnswer["outcome"], number>> {
  const counts = { stored: 0, partly: 0, rejected: 0, gone: 0, failed: 0 };
  const waiting = seqs.values();
  const ask = async (): Promise<void> => {
    for (const seq of waiting) {
      const answer = await replayOne(connection, seq, options);
      counts[answer.outcome] += 1;
      report(answer);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, ask));
  return counts;
}

async function replayOne(
  connection: NatsConnection,
  seq: number,
  { region, dryRun }: ReplayOptions,
): Promise<ReplayAnswer> {
  const request: ReplayRequest = { seq, dryRun };
  try {
    const body = Buffer.from(JSON.stringify(request));
    const options = { timeout: ANSWER_WITHIN_MS };
    return (await connection.request(replaySubject(region), body, options)).json<ReplayAnswer>();
  } catch (error) {
    return { seq, outcome: "failed", readings: 0, detail: problemOf(error) };
  }
}

function problemOf(error: unknown): string {
  if (error instanceof NatsError && error.code === (ErrorCode.NoResponders as string))
    return "no gateway of the region is running";
  if (error instanceof NatsError && error.code === (ErrorCode.Timeout as string))
    return "no answer; it may be stored or not, replaying it again is harmless";
  return error instanceof Error ? error.message : String(error);
}
