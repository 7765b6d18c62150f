// Asks the gateways of a region to admit rejects again; contracts/messages/replay.ts says what they answer.
import type { ReplayAnswer, ReplayRequest } from "../../../contracts/messages/replay.ts";
import { replaySubject } from "../../../contracts/names/subjects.ts";
import type { NatsConnection } from "../../../platform/nats/client/connection.ts";
import { isNoResponders, isTimeout } from "../../../platform/nats/client/errors.ts";
import { jsonOf } from "../../../platform/nats/client/payload.ts";
import { request } from "../../../platform/nats/client/requests.ts";
import { messageOf } from "../../../platform/runtime/errors.ts";

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
  let silent = 0;
  const ask = async (): Promise<void> => {
    for (const seq of waiting) {
      // Where nobody answered any of so many, nobody is asked for the rest.
      const answer =
        silent >= AT_ONCE ? failed(seq, NO_GATEWAY) : await replayOne(connection, seq, options);
      silent = answer.detail === NO_GATEWAY || answer.detail === NO_ANSWER ? silent + 1 : 0;
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
  const asked: ReplayRequest = { seq, dryRun };
  try {
    const body = Buffer.from(JSON.stringify(asked));
    return jsonOf(await request(connection, replaySubject(region), body, ANSWER_WITHIN_MS));
  } catch (error) {
    return failed(seq, problemOf(error));
  }
}

const failed = (seq: number, detail: string): ReplayAnswer => ({
  ...{ seq, outcome: "failed", readings: 0, detail },
});

const NO_GATEWAY = "no gateway of the region is running";
const NO_ANSWER =
  "no answer: perhaps no gateway of the region is running; it may be stored or not, replaying it again is harmless";

function problemOf(error: unknown): string {
  if (isNoResponders(error)) return NO_GATEWAY;
  if (isTimeout(error)) return NO_ANSWER;
  return messageOf(error);
}
