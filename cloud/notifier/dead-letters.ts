// Messages that were given up: stored with everything that is needed to send them after all.
import { type JetStreamManager, type NatsConnection, NatsError } from "nats";
import type { Alert } from "../../contracts/messages/alert.ts";
import type { DeadLetter } from "../../contracts/messages/notification.ts";
import { deadLetterSubject, deadLettersStream } from "../../contracts/names/subjects.ts";
import { publishUntilStored } from "../../platform/nats/client/publish.ts";
import { type Message, ruleOf } from "./message.ts";

const NO_MESSAGE_FOUND = 10037;

export interface GivenUp {
  readonly reason: string;
  readonly attempts: number;
  readonly firstTriedMs: number;
}

export class DeadLetters {
  readonly #connection: NatsConnection;
  readonly #domain: string;

  constructor(connection: NatsConnection, domain: string) {
    this.#connection = connection;
    this.#domain = domain;
  }

  get stream(): string {
    return deadLettersStream(this.#domain);
  }

  /**
   * Resolves once it is stored; rejects only if `signal` aborts first.
   * @param cause what was being sent: a retry that fails is another dead letter than the first.
   */
  async store(
    message: Message,
    { reason, attempts, firstTriedMs }: GivenUp,
    cause: string,
    signal: AbortSignal,
  ): Promise<void> {
    const { channel, region, kind, seqs, alerts } = message;
    const letter: DeadLetter = {
      channel,
      region,
      kind,
      seqs,
      alerts,
      reason,
      attempts,
      firstTriedMs,
      givenUpMs: Date.now(),
    };
    const subject = deadLetterSubject({ domain: this.#domain, channel, rule: ruleOf(message) });
    const data = Buffer.from(JSON.stringify(letter));
    const messageId = `dead:${message.deliveryId}:${cause}`;
    await publishUntilStored(this.#connection.jetstream(), { subject, data, messageId }, signal);
  }

  /** Removes a retry that was sent, or became a dead letter again. */
  async remove(seq: number): Promise<void> {
    const { streams } = await managerOf(this.#connection);
    await orNull(streams.deleteMessage(this.stream, seq, false));
  }
}

/** Alerts at some sequences of a stream, in their order; those that are gone are left out. */
export async function alertsAt(
  connection: NatsConnection,
  stream: string,
  seqs: readonly number[],
): Promise<Alert[]> {
  const { streams } = await managerOf(connection);
  const alerts: Alert[] = [];
  for (const seq of seqs) {
    const stored = await orNull(streams.getMessage(stream, { seq }));
    if (stored) alerts.push(stored.json<Alert>());
  }
  return alerts;
}

/** Creating a manager asks the server, unless it is told not to. */
const managerOf = (connection: NatsConnection): Promise<JetStreamManager> =>
  connection.jetstreamManager({ checkAPI: false });

async function orNull<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof NatsError && error.api_error?.err_code === NO_MESSAGE_FOUND) return null;
    throw error;
  }
}
