import type { JetStreamClient } from "nats";
import { Backoff, sleep } from "../../runtime/backoff.ts";
import { AppError, messageOf } from "../../runtime/errors.ts";

/** Unanswered for this long, a publish counts as failed; the caller sends it again, same id. */
export const ACK_TIMEOUT_MS = 2_000;

export interface StreamMessage {
  subject: string;
  data: Uint8Array;
  /** `Nats-Msg-Id`: makes sending it twice safe within the stream's duplicate window. */
  messageId: string;
}

/**
 * Publishes once and waits for the PubAck.
 * @throws AppError `NATS_UNAVAILABLE` (retry): whatever JetStream or the link answered but "stored"
 *   is worth another try, because nothing was acknowledged to anybody yet.
 */
export async function publishOnce(
  jetstream: Pick<JetStreamClient, "publish">,
  { subject, data, messageId }: StreamMessage,
): Promise<{ duplicate: boolean }> {
  try {
    const options = { msgID: messageId, timeout: ACK_TIMEOUT_MS };
    const { duplicate } = await jetstream.publish(subject, data, options);
    return { duplicate };
  } catch (cause) {
    throw new AppError("NATS_UNAVAILABLE", "retry", `${subject}: ${messageOf(cause)}`, { cause });
  }
}

/** Publishes until it is stored; throws the last failure only if `signal` aborts first. */
export async function publishUntilStored(
  jetstream: Pick<JetStreamClient, "publish">,
  message: StreamMessage,
  signal: AbortSignal,
): Promise<void> {
  const backoff = new Backoff({ baseMs: 20, maxMs: 500 });
  for (;;) {
    try {
      await publishOnce(jetstream, message);
      return;
    } catch (error) {
      if (signal.aborted) throw error;
      await sleep(backoff.next(), signal);
    }
  }
}
