// Storing a message in the stream that takes its subject.
import { type JetStreamClient, type MsgHdrs, type NatsConnection, headers } from "nats";
import { Backoff, sleep } from "../../runtime/backoff.ts";
import { AppError, dispositionOf, messageOf } from "../../runtime/errors.ts";
import { isNatsError, isUnsendable, writtenOrNull } from "./errors.ts";

/** Unanswered for this long, a publish counts as failed; the caller sends it again, same id. */
export const ACK_TIMEOUT_MS = 2_000;

export interface StreamMessage extends WithHeaders {
  subject: string;
  data: Uint8Array;
  /** `Nats-Msg-Id`: makes sending it twice safe within the stream's duplicate window. */
  messageId: string;
}

/** The headers of a record, such as its signature. */
export interface WithHeaders {
  readonly headers?: MsgHdrs | undefined;
}

/** Stores messages; made once for a connection and kept. */
export type Publisher = Pick<JetStreamClient, "publish">;

export const publisherOn = (connection: NatsConnection): Publisher => connection.jetstream();

/**
 * Publishes once and waits for the PubAck.
 * @throws AppError `NATS_UNAVAILABLE` (retry): whatever JetStream or the link answered but "stored"
 *   is worth another try, because nothing was acknowledged to anybody yet. `RECORD_REFUSED` (reject) if
 *   no server would ever take the message.
 */
export async function publishOnce(
  publisher: Publisher,
  { subject, data, messageId, headers: with_ }: StreamMessage,
): Promise<{ duplicate: boolean }> {
  try {
    const options = {
      ...{ msgID: messageId, timeout: ACK_TIMEOUT_MS },
      ...(with_ && { headers: with_ }),
    };
    const { duplicate } = await publisher.publish(subject, data, options);
    return { duplicate };
  } catch (cause) {
    if (!isNatsError(cause)) throw cause;
    if (isUnsendable(cause))
      throw new AppError("RECORD_REFUSED", "reject", `${subject}: ${messageOf(cause)}`, { cause });
    throw new AppError("NATS_UNAVAILABLE", "retry", `${subject}: ${messageOf(cause)}`, { cause });
  }
}

/**
 * Publishes until it is stored.
 * @throws the last failure if `signal` aborts first; at once what another try would not mend.
 */
export async function publishUntilStored(
  publisher: Publisher,
  message: StreamMessage,
  signal: AbortSignal,
): Promise<void> {
  const backoff = new Backoff({ baseMs: 20, maxMs: 500 });
  for (;;) {
    try {
      await publishOnce(publisher, message);
      return;
    } catch (error) {
      if (signal.aborted || dispositionOf(error) !== "retry") throw error;
      await sleep(backoff.next(), signal);
    }
  }
}

/** Headers of a message that is about to be published. */
export function headersOf(texts: Readonly<Record<string, string>>): MsgHdrs {
  const made = headers();
  for (const [name, text] of Object.entries(texts)) made.set(name, text);
  return made;
}

/** The sequences that a writer has seen last; 0: none yet. */
export interface Expected {
  /** The last sequence of the subject. */
  readonly ofSubject: number;
  /** The last sequence of the whole stream. */
  readonly ofStream?: number;
}

/**
 * Publishes unless somebody else did so since the writer looked.
 * @returns the sequence, or null if somebody did.
 * @throws AppError `NATS_UNAVAILABLE` (retry) if nobody answered: it may be stored.
 */
export async function publishExpecting(
  publisher: Publisher,
  { subject, data, headers: with_ }: Pick<StreamMessage, "subject" | "data"> & WithHeaders,
  { ofSubject, ofStream }: Expected,
): Promise<number | null> {
  const expect = {
    lastSubjectSequence: ofSubject,
    ...(ofStream === undefined ? {} : { lastSequence: ofStream }),
  };
  const stored = await writtenOrNull(
    publisher.publish(subject, data, { expect, ...(with_ && { headers: with_ }) }),
  );
  return stored && stored.seq;
}
