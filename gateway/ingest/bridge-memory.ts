// What bridges repeat from their memory (pure: the clock is handed in).
//
// A broker that bridges to us sends, after it has connected, what it has retained: old values again, with no
// sign that they are old. Whoever takes them for readings sees a sensor that is gone come back to life.
//
// Q1. A message is repeated only if all of this holds: RETAIN is set; its sender is a bridge; it is the first of its
//     topic on this connection, in the burst that follows CONNECT; and the bridge's last message of that
//     topic, or its last with RETAIN, was stored with the same payload. All else is new.
// Q2. A device that publishes each of its values with RETAIN is no bridge, and its equal values are new. Its client id
//     alone makes nobody a bridge that logged in as a device, nor on a topic that names the client itself.
// Q3. What is not remembered counts as new: nothing is lost for it. `TOPICS_MAX` topics are remembered, the
//     longest unheard go first; those of a former process are taken up from `values` (bridge-store.ts).
import { hash } from "node:crypto";
import type { Message, Settle } from "./message.ts";

/** A bridge that has said nothing for this long has told what it had. */
const BURST_GAP_MS = 5_000;
const BURST_MAX_MS = 60_000;
const TOPICS_MAX = 50_000;
/** Bridges whose repeats are counted apart. */
const NAMES_MAX = 100;

/** A client with a connection, as its transport tells it. */
export interface BridgeClient {
  readonly clientId: string;
  readonly principal?: string | undefined;
  /** The device that it logged in as. */
  readonly device?: string | undefined;
  /** It said in its CONNECT that it is a bridge. */
  readonly bridge?: boolean | undefined;
}

export interface BridgeMemoryParts {
  /** A record of role bridge. */
  readonly isBridge: (principal: string) => boolean;
  /** Client ids of bridges that do not say so. */
  readonly clientIds: readonly RegExp[];
  /** Absent: nothing outlives the process. */
  readonly values?: BridgeValues | null;
  /** Hears of each that is taken for a bridge. */
  readonly found?: (name: string, by: KnownBy) => void;
  /** Monotonic ms. */
  readonly clock: () => number;
}

/** The sign by which a client is taken for a bridge. */
export type KnownBy = "connect" | "record" | "client_id";

export interface BridgeRepeats {
  /** The record that it logged in as, or its client id. */
  readonly name: string;
  readonly knownBy: KnownBy;
  readonly repeats: number;
}

interface Burst {
  readonly client: BridgeClient;
  readonly knownBy: KnownBy;
  /** Under this name its topics are remembered over its connections. */
  readonly name: string;
  readonly sinceMs: number;
  lastMs: number;
  /** Digests of topics that it has repeated or sent; null when the burst is over. */
  topics: Set<string> | null;
}

/** Digests of payloads that were stored: of the last of its topic, and of the last with RETAIN. */
export interface BridgeValue {
  readonly last: string;
  readonly retained: string | null;
}

/** The place where values outlive the process; a write that fails is its own affair. */
export interface BridgeValues {
  /** The longest unchanged first. */
  load(): Iterable<[key: string, value: BridgeValue]>;
  put(key: string, value: BridgeValue): void;
  remove(key: string): void;
}

export class BridgeMemory {
  readonly #of: BridgeMemoryParts;
  /** Connected bridges, by client id. */
  readonly #bursts = new Map<string, Burst>();
  /** Values by digest of name and topic, the longest unheard first. */
  readonly #known: Map<string, BridgeValue>;
  readonly #byBridge = new Map<string, BridgeRepeats>();
  #repeated = 0;

  constructor(parts: BridgeMemoryParts) {
    this.#of = parts;
    this.#known = new Map(parts.values?.load());
    this.#forgetOldest();
  }

  /** Messages that were no new readings, since the start. */
  get repeated(): number {
    return this.#repeated;
  }

  /** The same by bridge, for the first hundred that repeated something. */
  get repeats(): BridgeRepeats[] {
    return [...this.#byBridge.values()];
  }

  connected(client: BridgeClient): void {
    const knownBy = this.#signOf(client);
    if (!knownBy) return;
    const sinceMs = this.#of.clock();
    const name = client.principal ?? client.clientId;
    const topics = new Set<string>();
    const burst = { client, knownBy, name, sinceMs, lastMs: sinceMs, topics };
    this.#bursts.set(client.clientId, burst);
    this.#of.found?.(name, knownBy);
  }

  disconnected(client: BridgeClient): void {
    if (this.#bursts.get(client.clientId)?.client === client) this.#bursts.delete(client.clientId);
  }

  #signOf({ clientId, principal, device, bridge }: BridgeClient): KnownBy | null {
    if (bridge === true) return "connect";
    if (principal !== undefined && this.#of.isBridge(principal)) return "record";
    if (device !== undefined) return null; // Q2
    return this.#of.clientIds.some((pattern) => pattern.test(clientId)) ? "client_id" : null;
  }

  /**
   * The `settle` to go on with, or null: the message is repeated, and settled as if it were stored.
   */
  watch(message: Message, settle: Settle): Settle | null {
    if (this.#bursts.size === 0) return settle;
    const burst = this.#bursts.get(message.clientId);
    if (!burst) return settle; // Q2
    const { topic, retain, payload } = message;
    if (burst.knownBy === "client_id" && isNamedIn(topic, message.clientId)) return settle; // Q2
    // Digests, because a topic may be long: memory is bounded by their number.
    const key = hash("sha1", `${burst.name}\n${topic}`, "base64");
    const digest = hash("sha1", payload, "base64");
    const isFirst = this.#isFirst(burst, key);
    if (retain && isFirst) {
      const known = this.#known.get(key);
      if (known && (known.last === digest || known.retained === digest)) {
        this.#count(burst); // Q1
        settle(null);
        return null;
      }
    }
    return (refusal) => {
      if (!refusal) this.#remember(key, digest, retain);
      settle(refusal);
    };
  }

  #count({ name, knownBy }: Burst): void {
    this.#repeated += 1;
    const known = this.#byBridge.get(name);
    if (!known && this.#byBridge.size >= NAMES_MAX) return;
    this.#byBridge.set(name, { name, knownBy, repeats: (known?.repeats ?? 0) + 1 });
  }

  #isFirst(burst: Burst, key: string): boolean {
    const { topics, sinceMs, lastMs } = burst;
    if (!topics) return false;
    const nowMs = this.#of.clock();
    const isOver = nowMs - lastMs > BURST_GAP_MS || nowMs - sinceMs > BURST_MAX_MS;
    if (isOver || topics.size >= TOPICS_MAX) {
      burst.topics = null;
      return false;
    }
    burst.lastMs = nowMs;
    if (topics.has(key)) return false;
    topics.add(key);
    return true;
  }

  #remember(key: string, digest: string, retain: boolean): void {
    const known = this.#known.get(key);
    this.#known.delete(key);
    const value = { last: digest, retained: retain ? digest : (known?.retained ?? null) };
    this.#known.set(key, value);
    if (known?.last !== value.last || known.retained !== value.retained)
      this.#of.values?.put(key, value);
    this.#forgetOldest();
  }

  #forgetOldest(): void {
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= TOPICS_MAX) return; // Q3
      this.#known.delete(oldest);
      this.#of.values?.remove(oldest);
    }
  }
}

/** A topic of which one level is the client id, in any case: its sender speaks of itself. */
const isNamedIn = (topic: string, clientId: string): boolean =>
  topic.toLowerCase().split("/").includes(clientId.toLowerCase());
