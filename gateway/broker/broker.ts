// The broker as the gateway sees it, in our words, so that what is behind it can be replaced without
// touching anything outside this folder. aedes answers CONNECT; the rest is ours.
//
//   start-broker -> connection -> routing -> session -> protocol     (imports; none goes back)
//
//   connection/  sockets, and the packets of one connection
//   routing/     the way of an accepted publish to its subscribers, retained messages, wills
//   session/     the part that outlives a connection, and its store
//   protocol/    rules and bytes of MQTT, without state
//   aedes/       aedes, behind its door.ts
//
// B1. A QoS 1/2 PUBLISH is answered (PUBACK/PUBREC) only after `settle` was called for it.
// B2. Answers leave in the order in which the publishes of that client came [MQTT-4.6.0-2].
// B3. Not settling is always safe: the client is neither timed out nor disconnected for it, its
//     pings are answered meanwhile, and past its in-flight bound its socket is no longer read.
// B4. A QoS 2 re-send of a packet that is already stored is answered without a second `publish`.

import type { Authentication, Credentials, Owner } from "../identity/login.ts";
import type { Message, RefusalReason, Settle } from "../ingest/message.ts";
import type { RateLimit } from "./connection/rate-limit.ts";
import type { LogReading } from "./log-reading.ts";
import type { Limits, TlsIdentity } from "./options.ts";

/** The client at the other end of a connection, as far as the broker knows. */
export interface ClientIdentity {
  readonly clientId: string;
  /** Absent when the listener let the client in anonymously. */
  readonly username: string | undefined;
  /** The answer of `authenticate`; absent when there is no `authenticate`. */
  readonly principal: string | undefined;
  readonly device: string | undefined;
  readonly grant?: string | undefined;
  /** It says so itself: Mosquitto sets the top bit of the protocol level. */
  readonly bridge?: boolean;
  /** 3 = MQTT 3.1, 4 = MQTT 3.1.1, 5 = MQTT 5. */
  readonly protocolVersion: number;
  readonly remoteAddress: string;
  /** `mqtt`, `mqtts`, `ws` or `wss`. */
  readonly listener: string;
}

/** A client of which only its session or its will is there. */
export type Absent = Pick<ClientIdentity, "clientId"> & Owner;

/**
 * How a connection ended; bounded. `will`: DISCONNECT with a reason code other than 0x00, or the socket
 * closed and the will, which had no delay, went out [MQTT-3.1.2-8]. `keep_alive`: [MQTT-3.1.2-22].
 * `connection_lost`: the socket closed, and no will. `closed`: by us.
 */
export type DisconnectReason =
  "disconnect" | "will" | "keep_alive" | "connection_lost" | "taken_over" | "closed" | "shutdown";

/** Topics of the gateway itself, retained for later subscribers (MQTT 5, 3.3.1.3). */
export interface RetainedTopics {
  /**
   * Publishes from the gateway itself (QoS 1); resolves when the broker's store has it.
   * @param options `expirySeconds`, fractions included: nobody gets it later than that, retained or
   * queued (MQTT 5, 3.3.2.3.3).
   */
  publish(
    topic: string,
    payload: string | Buffer,
    options: { retain: boolean; expirySeconds?: number },
  ): Promise<void>;
  /** Forgets what is retained there; subscribers hear nothing, unlike with an empty payload. */
  unretain(topic: string): void;
  /** Messages that the gateway (not one of its clients) retains and that have not expired, by topic. */
  retained(filter: string): Map<string, Buffer>;
}

