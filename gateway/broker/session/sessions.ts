// All sessions, and the index over their subscriptions.
//
// T1. A session has at most one connection; a newer one takes it over [MQTT-3.1.4-3].
// T2. A session that survives is in the store from its CONNACK on, with when it must end: one whose
//     client was connected when the process died ends its expiry interval after the restart.
// T3. A subscription is in the index exactly while it is in its session.
import type { AedesClient } from "../aedes/seam.ts";
import type { Connection } from "../connection/connection.ts";
import { type Core, count } from "../core.ts";
import { Session, type Subscription } from "./session.ts";
import type { SubscriptionOptions } from "./session-store.ts";
import { SubscriptionIndex } from "./subscription-index.ts";

export class Sessions {
  readonly index = new SubscriptionIndex<Subscription>();
  readonly #core: Core;
  readonly #byClient = new Map<string, Session>();
  /** Sessions whose client is absent, in the order in which they left. */
  readonly #parked = new Set<Session>();

  constructor(core: Core) {
    this.#core = core;
  }

  /** T2. Takes up what a former process left behind. */
  load(nowMs: number): void {
    const { store, limits } = this.#core;
    const backlogs = store.backlogs();
    for (const { client, expirySeconds, expiresAtMs } of store.sessions()) {
      const session = new Session(this.#core, client, true, backlogs.get(client));
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

  has(clientId: string): boolean {
    return this.#byClient.has(clientId);
  }

  get(clientId: string): Session | undefined {
    return this.#byClient.get(clientId);
  }

  /** aedes has registered the client; CONNACK follows. */
  open(connection: Connection): Session {
    const { client } = connection;
    let session = this.#byClient.get(client.id);
    if (session && (client._cleanStart || !session.persistent)) {
      this.end(session); // [MQTT-3.1.2-4]
      session = undefined;
    }
    session ??= new Session(this.#core, client.id, client.sessionExpiryInterval > 0);
    this.#byClient.set(client.id, session);
    this.#parked.delete(session);
    session.connection = connection;
    session.expiresAtMs = null;
    session.outbound.attach(connection);
    this.#save(session, client);
    // Rights may have changed while the client was away.
    const authorize = this.#core.handlers.authorizeSubscribe?.bind(this.#core.handlers);
    if (authorize)
      for (const filter of session.subscriptions.keys())
        if (!authorize(connection.identity, filter)) this.unsubscribe(session, filter);
    return session;
  }

  /** The client left before it was registered: as if it had left right after. */
  discard(connection: Connection): void {
    const { client } = connection;
    const { aedes, store } = this.#core;
    this.open(connection);
    if (aedes.clients[client.id] === client) aedes.deleteClient(client.id);
    client.will = null;
    store.deleteWill(client.id);
    this.leave(client, Date.now());
  }

  /** aedes has unregistered the client; a takeover has already given the session away (T1). */
  leave(client: AedesClient, nowMs: number): void {
    const session = this.#byClient.get(client.id);
    if (!session || session.connection?.client !== client) return;
    session.connection = null;
    session.outbound.detach();
    const { limits, counters } = this.#core;
    if (client.sessionExpiryInterval === 0 || !session.persistent) return this.end(session);
    if (this.#parked.size >= limits.pendingSessionsMax) {
      count(counters.dropped, "session_quota");
      return this.end(session);
    }
    const seconds = Math.min(client.sessionExpiryInterval, limits.sessionExpirySecondsMax);
    session.expiresAtMs = nowMs + seconds * 1000;
    this.#parked.add(session);
    this.#save(session, client);
  }

  end(session: Session): void {
    for (const filter of session.subscriptions.keys()) this.index.delete(filter, session.clientId);
    session.subscriptions.clear();
    session.outbound.detach();
    this.#parked.delete(session);
    if (this.#byClient.get(session.clientId) === session) this.#byClient.delete(session.clientId);
    if (session.persistent) this.#core.store.endSession(session.clientId);
  }

  endExpired(nowMs: number): void {
    for (const session of this.#parked) if (session.expiresAtMs! <= nowMs) this.end(session);
  }

  /** True when the session did not have this filter before (Retain Handling 1 asks). */
  subscribe(session: Session, filter: string, options: SubscriptionOptions): boolean {
    const isNew = !session.subscriptions.has(filter);
    this.#set(session, filter, options);
    if (session.persistent) this.#core.store.subscribe(session.clientId, filter, options);
    return isNew;
  }

  unsubscribe(session: Session, filter: string): boolean {
    if (!session.subscriptions.delete(filter)) return false;
    this.index.delete(filter, session.clientId);
    if (session.persistent) this.#core.store.unsubscribe(session.clientId, filter);
    return true;
  }

  #set(session: Session, filter: string, options: SubscriptionOptions): void {
    const subscription: Subscription = { ...options, session };
    session.subscriptions.set(filter, subscription);
    this.index.set(filter, session.clientId, subscription);
  }

  #save(session: Session, client: AedesClient): void {
    if (!session.persistent) return;
    this.#core.store.saveSession({
      client: session.clientId,
      expirySeconds: client.sessionExpiryInterval,
      expiresAtMs: session.expiresAtMs,
    });
  }
}
