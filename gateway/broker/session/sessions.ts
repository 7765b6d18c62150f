// All sessions, and the index over their subscriptions.
//
// T1. A session has at most one connection; a newer one takes it over [MQTT-3.1.4-3].
// T2. A session that survives is in the store from its CONNACK on, with when it must end: one whose
//     client was connected when the process died ends its expiry interval after the restart.
// T3. A subscription is in the index exactly while it is in its session.
// T4. A session is its owner's: a record, with the rights that it had. It ends, with what waits in it, once these are
//     not those of now, or another owner comes with its client id; before anything of it is sent.
// T6. What a member of a shared subscription had not acknowledged when it left goes to another one that is there, and
//     when its session ends to any other; not at QoS 2 once it was sent [MQTT-4.8.2-5].
// T5. A holder whose sessions of absent clients are more than its share loses the one that has been absent
//     longest. When all together are too many, the holder that has most does: nobody else pays for it.
import type { Owner } from "../../identity/login.ts";
import { logGroupOf, sharedFilterOf } from "../protocol/topic-rules.ts";
import type { Absent, BrokerHandlers, QueueFigures } from "../broker.ts";
import { ownerOfClientId } from "../../identity/access.ts";
import { count } from "../counters.ts";
import type { Limits, SharedStrategy } from "../options.ts";
import { sizeOf } from "./backlog.ts";
import type { OutboundParts } from "./outbound-parts.ts";
import { type Holder, type Holders, recordKey } from "./holders.ts";
import { LogMembers } from "./log-members.ts";
import type { Peer } from "./peer.ts";
import { Session, type Subscription } from "./session.ts";
import type { StoredMessage, SubscriptionOptions } from "./session-store.ts";
import { SharedGroup } from "./shared-groups.ts";
import { SubscriptionIndex } from "./subscription-index.ts";

export interface SessionsParts extends OutboundParts {
  readonly handlers: Pick<BrokerHandlers, "authorizeSubscribe" | "ownerOf" | "log">;
  readonly holders: Holders;
  readonly sharedStrategy?: SharedStrategy | undefined;
  readonly limits: OutboundParts["limits"] &
    Pick<Limits, "pendingSessionsMax" | "sessionExpirySecondsMax">;
}

/** The owner where nobody logs in. */
const NOBODY: Owner = { principal: undefined, grant: undefined };
const isBeyond = ({ away, share }: Holder): boolean => away.size > share.sessionsMax;

export class Sessions {
  readonly index = new SubscriptionIndex<Subscription>();
  /** Groups of shared subscriptions: by the filter that topics are held against, and their whole one. */
  readonly shared = new SubscriptionIndex<SharedGroup>();
  readonly #groups = new Map<string, SharedGroup>();
  readonly #logMembers: LogMembers;
  /** The broker ends: nobody is left to give anything to. */
  stopping = false;
  readonly #parts: SessionsParts;
  readonly #byClient = new Map<string, Session>();
  /** Sessions whose client is absent, in the order in which they left. */
  readonly #parked = new Set<Session>();

  constructor(parts: SessionsParts) {
    this.#parts = parts;
    this.#logMembers = new LogMembers(parts.handlers.log);
  }

