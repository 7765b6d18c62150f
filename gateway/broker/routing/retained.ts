// The last retained message of each topic.
//
// A1. A topic is in memory exactly while its message is in the store.
// A2. An expired message is never sent, and goes when it is come across.
// A3. Each topic of a client counts for the holder who wrote to it first, or last if there was room. What the
//     gateway itself retains counts for nobody, is never refused, and puts nothing out.
// A4. A client that subscribes gets what is retained in slices (retained-deliveries.ts).
import type { BrokerCounters } from "../broker.ts";
import { count } from "../counters.ts";
import type { Limits } from "../options.ts";
import type { Holder, Holders } from "../session/holders.ts";
import type { SessionStore, StoredMessage } from "../session/session-store.ts";
import { RetainedTree, type Walk } from "./retained-tree.ts";

export interface RetainedParts {
  readonly store: SessionStore;
  readonly holders: Holders;
  readonly limits: Pick<Limits, "retainedMessagesMax">;
  readonly counters: BrokerCounters;
}

export interface RetainedTopic {
  readonly topic: string;
  /** Null: the gateway's own. */
  holder: Holder | null;
  expiresAtMs: number | undefined;
  /** Rises with each message that is retained. */
  stamp: number;
}

/** Topics that are looked at for having expired, each time that somebody asks for it. */
const SWEPT_AT_ONCE = 500;

/** Retained messages (MQTT 5, 3.3.1.3), at most `retainedMessagesMax` topics of clients. */
export class Retained {
  readonly #parts: RetainedParts;
  readonly #tree = new RetainedTree<RetainedTopic>();
  /** Topics that count for a holder. */
  #owned = 0;
  #stamp = 0;
  #sweep: Walk<RetainedTopic> | null = null;

  constructor(parts: RetainedParts) {
    this.#parts = parts;
    for (const { topic, holder, expiresAtMs } of parts.store.retainedTopics()) {
      const entry = { topic, holder: null, expiresAtMs: expiresAtMs ?? undefined, stamp: 0 };
      this.#tree.set(topic, entry);
      this.#give(entry, holder === null ? null : parts.holders.of(holder));
    }
  }

  /** The stamp of the newest retained message. */
  get stamp(): number {
    return this.#stamp;
  }

  get size(): number {
    return this.#tree.size;
  }

  /** @param holder of the client that published it; null for the gateway itself. */
  store(message: StoredMessage, holder: Holder | null): void {
    const { topic, expiresAtMs } = message;
    if (message.payload.length === 0) return this.forget(topic); // [MQTT-3.3.1-6]
    const known = this.#tree.get(topic);
    if (holder && holder !== known?.holder) {
      const problem = this.#quotaProblem(holder, known);
      if (problem && !known) return count(this.#parts.counters.dropped, problem);
      if (problem) holder = known!.holder; // A3
    }
    const stamp = ++this.#stamp;
    const entry = known ?? { topic, holder: null, expiresAtMs, stamp };
    if (!known) this.#tree.set(topic, entry);
    entry.stamp = stamp;
    entry.expiresAtMs = expiresAtMs;
    this.#give(entry, holder);
    this.#parts.store.retain(message, holder?.key ?? null);
  }

  forget(topic: string): void {
    const known = this.#tree.get(topic);
    if (!known) return;
    this.#give(known, null);
    this.#tree.delete(topic);
    this.#parts.store.unretain(topic);
  }

  /** Messages of the gateway itself, by topic. */
  byGateway(filter: string): Map<string, Buffer> {
    const found = new Map<string, Buffer>();
    const walk = this.#tree.walk(filter);
    while (!walk.done) {
      const entry = walk.advance();
      const message = entry && this.message(entry);
      if (message?.byGateway === true) found.set(message.topic, message.payload);
    }
    return found;
  }

  walk(filter: string): Walk<RetainedTopic> {
    return this.#tree.walk(filter);
  }

  get(topic: string): RetainedTopic | undefined {
    return this.#tree.get(topic);
  }

  /** The message of a topic, unless it has expired (A2). */
  message({ topic, expiresAtMs }: RetainedTopic): StoredMessage | undefined {
    if (expiresAtMs === undefined || expiresAtMs > Date.now())
      return this.#parts.store.retained(topic);
    this.forget(topic);
    return undefined;
  }

  /** Forgets what has expired, some at a time: it would count for its holder until somebody subscribes. */
  sweep(nowMs: number): void {
    if (!this.#sweep || this.#sweep.done) this.#sweep = this.#tree.walk("#");
    for (let at = 0; at < SWEPT_AT_ONCE && !this.#sweep.done; at++) {
      const entry = this.#sweep.advance();
      if (entry?.expiresAtMs !== undefined && entry.expiresAtMs <= nowMs) this.forget(entry.topic);
    }
  }

  #quotaProblem(holder: Holder, known: RetainedTopic | undefined): string | null {
    if (holder.retained >= holder.share.retainedMax) return "device_retained_quota";
    const isFurther = !known?.holder;
    return isFurther && this.#owned >= this.#parts.limits.retainedMessagesMax
      ? "retained_quota"
      : null;
  }

  #give(entry: RetainedTopic, holder: Holder | null): void {
    if (entry.holder) {
      entry.holder.retained--;
      this.#owned--;
    }
    entry.holder = holder;
    if (!holder) return;
    holder.retained++;
    this.#owned++;
  }
}
