// The last retained message of each topic.
//
// A1. A topic is in memory exactly while its message is in the store.
// A2. An expired message is never sent, and goes when it is come across.
import { type Core, count } from "../core.ts";
import type { Subscription } from "../session/session.ts";
import type { StoredMessage } from "../session/session-store.ts";
import { matcher } from "../session/subscription-index.ts";

/** Retained messages (MQTT 5, 3.3.1.3), at most `retainedMessagesMax` topics of them. */
export class Retained {
  readonly #core: Core;
  readonly #topics: Set<string>;

  constructor(core: Core) {
    this.#core = core;
    this.#topics = new Set(core.store.retainedTopics());
  }

  store(message: StoredMessage): void {
    const { topic } = message;
    if (message.payload.length === 0) {
      this.forget(topic); // [MQTT-3.3.1-6]
    } else if (
      this.#topics.size >= this.#core.limits.retainedMessagesMax &&
      !this.#topics.has(topic)
    )
      count(this.#core.counters.dropped, "retained_quota");
    else {
      this.#topics.add(topic);
      this.#core.store.retain(message);
    }
  }

  forget(topic: string): void {
    if (this.#topics.delete(topic)) this.#core.store.unretain(topic);
  }

  /** What the gateway itself published, by topic. */
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
      const message = this.#core.store.retained(topic);
      if (!message) continue;
      if (message.expiresAtMs !== undefined && message.expiresAtMs <= Date.now())
        this.forget(topic);
      else yield message;
    }
  }
}
