// All sessions, and the index over their subscriptions.
//
// T1. A session has at most one connection; a newer one takes it over [MQTT-3.1.4-3].
// T2. A session that survives is in the store from its CONNACK on, with when it must end: one whose
//     client was connected when the process died ends its expiry interval after the restart.
// T3. A subscription is in the index exactly while it is in its session.
// T5. A holder whose sessions of absent clients are more than its share loses the one that has been absent
//     longest. When all together are too many, the holder that has most does: nobody else pays for it.
import type { BrokerHandlers, QueueFigures } from "../broker.ts";
import { ownerOfClientId } from "../../identity/access.ts";
import { count } from "../counters.ts";
import type { Limits } from "../options.ts";
import { type OutboundParts, sizeOf } from "./outbound.ts";
import { type Holder, type Holders, recordKey } from "./holders.ts";
import type { Peer } from "./peer.ts";
import { Session, type Subscription } from "./session.ts";
import type { SubscriptionOptions } from "./session-store.ts";
import { SubscriptionIndex } from "./subscription-index.ts";

export interface SessionsParts extends OutboundParts {
  readonly handlers: Pick<BrokerHandlers, "authorizeSubscribe">;
  readonly holders: Holders;
  readonly limits: OutboundParts["limits"] &
    Pick<Limits, "pendingSessionsMax" | "sessionExpirySecondsMax">;
}

const isBeyond = ({ away, share }: Holder): boolean => away.size > share.sessionsMax;

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
    const { store, limits, holders } = this.#parts;
    const backlogs = store.backlogs();
    for (const { client, expirySeconds, expiresAtMs, holder } of store.sessions()) {
      const of = { clientId: client, persistent: true, holder: holders.of(holder) };
      const session = new Session(this.#parts, of, backlogs.get(client));
      const seconds = Math.min(expirySeconds, limits.sessionExpirySecondsMax);
      session.expiresAtMs = expiresAtMs ?? nowMs + seconds * 1000;
      store.saveSession({ client, expirySeconds, expiresAtMs: session.expiresAtMs, holder });
      this.#byClient.set(client, session);
      this.#park(session);
    }
    for (const { client, filter, options } of store.subscriptions()) {
      const session = this.#byClient.get(client);
      if (session) this.#set(session, filter, options);
    }
    this.endExpired(nowMs);
    for (const { holder } of this.#parked) if (isBeyond(holder)) this.#endLongestAway(holder); // T5
    while (holders.away > limits.pendingSessionsMax) this.#endLongestAway(holders.mostAway()!);
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
      bytes: sizeOf(queued),
      fullest,
    };
  }

  /** The holder of a client that nothing but its id is known of. */
  holderOf(clientId: string): Holder {
    const known = this.#byClient.get(clientId)?.holder;
    return known ?? this.#parts.holders.of(recordKey(ownerOfClientId(clientId)));
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
    const { holder } = peer;
    if (session) this.#unpark(session);
    session ??= new Session(this.#parts, { clientId, persistent: expirySeconds > 0, holder });
    session.changeHolder(holder);
    this.#byClient.set(clientId, session);
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
    const { limits } = this.#parts;
    if (expirySeconds === 0 || !session.persistent) return this.end(session);
    if (!this.#makeRoom(session.holder)) return this.end(session);
    const seconds = Math.min(expirySeconds, limits.sessionExpirySecondsMax);
    session.expiresAtMs = nowMs + seconds * 1000;
    this.#park(session);
    this.#save(session, expirySeconds);
  }

  end(session: Session): void {
    if (this.#byClient.get(session.clientId) !== session) return;
    this.#byClient.delete(session.clientId);
    for (const filter of session.subscriptions.keys()) this.index.delete(filter, session.clientId);
    session.holder.subscriptions -= session.subscriptions.size;
    session.holder.sessions--;
    session.subscriptions.clear();
    session.outbound.detach();
    session.outbound.end();
    this.#unpark(session);
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
    session.holder.subscriptions--;
    this.index.delete(filter, session.clientId);
    if (session.persistent) this.#parts.store.unsubscribe(session.clientId, filter);
    return true;
  }

  #set(session: Session, filter: string, options: SubscriptionOptions): void {
    const subscription: Subscription = { ...options, filter, session };
    if (!session.subscriptions.has(filter)) session.holder.subscriptions++;
    session.subscriptions.set(filter, subscription);
    this.index.set(filter, session.clientId, subscription);
  }

  /** T5. False if it is the leaving session itself that has no room. */
  #makeRoom(holder: Holder): boolean {
    const { limits, holders, counters } = this.#parts;
    const own = holder.away.size;
    if (own >= holder.share.sessionsMax) {
      count(counters.dropped, "device_session_quota");
      this.#endLongestAway(holder);
    } else if (holders.away >= limits.pendingSessionsMax) {
      count(counters.dropped, "session_quota");
      const most = holders.mostAway()!;
      // Among equals it is whoever comes last: else new ones could put out old ones.
      const giving = most.away.size > own + 1 ? most : holder;
      if (giving.away.size === 0) return false;
      this.#endLongestAway(giving);
    }
    return true;
  }

  #endLongestAway({ away }: Holder): void {
    const [longest] = away;
    this.end(this.#byClient.get(longest!.clientId)!);
  }

  #park(session: Session): void {
    this.#parked.add(session);
    this.#parts.holders.park(session);
  }

  #unpark(session: Session): void {
    this.#parked.delete(session);
    this.#parts.holders.unpark(session);
  }

  #save({ clientId, persistent, expiresAtMs, holder }: Session, expirySeconds: number): void {
    if (!persistent) return;
    const row = { client: clientId, expirySeconds, expiresAtMs, holder: holder.key };
    this.#parts.store.saveSession(row);
  }
}
