// The answer to `skerry rejects replay` and `skerry set-aside retry`: a gateway admits a kept reject, or the readings
// of a frame, again, so that commit order and frame numbers stay a gateway's own.
//
// Y1. The reject is read from the region's stream by sequence; the request brings no data of its own.
// Y2. It is deleted only after everything that became of it is stored. If the delete fails, or the
//     process dies before it, the reject is still there, and replaying it again gives equal readings.
// Y3. What its sender had no right to say is judged by the rights that it has now, as all replays are.
// Y4. A request that cannot be answered now (log away, gateway stopping) is answered `failed` or not
//     at all; asking again is harmless (Y2).
import { inKnownFormat } from "../../contracts/messages/format.ts";
import type { Reject, RejectReason } from "../../contracts/messages/reject.ts";
import {
  type ReplayAnswer,
  type ReplayRequest,
  parseReplayRequest,
} from "../../contracts/messages/replay.ts";
import { rejectAddress, rejectsStream, replaySubject } from "../../contracts/names/subjects.ts";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { jsonOf } from "../../platform/nats/client/payload.ts";
import { type Request, requestsTo } from "../../platform/nats/client/requests.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import { messageOf } from "../../platform/runtime/errors.ts";
import type { Logger } from "../../platform/runtime/logger.ts";
import type { Identity } from "../identity/identity.ts";
import type { Ingest } from "../ingest/ingest.ts";
import { replayFrame } from "./replay-frame.ts";

/** All gateways of a region share the requests. */
const QUEUE = "gateways";
/** Requests in work at once; more wait in the subscription. */
const IN_WORK_MAX = 64;
const STORED_WITHIN_MS = 10_000;

/** No admission can mend these: the database refused what was in the log already. */
const BEYOND_ADMISSION: readonly RejectReason[] = ["identity_conflict", "unwritable"];

export interface ReplayParts {
  readonly connection: NatsConnection;
  readonly region: string;
  readonly ingest: Pick<Ingest, "replay">;
  readonly access: Pick<Identity, "authorizePublish">;
  readonly logger: Logger;
}

/** Runs until `signal` aborts. */
export async function serveReplay(parts: ReplayParts, signal: AbortSignal): Promise<void> {
  const { connection, region, logger } = parts;
  const streams = new Streams(connection);
  const place = { subject: replaySubject(region), queue: QUEUE };
  const inWork = new Set<Promise<void>>();
  for await (const request of requestsTo(connection, place, signal)) {
    if (inWork.size >= IN_WORK_MAX) await Promise.race(inWork);
    const work = answer(parts, streams, request, signal)
      .catch((error: unknown) => logger.warn({ err: error }, "a replay could not be answered"))
      .finally(() => inWork.delete(work));
    inWork.add(work);
  }
  await Promise.all(inWork);
}

async function answer(
  parts: ReplayParts,
  streams: Streams,
  { data, answer: respond }: Request,
  signal: AbortSignal,
): Promise<void> {
  const request = parseReplayRequest(data);
  if (!request) return;
  const soon = AbortSignal.any([signal, AbortSignal.timeout(STORED_WITHIN_MS)]);
  const answered = await replay(parts, streams, request, soon).catch(
    (error: unknown): ReplayAnswer => ({
      seq: request.seq,
      outcome: "failed",
      readings: 0,
      detail: messageOf(error),
    }),
  );
  parts.logger.info({ ...answered, dryRun: request.dryRun }, "replay");
  respond(Buffer.from(JSON.stringify(answered)));
}

async function replay(
  { region, ingest, access }: Pick<ReplayParts, "region" | "ingest" | "access">,
  streams: Streams,
  request: ReplayRequest,
  signal: AbortSignal,
): Promise<ReplayAnswer> {
  const { seq } = request;
  if (request.of === "frame") return replayFrame({ region, ingest }, streams, request, signal);
  const stream = rejectsStream(region);
  const kept = await streams.at(stream, seq); // Y1
  // What is no reject is the count of those that are gone.
  const reject = kept && rejectAddress(kept.subject) && jsonOf<Reject>(kept.data);
  inKnownFormat("reject", reject);
  if (!reject) return { seq, outcome: "gone", readings: 0, detail: `no reject ${seq}` };
  if (BEYOND_ADMISSION.includes(reject.reason)) {
    const detail = `${reject.reason} came after admission: ${reject.detail}`;
    return { seq, outcome: "rejected", readings: 0, detail };
  }
  const { clientId, principal, topic } = reject;
  const refusal =
    reject.reason === "not_authorized"
      ? access.authorizePublish({ clientId, principal, topic }) // Y3
      : null;
  if (refusal) return { seq, outcome: "rejected", readings: 0, detail: refusal.detail };
  const how = { ...request, sender: { clientId, principal } };
  const { readings, refused } = await ingest.replay(reject, how, signal);
  if (readings === 0) return { seq, outcome: "rejected", readings, detail: refused ?? "" };
  const answered = { seq, outcome: refused === null ? "stored" : "partly", readings } as const;
  const listed = request.dryRun ? null : await problemOfDelete(streams, stream, seq); // Y2
  const notes = [refused, listed && `stored, but still listed: ${listed}`];
  return { ...answered, detail: notes.filter((note) => note !== null).join("; ") };
}

async function problemOfDelete(
  streams: Streams,
  stream: string,
  seq: number,
): Promise<string | null> {
  try {
    await streams.remove(stream, seq);
    return null;
  } catch (error) {
    return messageOf(error);
  }
}
