// Packet identifiers of QoS 2 publishes of one session, from PUBLISH to PUBREL, and of QoS 1 publishes that
// no PUBACK was written for. It outlives the connection while the session does, so that a re-send after a
// reconnect finds its first sending.
//
// S1. held → stored (PUBREC sent) → forgotten (PUBREL); a PUBREC of 0x80 or more, which only MQTT 5
//     has, ends it at once [MQTT-4.3.3-9]; a client of MQTT 3 still sends PUBREL.
// S2. A stored identifier of a session that survives is in the store before its PUBREC is written.
// S3. A QoS 1 publish without a PUBACK is looked for in the queues that hold it, so that only a re-send
//     costs anything; one that was stored when its connection had gone is noted. Once a PUBACK is written,
//     whatever has its identifier is another publish [MQTT-4.3.2-5].
import { LazyMap } from "./lazy-map.ts";
import type { Peer } from "./peer.ts";

/** Stored identifiers that outlive the process; absent for sessions that end with the connection. */
export interface IdentifierStore {
  add(messageId: number): void;
  remove(messageId: number): void;
}

/** The held publishes of one connection; it may have gone. */
export interface HeldPublishes {
  readonly isEmpty: boolean;
  /** Answers a held QoS 1 publish to this peer instead; false if there is none with this identifier. */
  adopt(messageId: number, peer: Peer): boolean;
}

export class InboundSession {
  /** The connection to answer while held, null once stored. */
  readonly #owners = new LazyMap<number, Peer | null>();
  readonly #store: IdentifierStore | undefined;

  /** S3. */
  #held: HeldPublishes[] = [];
  #unanswered: Set<number> | null = null;

  constructor(stored: Iterable<number> = [], store?: IdentifierStore) {
    for (const messageId of stored) this.#owners.set(messageId, null);
    this.#store = store;
  }

  get size(): number {
    return this.#owners.size;
  }

  /** A connection begins. */
  join(held: HeldPublishes): void {
    const others = this.#held.filter(({ isEmpty }) => !isEmpty);
    // An array that grows takes room for sixteen more.
    this.#held = others.length === 0 ? [held] : [...others, held];
  }

  /** A QoS 1 publish was stored, and its connection has gone. */
  leave(messageId: number): void {
    (this.#unanswered ??= new Set()).add(messageId);
  }

  /**
   * A QoS 1 publish comes in.
   * @returns `held` if its first sending is about to be answered here, `stored` if it can be now.
   */
  arrive(messageId: number, isAgain: boolean, peer: Peer): "new" | "held" | "stored" {
    const known = this.#unanswered?.delete(messageId) ?? false;
    if (!isAgain) return "new";
    if (known) return "stored";
    return this.#held.some((held) => held.adopt(messageId, peer)) ? "held" : "new";
  }

  state(messageId: number): "unknown" | "held" | "stored" {
    const owner = this.#owners.get(messageId);
    return owner === undefined ? "unknown" : owner === null ? "stored" : "held";
  }

  hold(messageId: number, peer: Peer): void {
    this.#owners.set(messageId, peer);
  }

  /** The re-send came over a newer connection: that one gets the answer. */
  adopt(messageId: number, peer: Peer): void {
    this.#owners.set(messageId, peer);
  }

  /** It was never stored and nobody will settle it. */
  abandon(messageId: number): void {
    this.#owners.delete(messageId);
  }

  /**
   * The connection to answer.
   * @param code of the PUBREC, as MQTT 5 has it.
   */
  settle(messageId: number, code: number): Peer | undefined {
    const owner = this.#owners.get(messageId);
    if (!owner) return undefined;
    if (code >= 0x80 && owner.identity.protocolVersion === 5)
      this.#owners.delete(messageId); // S1
    else {
      this.#owners.set(messageId, null);
      this.#store?.add(messageId); // S2
    }
    return owner;
  }

  /** True when there was such a publish. A held one stays: its PUBREC has not been sent. */
  forget(messageId: number): boolean {
    const owner = this.#owners.get(messageId);
    if (owner === undefined) return false;
    if (owner === null) {
      this.#owners.delete(messageId);
      this.#store?.remove(messageId);
    }
    return true;
  }
}
