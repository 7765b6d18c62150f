// All sessions, and the index over their subscriptions.
//
// T1. A session has at most one connection; a newer one takes it over [MQTT-3.1.4-3].
// T2. A session that survives is in the store from its CONNACK on, with when it must end: one whose
//     client was connected when the process died ends its expiry interval after the restart.
// T3. A subscription is in the index exactly while it is in its session.
import type { BrokerHandlers, QueueFigures } from "../broker.ts";
import { count } from "../counters.ts";
import type { Limits } from "../options.ts";
import { MESSAGE_OVERHEAD_BYTES, type OutboundParts } from "./outbound.ts";
import type { Peer } from "./peer.ts";
import { Session, type Subscription } from "./session.ts";
import type { SubscriptionOptions } from "./session-store.ts";
import { SubscriptionIndex } from "./subscription-index.ts";

export interface SessionsParts extends OutboundParts {
  readonly handlers: Pick<BrokerHandlers, "authorizeSubscribe">;
  readonly limits: OutboundParts["limits"] &
    Pick<Limits, "pendingSessionsMax" | "sessionExpirySecondsMax">;
}

export class Sessions {
  readonly index = new SubscriptionIndex<Subscription>();
  readonly #parts: SessionsParts;
  readonly #byClient = new Map<string, Session>();
  /** Sessions whose client is absent, in the order in which they left. */
  readonly #parked = new Set<Session>();

  constructor(parts: SessionsParts) {
    this.#parts = parts;
  }

  /** T2. Sessions of a former process are taken up. */
  load(nowMs: number): void {
    const { store, limits } = this.#parts;
    const backlogs = store.backlogs();
    for (const { client, expirySeconds, expiresAtMs } of store.sessions()) {
      const session = new Session(this.#parts, client, true, backlogs.get(client));
      const seconds = Math.min(expirySeconds, limits.sessionExpirySecondsMax);
      session.expiresAtMs = expiresAtMs ?? nowMs + seconds * 1000;
      store.saveSession({ client, expirySeconds, expiresAtMs: session.expiresAtMs });
      this.#byClient.set(client, session);
      this.#parked.add(session);
    }
    for (const { client, filter, options } of store.subscriptions()) {
      const session = this.#byClient.get(client);
      if (session) this.#set(session, filter, options);
    }
    this.endExpired(nowMs);
  }

  /** True when a client of this id would resume a session; one that has expired ends now (MQTT 5, 4.1). */
  isResumable(clientId: string, nowMs: number): boolean {
    const session = this.#byClient.get(clientId);
    if (!session) return false;
    if (session.expiresAtMs === null || session.expiresAtMs > nowMs) return session.persistent;
    this.end(session);
    return false;
  }

  queues(): QueueFigures {
    const { queued, limits } = this.#parts;
    let [connected, filled, fullest] = [0, 0, 0];
    for (const { persistent, peer, outbound } of this.#byClient.values()) {
      if (persistent && peer) connected += 1;
      const { messages, bytes } = outbound.backlog;
      if (messages === 0) continue;
      filled += 1;
      const share = Math.max(messages / limits.queuedMessagesMax, bytes / limits.queuedBytesMax);
      fullest = Math.max(fullest, share);
    }
    return {
      sessions: { connected, away: this.#parked.size },
      filled,
      messages: queued.messages,
      bytes: queued.bytes + queued.messages * MESSAGE_OVERHEAD_BYTES,
      fullest,
    };
  }

  isConnected(clientId: string): boolean {
    return (this.#byClient.get(clientId)?.peer ?? null) !== null;
  }

  /** Makes or resumes the session of a client whose CONNACK follows. */
  open(peer: Peer): Session {
    const { clientId, cleanStart, expirySeconds } = peer.terms;
    let session = this.#byClient.get(clientId);
    if (session && (cleanStart || !session.persistent)) {
      this.end(session); // [MQTT-3.1.2-4]
      session = undefined;
    }
    session ??= new Session(this.#parts, clientId, expirySeconds > 0);
    this.#byClient.set(clientId, session);
    this.#parked.delete(session);
    session.peer = peer;
    session.expiresAtMs = null;
    session.outbound.attach(peer);
    this.#save(session, expirySeconds);
    // Rights may have changed while the client was away.
    const authorize = this.#parts.handlers.authorizeSubscribe?.bind(this.#parts.handlers);
    if (authorize)
      for (const filter of session.subscriptions.keys())
        if (!authorize(peer.identity, filter)) this.unsubscribe(session, filter);
    return session;
  }

  /** The client is no longer there; a takeover has already given the session away (T1). */
  leave(peer: Peer, expirySeconds: number, nowMs: number): void {
    const session = this.#byClient.get(peer.terms.clientId);
    if (session?.peer !== peer) return;
    session.peer = null;
    session.outbound.detach();
    const { limits, counters } = this.#parts;
    if (expirySeconds === 0 || !session.persistent) return this.end(session);
    if (this.#parked.size >= limits.pendingSessionsMax) {
      count(counters.dropped, "session_quota");
      return this.end(session);
    }
    const seconds = Math.min(expirySeconds, limits.sessionExpirySecondsMax);
    session.expiresAtMs = nowMs + seconds * 1000;
    this.#parked.add(session);
    this.#save(session, expirySeconds);
  }

  end(session: Session): void {
    for (const filter of session.subscriptions.keys()) this.index.delete(filter, session.clientId);
    session.subscriptions.clear();
    session.outbound.detach();
    session.outbound.end();
    this.#parked.delete(session);
    if (this.#byClient.get(session.clientId) === session) this.#byClient.delete(session.clientId);
    if (session.persistent) this.#parts.store.endSession(session.clientId);
  }

  endExpired(nowMs: number): void {
    for (const session of this.#parked) if (session.expiresAtMs! <= nowMs) this.end(session);
  }

  /** True when the session did not have this filter before (Retain Handling 1 asks). */
  subscribe(session: Session, filter: string, options: SubscriptionOptions): boolean {
    const isNew = !session.subscriptions.has(filter);
    this.#set(session, filter, options);
    if (session.persistent) this.#parts.store.subscribe(session.clientId, filter, options);
    return isNew;
  }

  unsubscribe(session: Session, filter: string): boolean {
    if (!session.subscriptions.delete(filter)) return false;
    this.index.delete(filter, session.clientId);
    if (session.persistent) this.#parts.store.unsubscribe(session.clientId, filter);
    return true;
  }

  #set(session: Session, filter: string, options: SubscriptionOptions): void {
    const subscription: Subscription = { ...options, session };
    session.subscriptions.set(filter, subscription);
    this.index.set(filter, session.clientId, subscription);
  }

  #save({ clientId, persistent, expiresAtMs }: Session, expirySeconds: number): void {
    if (!persistent) return;
    this.#parts.store.saveSession({ client: clientId, expirySeconds, expiresAtMs });
  }
}