  /** T2. Sessions of a former process are taken up. */
  load(nowMs: number): void {
    const { store, limits, handlers, holders } = this.#parts;
    const rows = store.sessions().flatMap(({ owner: left, ...row }) => {
      const owner = handlers.ownerOf ? handlers.ownerOf(row.client, left) : (left ?? NOBODY);
      if (owner === null)
        store.endSession(row.client); // T4
      else if (left === null) this.#adopt(row.client, owner);
      return owner === null ? [] : [{ ...row, owner }];
    });
    const backlogs = store.backlogs();
    for (const { client, expirySeconds, expiresAtMs, owner, holder } of rows) {
      const of = { clientId: client, persistent: true, holder: holders.of(holder) };
      const session = new Session(this.#parts, of, backlogs.get(client));
      const seconds = Math.min(expirySeconds, limits.sessionExpirySecondsMax);
      session.owner = owner;
      session.expiresAtMs = expiresAtMs ?? nowMs + seconds * 1000;
      store.saveSession({ client, expirySeconds, expiresAtMs: session.expiresAtMs, holder });
      this.#byClient.set(client, session);
      this.#park(session);
    }
    for (const { client, filter, options } of store.subscriptions()) {
      const session = this.#byClient.get(client);
      const heard = session ? this.#mayHear(session, filter) : false;
      if (session && heard !== false) this.#set(session, filter, options, heard === "foreign");
      else store.unsubscribe(client, filter);
    }
    this.endExpired(nowMs);
    for (const { holder } of this.#parked) if (isBeyond(holder)) this.#endLongestAway(holder); // T5
    while (holders.away > limits.pendingSessionsMax) this.#endLongestAway(holders.mostAway()!);
  }

  /** A session of an earlier version gets an owner; what waits in it and is not for that one goes. */
  #adopt(clientId: string, owner: Owner): void {
    const { store, handlers } = this.#parts;
    store.saveOwner(clientId, owner);
    for (const { sequence, message } of store.next(clientId, 0, Number.MAX_SAFE_INTEGER))
      if (handlers.authorizeSubscribe?.({ clientId, ...owner }, message.topic) === false)
        store.dequeue(sequence);
  }

  #mayHear({ clientId, owner }: Session, filter: string): boolean | "foreign" {
    const wanted = sharedFilterOf(filter)?.filter ?? filter;
    return this.#parts.handlers.authorizeSubscribe?.({ clientId, ...owner }, wanted) ?? true;
  }

