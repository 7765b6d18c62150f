// The class of each topic (pure): telemetry, relayed, both, or ignored.
//
// K1. Our own names, devices' telemetry, commands, alerts and `$…`, are never relayed and never ignored.
// K2. A topic that is neither ours, nor mapped, nor ignored, nor relayed carries telemetry that cannot be read: a reject.
// K3. What is ignored makes no reading and no reject; it may be relayed all the same.
// K4. A class follows from the topic alone, and is remembered, with the connection and for all of them, until the table
//     in force changes.
// K5. Nothing is relayed for what comes over HTTP: its answer says that the log has it, which relaying does not do.
import { isReservedTopic } from "../../contracts/names/topics.ts";
import { covers } from "../identity/access.ts";
import type { Message, TopicClass } from "../ingest/message.ts";

const TELEMETRY: TopicClass = Object.freeze({ telemetry: true, relayed: false });
const RELAYED: TopicClass = Object.freeze({ telemetry: false, relayed: true });
const BOTH: TopicClass = Object.freeze({ telemetry: true, relayed: true });
const IGNORED: TopicClass = Object.freeze({ telemetry: false, relayed: false });

/** Topics whose class is remembered over all connections, and the length up to which one is. */
const REMEMBERED_MAX = 10_000;
const REMEMBERED_CHARS_MAX = 256;

/** Its revision grows with every change. */
export interface MappingsInForce {
  has(topic: string): boolean;
  readonly ignore: readonly string[];
  readonly revision: number;
}

export interface TopicClassesOptions {
  /** Filters of topics that are relayed. */
  readonly relay: readonly string[];
  /** Filters of topics that no telemetry is made of. */
  readonly ignore: readonly string[];
  /** The table in force, with topics that it ignores; absent: nothing is mapped. */
  readonly mappings?: MappingsInForce;
  /** Clients that have not logged in relay as well. */
  readonly anonymous: boolean;
}

export class TopicClasses {
  readonly #options: TopicClassesOptions;
  readonly #known = new Map<string, TopicClass>();
  /** That of the table by which they are known. */
  #revision = 0;
  /** Messages that were relayed, and those that were ignored, since the start. */
  relayed = 0;
  ignored = 0;

  constructor(options: TopicClassesOptions) {
    this.#options = options;
  }

  of(message: Pick<Message, "topic" | "recall" | "principal" | "protocol">): TopicClass {
    const { topic, recall } = message;
    const { revision = 0 } = this.#options.mappings ?? {};
    if (revision !== this.#revision) {
      this.#revision = revision;
      this.#known.clear();
    }
    if (recall?.class && recall.classed === topic && recall.classedAsOf === revision)
      return recall.class; // K4
    const found = this.#classOf(topic);
    const restricted =
      found.relayed && !this.#mayRelay(message) ? this.#unrelayed(found, topic) : found;
    if (recall) {
      recall.classed = topic;
      recall.classedAsOf = revision;
      recall.class = restricted;
    }
    return restricted;
  }

  #mayRelay({ principal, protocol }: Pick<Message, "principal" | "protocol">): boolean {
    if (protocol === "http") return false; // K5
    return principal !== undefined || this.#options.anonymous;
  }

  /** The class as if nothing was relayed (K2). */
  #unrelayed({ telemetry }: TopicClass, topic: string): TopicClass {
    return !telemetry && this.#isIgnored(topic) ? IGNORED : TELEMETRY;
  }

  #classOf(topic: string): TopicClass {
    if (isReservedTopic(topic)) return TELEMETRY; // K1
    let found = this.#known.get(topic);
    if (found) return found;
    found = this.#decide(topic);
    if (topic.length > REMEMBERED_CHARS_MAX) return found;
    if (this.#known.size >= REMEMBERED_MAX) this.#known.clear();
    this.#known.set(topic, found);
    return found;
  }

  #decide(topic: string): TopicClass {
    const { relay, mappings } = this.#options;
    const isRelayed = relay.some((filter) => covers(filter, topic));
    if (this.#isIgnored(topic)) return isRelayed ? RELAYED : IGNORED; // K3
    if (!isRelayed) return TELEMETRY; // K2
    return mappings?.has(topic) === true ? BOTH : RELAYED;
  }

  #isIgnored(topic: string): boolean {
    const { ignore, mappings } = this.#options;
    const isCovered = (filter: string): boolean => covers(filter, topic);
    return ignore.some(isCovered) || mappings?.ignore.some(isCovered) === true;
  }
}
