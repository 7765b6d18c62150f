// The answer to `skerry rejects replay`: a gateway admits a kept reject again, so that commit order and
// frame numbers stay a gateway's own.
//
// Y1. The reject is read from the region's stream by sequence; the request brings no data of its own.
// Y2. It is deleted only after everything that became of it is stored. If the delete fails, or the
//     process dies before it, the reject is still there, and replaying it again gives equal readings.
// Y3. A request that cannot be answered now (log away, gateway stopping) is answered `failed` or not
//     at all; asking again is harmless (Y2).
import type { JetStreamManager, Msg, NatsConnection } from "nats";
import { NatsError } from "nats";
import type { Reject, RejectReason } from "../../contracts/messages/reject.ts";
import {
  type ReplayAnswer,
  type ReplayRequest,
  parseReplayRequest,
} from "../../contracts/messages/replay.ts";
import { rejectsStream, replaySubject } from "../../contracts/names/subjects.ts";
import { messageOf } from "../../platform/runtime/errors.ts";
import type { Logger } from "../../platform/runtime/logger.ts";
import type { Ingest } from "../ingest/ingest.ts";

/** All gateways of a region share the requests. */
const QUEUE = "gateways";
/** Requests in work at once; more wait in the subscription. */
const IN_WORK_MAX = 64;
const STORED_WITHIN_MS = 10_000;
const NO_MESSAGE_FOUND = 10037;

/**
 * No admission can mend these: the database refused what was in the log already, or the sender had
 * no right to say it.
 */
const BEYOND_ADMISSION: readonly RejectReason[] = [
  "identity_conflict",
  "not_authorized",
  "unwritable",
];

export interface ReplayParts {
  readonly connection: NatsConnection;
  readonly region: string;
  readonly ingest: Pick<Ingest, "replay">;
  readonly logger: Logger;
}

/** Runs until `signal` aborts. */
export async function serveReplay(parts: ReplayParts, signal: AbortSignal): Promise<void> {
  const { connection, region, logger } = parts;
  const manager = await connection.jetstreamManager({ checkAPI: false });
  const subscription = connection.subscribe(replaySubject(region), { queue: QUEUE });
  const stop = (): void => subscription.unsubscribe();
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  const inWork = new Set<Promise<void>>();
  for await (const message of subscription) {
    if (inWork.size >= IN_WORK_MAX) await Promise.race(inWork);
    const work = answer(parts, manager, message, signal)
      .catch((error: unknown) => logger.warn({ err: error }, "a replay could not be answered"))
      .finally(() => inWork.delete(work));
    inWork.add(work);
  }
  await Promise.all(inWork);
}

async function answer(
  parts: ReplayParts,
  manager: JetStreamManager,
  message: Msg,
  signal: AbortSignal,
): Promise<void> {
  const request = parseReplayRequest(message.data);
  if (!request) return;
  const soon = AbortSignal.any([signal, AbortSignal.timeout(STORED_WITHIN_MS)]);
  const answered = await replay(parts, manager, request, soon).catch(
    (error: unknown): ReplayAnswer => ({
      seq: request.seq,
      outcome: "failed",
      readings: 0,
      detail: messageOf(error),
    }),
  );
  parts.logger.info({ ...answered, dryRun: request.dryRun }, "replay");
  message.respond(Buffer.from(JSON.stringify(answered)));
}

async function replay(
  { region, ingest }: ReplayParts,
  manager: JetStreamManager,
  request: ReplayRequest,
  signal: AbortSignal,
): Promise<ReplayAnswer> {
  const { seq } = request;
  const stream = rejectsStream(region);
  const reject = await rejectAt(manager, stream, seq); // Y1
  if (!reject) return { seq, outcome: "gone", readings: 0, detail: `no reject ${seq}` };
  if (BEYOND_ADMISSION.includes(reject.reason)) {
    const detail = `${reject.reason} came after admission: ${reject.detail}`;
    return { seq, outcome: "rejected", readings: 0, detail };
  }
  const { readings, refused } = await ingest.replay(reject, request, signal);
  if (readings === 0) return { seq, outcome: "rejected", readings, detail: refused ?? "" };
  const answered = { seq, outcome: refused === null ? "stored" : "partly", readings } as const;
  const kept = request.dryRun ? null : await problemOfDelete(manager, stream, seq); // Y2
  const notes = [refused, kept && `stored, but still listed: ${kept}`];
  return { ...answered, detail: notes.filter((note) => note !== null).join("; ") };
}

async function rejectAt(
  manager: JetStreamManager,
  stream: string,
  seq: number,
): Promise<Reject | null> {
  try {
    return (await manager.streams.getMessage(stream, { seq })).json<Reject>();
  } catch (error) {
    if (error instanceof NatsError && error.api_error?.err_code === NO_MESSAGE_FOUND) return null;
    throw error;
  }
}

async function problemOfDelete(
  manager: JetStreamManager,
  stream: string,
  seq: number,
): Promise<string | null> {
  try {
    await manager.streams.deleteMessage(stream, seq, false);
    return null;
  } catch (error) {
    return messageOf(error);
  }
}