export interface BrokerHandlers {
  /** Works on what is stored, before any client can connect; while it runs no listener is open. */
  prepare?(topics: RetainedTopics): Promise<void>;
  /** Every PUBLISH of a client and every will; forwarded to subscribers once settled with `null`. */
  publish(message: Message, settle: Settle): void;
  /** Absent: everybody is let in. A rejected promise answers 0x88 "Server unavailable". */
  authenticate?(credentials: Credentials): Promise<Authentication>;
  /**
   * Absent: every topic filter is allowed. Asked again when a stored session is loaded and resumed. `foreign`: of what
   * it matches, the client hears what is on topics that are not ours (`isReservedTopic`).
   */
  authorizeSubscribe?(client: Absent, topicFilter: string): boolean | "foreign";
  /**
   * Absent: what a client left is its own for ever. Else whose a session or a will of this client id is now, or null:
   * it is nobody's any more and ends.
   * @param left whose it was; null in a store of an earlier version, which did not note it.
   */
  ownerOf?(clientId: string, left: Owner | null): Owner | null;
  /** A session has a connection; its CONNACK follows. A throw is logged and goes no further. */
  connected?(client: ClientIdentity): void;
  /**
   * Exactly once after each `connected`, with the same object; `detail` is the reason that is counted where
   * we closed it, or empty. A takeover [MQTT-3.1.4-3] ends the old
   * connection first, and the `connected` of the new one follows in any case.
   */
  disconnected?(client: ClientIdentity, reason: DisconnectReason, detail: string): void;
  /**
   * A connection ended before it had a session. The reason is that of `counters.refused` or
   * `counters.closed`; `detail` says more, or nothing. A throw is logged and goes no further.
   */
  refused?(client: ClientIdentity, reason: string, detail: string): void;
  /** Groups that read the region's log; absent: there are none, and their filters are refused. */
  readonly log?: LogReading;
  /** A client sends too much, of whatever, of what is refused or of SUBSCRIBE, and is not read for a while. */
  slowed?(client: ClientIdentity, why: "rate" | "rejects" | "subscribes"): void;
}

export interface BrokerCounters {
  connections: number;
  /** MQTT packets of any type; those that aedes writes are not counted. */
  packetsReceived: number;
  packetsSent: number;
  publishesReceived: number;
  /** PUBLISH packets sent to subscribers. */
  deliveries: number;
  /** Publishes handed to `publish` and not yet settled. */
  publishesHeld: number;
  /** Their bytes. */
  publishesHeldBytes: number;
  /** Connections closed by us, by a bounded reason. */
  closed: Record<string, number>;
  /** CONNECTs answered with a refusal, by a bounded reason. */
  refused: Record<string, number>;
  /** Filters of SUBSCRIBE answered with a refusal, by a bounded reason. */
  filtersRefused: Record<string, number>;
  /** Messages to subscribers that were not delivered, by a bounded reason. */
  dropped: Record<string, number>;
  /** Times a client was no longer read for a while, by a bounded reason. */
  paused: Record<string, number>;
}

/** Sessions that outlive their connections, and what waits in all sessions for their clients. */
export interface QueueFigures {
  /** Sessions that outlive their connections, by whether their client is there. */
  readonly sessions: { readonly connected: number; readonly away: number };
  /** Sessions in which something waits, or was sent and is not acknowledged. */
  readonly filled: number;
  /** Their messages. */
  readonly messages: number;
  /** Their size, as the bound of all sessions counts it: each message with what it takes besides its payload. */
  readonly bytes: number;
  /** The share of its bound that the fullest session has used, of messages or of bytes. */
  readonly fullest: number;
}

/** Numbers of what clients have in the broker. */
export interface Holdings {
  readonly subscriptions: number;
  /** Topics with a retained message, the gateway's own included. */
  readonly retained: number;
}

export interface Broker extends RetainedTopics, AsyncDisposable {
  readonly counters: Readonly<BrokerCounters>;
  readonly limits: Readonly<Limits>;
  /** Rates of its clients by holder, for other transports of the same devices. */
  readonly rates: { readonly publishes: RateLimit; readonly rejects: RateLimit };
  /** Looks at every session: for whoever asks now and then. */
  queues(): QueueFigures;
  holdings(): Holdings;
  /** Addresses that listen, by listener name (`mqtt`, `mqtts`, `ws`, `wss`). */
  readonly addresses: Readonly<Record<string, { host: string; port: number }>>;
  /**
   * Closes the live connections that `concerns` is true for, on MQTT 5 with the code of `reason` (for example
   * `not_authorized` on revocation), and ends those of its sessions that are nobody's any more (`ownerOf`); the others
   * stay. Returns how many connections were closed.
   */
  disconnect(concerns: (client: Absent) => boolean, reason: RefusalReason): number;
  /** New TLS handshakes of all its listeners use these; connections go on. @throws if they are no good. */
  renewTls(tls: TlsIdentity): void;
  /** While on, new CONNECTs get 0x88 (3 on MQTT 3.1.1); connected clients stay. */
  refuseConnections(on: boolean): void;
}
