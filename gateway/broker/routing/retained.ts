// The last retained message of each topic.
//
// A1. A topic is in memory exactly while its message is in the store.
// A2. An expired message is never sent, and goes when it is come across.
// A3. Each topic of a client counts for the holder who wrote to it first, or last if there was room. What the
//     gateway itself retains counts for nobody, is never refused, and puts nothing out.
// A5. Topics that are not ours have bounds of their own, by number and by size: what is relayed takes no room of
//     devices' topics. A message that takes the place of one as large always has room.
// A4. A client that subscribes gets what is retained in slices (retained-deliveries.ts).
import { isReservedTopic } from "../../../contracts/names/topics.ts";
import type { BrokerCounters } from "../broker.ts";
import { count } from "../counters.ts";
import type { Limits } from "../options.ts";
import type { Holder, Holders } from "../session/holders.ts";
import type { SessionStore, StoredMessage } from "../session/session-store.ts";
import { MESSAGE_OVERHEAD_BYTES, weightOf } from "../session/weight.ts";
import { RetainedTree, type Walk } from "./retained-tree.ts";

export interface RetainedParts {
  readonly store: SessionStore;
  readonly holders: Holders;
  readonly limits: Pick<
    Limits,
    "retainedMessagesMax" | "relayRetainedMax" | "relayRetainedBytesMax"
  >;
  readonly counters: BrokerCounters;
}

export interface RetainedTopic {
  readonly topic: string;
  /** Null: the gateway's own. */
  holder: Holder | null;
  expiresAtMs: number | undefined;
  /** Rises with each message that is retained. */
  stamp: number;
  /** Its size, if it is on a topic that is not ours (A5); else null. */
  relayBytes: number | null;
}

/** Topics that are looked at for having expired, each time that somebody asks for it. */
const SWEPT_AT_ONCE = 500;

/** Retained messages (MQTT 5, 3.3.1.3), at most `retainedMessagesMax` topics of clients. */
export class Retained {
  readonly #parts: RetainedParts;
  readonly #tree = new RetainedTree<RetainedTopic>();
  /** Topics that count for a holder: ours, and others with their size (A5). */
  #owned = 0;
  #relayed = 0;
  #relayedBytes = 0;
  #stamp = 0;
  #sweep: Walk<RetainedTopic> | null = null;

  constructor(parts: RetainedParts) {
    this.#parts = parts;
    for (const { topic, holder, expiresAtMs, bytes } of parts.store.retainedTopics()) {
      const relayBytes = isReservedTopic(topic) ? null : bytes;
      const entry = {
        ...{ topic, holder: null, expiresAtMs: expiresAtMs ?? undefined },
        ...{ stamp: 0, relayBytes },
      };
      this.#tree.set(topic, entry);
      this.#give(entry, holder === null ? null : parts.holders.of(holder), relayBytes);
    }
  }

  /** The stamp of the newest retained message. */
  get stamp(): number {
    return this.#stamp;
  }

  get size(): number {
    return this.#tree.size;
  }

  /**
   * @param holder of the client that published it; null for the gateway itself.
   * @returns the quota that leaves no room for it, or null.
   */
  store(message: StoredMessage, holder: Holder | null): string | null {
    const { topic, expiresAtMs } = message;
    if (message.payload.length === 0) {
      this.forget(topic); // [MQTT-3.3.1-6]
      return null;
    }
    const known = this.#tree.get(topic);
    const relayBytes = isReservedTopic(topic) ? null : sizeOf(message);
    if (holder) {
      const problem = this.#quotaProblem(holder, known, relayBytes);
      const keeps = known !== undefined && known.holder !== holder;
      const others = problem !== null && keeps && this.#hasRoom(known, relayBytes);
      if (problem !== null && !others) {
        count(this.#parts.counters.dropped, problem);
        return problem;
      }
      if (others) holder = known.holder; // A3
    }
    const stamp = ++this.#stamp;
    const entry = known ?? { topic, holder: null, expiresAtMs, stamp, relayBytes };
    if (!known) this.#tree.set(topic, entry);
    entry.stamp = stamp;
    entry.expiresAtMs = expiresAtMs;
    this.#give(entry, holder, relayBytes);
    this.#parts.store.retain(message, holder?.key ?? null);
    return null;
  }

  forget(topic: string): void {
    const known = this.#tree.get(topic);
    if (!known) return;
    this.#give(known, null, known.relayBytes);
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

  /** The quota over which the holder would be with this message, or null. */
  #quotaProblem(
    holder: Holder,
    known: RetainedTopic | undefined,
    relayBytes: number | null,
  ): string | null {
    const { limits } = this.#parts;
    const { share } = holder;
    const isOwn = known?.holder === holder;
    const isFurther = !known?.holder;
    if (relayBytes === null) {
      if (!isOwn && holder.retained >= share.retainedMax) return "device_retained_quota";
      return isFurther && this.#owned >= limits.retainedMessagesMax ? "retained_quota" : null;
    }
    // A5
    const before = known?.relayBytes ?? 0;
    const more = relayBytes - (isOwn ? before : 0);
    const isLarger = relayBytes > before || !isOwn;
    if (
      (!isOwn && holder.relayRetained >= share.relayRetainedMax) ||
      (isLarger && holder.relayRetainedBytes + more > share.relayRetainedBytesMax)
    )
      return "device_relay_retained_quota";
    return (isFurther && this.#relayed >= limits.relayRetainedMax) ||
      (relayBytes > before &&
        this.#relayedBytes + relayBytes - (isFurther ? 0 : before) > limits.relayRetainedBytesMax)
      ? "relay_retained_quota"
      : null;
  }

  /** A3. Whoever wrote to the topic first has room for this message in place of the one before. */
  #hasRoom({ holder, ...known }: RetainedTopic, relayBytes: number | null): boolean {
    return (
      holder === null ||
      relayBytes === null ||
      this.#quotaProblem(holder, { holder, ...known }, relayBytes) === null
    );
  }

  #give(entry: RetainedTopic, holder: Holder | null, relayBytes: number | null): void {
    this.#count(entry, -1);
    entry.holder = holder;
    entry.relayBytes = relayBytes;
    this.#count(entry, 1);
  }

  #count({ holder, relayBytes }: RetainedTopic, times: 1 | -1): void {
    if (!holder) return;
    if (relayBytes === null) {
      holder.retained += times;
      this.#owned += times;
      return;
    }
    holder.relayRetained += times;
    holder.relayRetainedBytes += times * relayBytes;
    this.#relayed += times;
    this.#relayedBytes += times * relayBytes;
  }
}

const sizeOf = (message: StoredMessage): number =>
  weightOf(message) + message.topic.length + MESSAGE_OVERHEAD_BYTES;
