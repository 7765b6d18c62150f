// Shared subscriptions (MQTT 5, 4.8.2; pure): each message goes to one member of each group whose filter it matches.
//
// X1. By topic: all messages of a topic, or of a device, go to one member while the group stays as it is and that one
//     has room, in their order. Whoever joins or leaves takes or gives only topics of its own (rendezvous hashing).
// X2. Members that are connected and have room come first, then those that are connected; one that is away gets
//     something only if nobody is there, and of QoS 1 and 2 alone.
// X3. A member is chosen among those that may hear the topic.
import { hashOf, scoreOf } from "../../rendezvous.ts";
import type { SharedStrategy } from "../options.ts";
import type { Subscription } from "./session.ts";

interface Member {
  readonly subscription: Subscription;
  /** A hash of its client id: the same after it has been away. */
  readonly hash: number;
}

/** The message to choose a member for. */
export interface Offered {
  readonly topic: string;
  readonly qos: 0 | 1 | 2;
  readonly foreign?: boolean | undefined;
}

export class SharedGroup {
  readonly #members = new Map<string, Member>();
  readonly #strategy: SharedStrategy;
  #turn = 0;

  constructor(strategy: SharedStrategy) {
    this.#strategy = strategy;
  }

  get size(): number {
    return this.#members.size;
  }

  put(clientId: string, subscription: Subscription): void {
    this.#members.set(clientId, { subscription, hash: hashOf(clientId) });
  }

  delete(clientId: string): void {
    this.#members.delete(clientId);
  }

  /** The member that gets the message, or null if none can have it. */
  choose(offered: Offered, except?: Subscription): Subscription | null {
    const key = hashOf(keyOf(offered.topic));
    this.#turn += 1;
    let best: Subscription | null = null;
    let bestRank = -1;
    let bestScore = -1;
    let at = 0;
    for (const { subscription, hash } of this.#members.values()) {
      at += 1;
      if (subscription === except) continue;
      if (subscription.foreignOnly && offered.foreign !== true) continue; // X3
      const rank = rankOf(subscription, offered.qos); // X2
      if (rank < 0 || rank < bestRank) continue;
      const score =
        this.#strategy === "hash"
          ? scoreOf(key, hash) // X1
          : (at + this.#turn) % this.#members.size;
      if (rank === bestRank && score <= bestScore) continue;
      best = subscription;
      bestRank = rank;
      bestScore = score;
    }
    return best;
  }
}

/** X2. Less than 0: it cannot have it. */
function rankOf({ session, qos }: Subscription, published: 0 | 1 | 2): number {
  if (session.peer !== null) return session.outbound.roomy ? 2 : 1;
  return session.persistent && Math.min(qos, published) > 0 ? 0 : -1;
}

/** The part of a topic that keeps its messages together: a device's are one. */
function keyOf(topic: string): string {
  if (!topic.startsWith("devices/")) return topic;
  const end = topic.indexOf("/", 8);
  return end === -1 ? topic : topic.slice(0, end);
}
