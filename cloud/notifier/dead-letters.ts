// Messages that were given up: stored with everything that is needed to send them after all.
import type { DeadLetter } from "../../contracts/messages/notification.ts";
import { deadLetterSubject, deadLettersStream } from "../../contracts/names/subjects.ts";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import {
  type Publisher,
  publishUntilStored,
  publisherOn,
} from "../../platform/nats/client/publish.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import { type Message, type StoredAlert, ruleOf } from "./message.ts";
import { parseAlert } from "./parse-alert.ts";

export interface GivenUp {
  readonly reason: string;
  readonly attempts: number;
  readonly firstTriedMs: number;
}

export class DeadLetters {
  readonly #streams: Streams;
  readonly #publisher: Publisher;
  readonly #domain: string;

  constructor(connection: NatsConnection, domain: string) {
    this.#streams = new Streams(connection);
    this.#publisher = publisherOn(connection);
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
    await publishUntilStored(this.#publisher, { subject, data, messageId }, signal);
  }

  /** Removes a retry that was sent, or became a dead letter again. */
  async remove(seq: number): Promise<void> {
    await this.#streams.remove(this.stream, seq);
  }
}

/** Alerts at some sequences of a stream, in their order; those that are gone are left out. */
export async function alertsAt(
  connection: NatsConnection,
  stream: string,
  seqs: readonly number[],
): Promise<StoredAlert[]> {
  const streams = new Streams(connection);
  const alerts: StoredAlert[] = [];
  for (const seq of seqs) {
    const stored = await streams.at(stream, seq);
    const alert = stored && parseAlert(stored.data);
    if (alert) alerts.push({ alert, storedMs: stored.storeMs });
  }
  return alerts;
}