  #isLost({ clientId, owner }: Session): boolean {
    return this.#parts.handlers.ownerOf?.(clientId, owner) === null;
  }

  /** T4. Before the CONNECT of this client is answered. */
  claim({ clientId, grant }: Absent): void {
    const session = this.#byClient.get(clientId);
    if (session && session.owner.grant !== grant) this.end(session);
  }

  /** T4. Ends those sessions that a change of records concerns and that are nobody's any more. */
  endLost(concerns: (client: Absent) => boolean): void {
    for (const session of this.#byClient.values()) {
      const { clientId, owner } = session;
      if (concerns({ clientId, ...owner }) && this.#isLost(session)) this.end(session);
    }
    this.#parts.store.commit();
  }

  /** True when a client of this id would resume a session; one that has expired ends now (MQTT 5, 4.1). */
  isResumable(clientId: string, nowMs: number): boolean {
    const session = this.#byClient.get(clientId);
    if (!session) return false;
    if (session.expiresAtMs === null || session.expiresAtMs > nowMs) return session.persistent;
    this.end(session);
    return false;
  }

  /** Subscriptions of all sessions. */
  get subscriptions(): number {
    let count = 0;
    for (const { subscriptions } of this.#byClient.values()) count += subscriptions.size;
    return count;
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
    const { grant } = peer.identity;
    let session = this.#byClient.get(clientId);
    const isAnothers = session?.owner.grant !== grant; // T4
    if (session && (cleanStart || !session.persistent || isAnothers)) {
      this.end(session); // [MQTT-3.1.2-4]
      session = undefined;
    }
    const { holder } = peer;
    if (session) this.#unpark(session);
    session ??= new Session(this.#parts, { clientId, persistent: expirySeconds > 0, holder });
    session.changeHolder(holder);
    this.#byClient.set(clientId, session);
    session.peer = peer;
    session.owner = peer.identity; // An object less for each connection.
    session.expiresAtMs = null;
    for (const filter of session.subscriptions.keys())
      if (this.#mayHear(session, filter) === false) this.unsubscribe(session, filter);
    session.outbound.attach(peer);
    this.#logMembers.joinAll(session);
    this.#save(session, expirySeconds);
    if (session.persistent) this.#parts.store.saveOwner(clientId, session.owner);
    return session;
  }

  /** The client is no longer there; a takeover has already given the session away (T1). */
  leave(peer: Peer, expirySeconds: number, nowMs: number): void {
    const session = this.#byClient.get(peer.terms.clientId);
    if (session?.peer !== peer) return;
    session.peer = null;
    this.#logMembers.leaveAll(session);
    const left = this.#takeShared(session, false);
    session.outbound.detach();
    this.#passOn(left);
    const { principal, grant } = session.owner;
    session.owner = { principal, grant };
    const { limits } = this.#parts;
    if (expirySeconds === 0 || !session.persistent || this.#isLost(session))
      return this.end(session);
    if (!this.#makeRoom(session.holder)) return this.end(session);
    const seconds = Math.min(expirySeconds, limits.sessionExpirySecondsMax);
    session.expiresAtMs = nowMs + seconds * 1000;
    this.#park(session);
    this.#save(session, expirySeconds);
  }

  end(session: Session): void {
    if (this.#byClient.get(session.clientId) !== session) return;
    this.#byClient.delete(session.clientId);
    this.#logMembers.leaveAll(session);
    const left = this.#takeShared(session, true);
    for (const filter of session.subscriptions.keys()) this.#unindex(filter, session.clientId);
    session.holder.subscriptions -= session.subscriptions.size;
    session.holder.sessions--;
    session.subscriptions.clear();
    session.outbound.detach();
    session.outbound.end();
    this.#unpark(session);
    if (session.persistent) this.#parts.store.endSession(session.clientId);
    this.#passOn(left);
  }

  /** The group of a shared subscription. */
  groupOf(filter: string): SharedGroup | undefined {
    return this.#groups.get(filter);
  }

  /**
   * T6. What the session had of its shared subscriptions and others can have; a client that may come back keeps what
   * nobody else is there for.
   */
  #takeShared(session: Session, isOver: boolean): StoredMessage[] {
    if (this.stopping || !session.outbound.hasShared) return [];
    return session.outbound.takeShared(({ topic, qos, foreign, shared }) => {
      const other = this.#groups
        .get(shared)
        ?.choose({ topic, qos, foreign }, session.subscriptions.get(shared));
      return other !== undefined && other !== null && (isOver || other.session.peer !== null);
    });
  }

  #passOn(left: readonly StoredMessage[]): void {
    for (const message of left) {
      const group = message.shared === undefined ? undefined : this.#groups.get(message.shared);
      const member = group?.choose(message);
      if (!member) count(this.#parts.counters.dropped, "shared_nobody");
      else {
        const identifiers = member.identifier === undefined ? undefined : [member.identifier];
        const lesser = Math.min(message.qos, member.qos) as 0 | 1 | 2;
        member.session.outbound.deliver({ ...message, identifiers }, lesser);
      }
    }
  }

  endExpired(nowMs: number): void {
    for (const session of this.#parked) if (session.expiresAtMs! <= nowMs) this.end(session);
  }

  /** True when the session did not have this filter before (Retain Handling 1 asks). */
  subscribe(
    session: Session,
    filter: string,
    options: SubscriptionOptions,
    foreignOnly: boolean,
  ): boolean {
    if (this.#byClient.get(session.clientId) !== session) return false; // It has ended meanwhile (T4).
    const isNew = !session.subscriptions.has(filter);
    this.#set(session, filter, options, foreignOnly);
    if (session.persistent) this.#parts.store.subscribe(session.clientId, filter, options);
    return isNew;
  }

  unsubscribe(session: Session, filter: string): boolean {
    if (!session.subscriptions.delete(filter)) return false;
    session.holder.subscriptions--;
    this.#logMembers.leave(session, filter);
    this.#unindex(filter, session.clientId);
    if (session.persistent) this.#parts.store.unsubscribe(session.clientId, filter);
    return true;
  }

  #set(session: Session, filter: string, options: SubscriptionOptions, foreignOnly: boolean): void {
    const shared = sharedFilterOf(filter);
    const subscription: Subscription = { ...options, filter, session, foreignOnly, shared };
    if (!session.subscriptions.has(filter)) session.holder.subscriptions++;
    session.subscriptions.set(filter, subscription);
    if (!shared) return this.index.set(filter, session.clientId, subscription);
    if (logGroupOf(filter)) return this.#logMembers.join(session, subscription);
    let group = this.#groups.get(filter);
    if (!group) {
      group = new SharedGroup(this.#parts.sharedStrategy ?? "hash");
      this.#groups.set(filter, group);
      this.shared.set(shared.filter, filter, group);
    }
    group.put(session.clientId, subscription);
  }

  #unindex(filter: string, clientId: string): void {
    const group = this.#groups.get(filter);
    if (!group) return this.index.delete(filter, clientId);
    group.delete(clientId);
    if (group.size > 0) return;
    this.#groups.delete(filter);
    this.shared.delete(sharedFilterOf(filter)!.filter, filter);
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
