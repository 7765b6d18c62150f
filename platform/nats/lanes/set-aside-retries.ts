// The answer to `skerry set-aside retry`: the process that set a record aside handles it again.
import {
  type RetryAnswer,
  type SetAsideBy,
  type SetAsideRecord,
  checkSetAside,
} from "../../../contracts/messages/set-aside.ts";
import { bucketStream, retrySetAsideSubject } from "../../../contracts/names/subjects.ts";
import { messageOf } from "../../runtime/errors.ts";
import type { Logger } from "../../runtime/logger.ts";
import type { NatsConnection } from "../client/connection.ts";
import { jsonOf } from "../client/payload.ts";
import { requestsTo } from "../client/requests.ts";
import type { SetAside } from "./set-aside.ts";

const ADVICE = "the nats-server's configuration may be older: skerry topology nats-config";

/** Handles one record again: null if that is done, the problem if not, undefined if it is none of ours. */
export type RetryHandler = (record: SetAsideRecord) => Promise<string | null | undefined>;

/**
 * Entries of buckets are read again by themselves whenever they change: the newest is right, or is noted.
 * What concerns no bucket is handed on.
 */
export const retryEntries =
  (setAside: Pick<SetAside, "isNoted">, others: RetryHandler): RetryHandler =>
  (record) => {
    const { kind, place, detail } = record;
    if (!place.stream.startsWith(bucketStream(""))) return others(record);
    return Promise.resolve(setAside.isNoted(kind, place) ? detail : null);
  };

/** Answers until `signal` aborts. Every process of the kind is asked, because each has a state of its own. */
export async function serveRetries(
  of: { connection: NatsConnection; domain: string; by: SetAsideBy; logger: Logger },
  retry: RetryHandler,
  signal: AbortSignal,
): Promise<void> {
  const { connection, logger } = of;
  const place = { subject: retrySetAsideSubject(of) };
  try {
    for await (const { data, answer } of requestsTo(connection, place, signal)) {
      const answered = await answerTo(data, retry);
      logger.info({ ...answered }, "a record that was set aside is retried");
      answer(Buffer.from(JSON.stringify(answered)));
    }
  } catch (error) {
    if (!signal.aborted) logger.error({ err: error }, `no retries are served: ${ADVICE}`);
  }
  if (!signal.aborted)
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
}

async function answerTo(data: Uint8Array, retry: RetryHandler): Promise<RetryAnswer> {
  try {
    const problem = await retry(checkSetAside(jsonOf(data)));
    if (problem === undefined) return { outcome: "elsewhere", detail: "" };
    return problem === null
      ? { outcome: "handled", detail: "" }
      : { outcome: "still", detail: problem };
  } catch (error) {
    return { outcome: "still", detail: messageOf(error) };
  }
}
