// The last retained message of each topic.
//
// A1. A topic is in memory exactly while its message is in the store.
// A2. An expired message is never sent, and goes when it is come across.
import type { BrokerCounters } from "../broker.ts";
import { count } from "../counters.ts";
import type { Limits } from "../options.ts";
import type { Subscription } from "../session/session.ts";
import type { SessionStore, StoredMessage } from "../session/session-store.ts";
import { matcher } from "../session/subscription-index.ts";

export interface RetainedParts {
  readonly store: SessionStore;
  readonly limits: Pick<Limits, "retainedMessagesMax">;
  readonly counters: BrokerCounters;
}

/** Retained messages (MQTT 5, 3.3.1.3), at most `retainedMessagesMax` topics of them. */
export class Retained {
  readonly #parts: RetainedParts;
  readonly #topics: Set<string>;

  constructor(parts: RetainedParts) {
    this.#parts = parts;
    this.#topics = new Set(parts.store.retainedTopics());
  }

  store(message: StoredMessage): void {
    const { topic } = message;
    if (message.payload.length === 0) {
      this.forget(topic); // [MQTT-3.3.1-6]
    } else if (
      this.#topics.size >= this.#parts.limits.retainedMessagesMax &&
      !this.#topics.has(topic)
    )
      count(this.#parts.counters.dropped, "retained_quota");
    else {
      this.#topics.add(topic);
      this.#parts.store.retain(message);
    }
  }

  forget(topic: string): void {
    if (this.#topics.delete(topic)) this.#parts.store.unretain(topic);
  }

  /** Messages of the gateway itself, by topic. */
  byGateway(filter: string): Map<string, Buffer> {
    const found = new Map<string, Buffer>();
    for (const message of this.#matching(filter))
      if (message.byGateway) found.set(message.topic, message.payload);
    return found;
  }

  /** Sends what matches a new subscription, with the retain flag set [MQTT-3.3.1-8]. */
  deliver(subscription: Subscription, filter: string): void {
    const { identifier, qos } = subscription;
    const identifiers = identifier === undefined ? undefined : [identifier];
    for (const message of this.#matching(filter)) {
      const lesser = Math.min(qos, message.qos) as 0 | 1 | 2;
      subscription.session.outbound.deliver({ ...message, retain: true, identifiers }, lesser);
    }
  }

  *#matching(filter: string): Iterable<StoredMessage> {
    const matches = matcher(filter);
    const topics = /[#+]/.test(filter) ? this.#topics : [filter];
    for (const topic of topics) {
      if (!this.#topics.has(topic) || !matches(topic)) continue;
      const message = this.#parts.store.retained(topic);
      if (!message) continue;
      if (message.expiresAtMs !== undefined && message.expiresAtMs <= Date.now())
        this.forget(topic);
      else yield message;
    }
  }
}
