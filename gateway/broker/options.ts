import type { Logger } from "../../platform/runtime/logger.ts";
import type { RejectAnswers } from "./protocol/refusals.ts";

export interface Address {
  readonly host: string;
  /** 0 picks a free port; `Broker.addresses` says which. */
  readonly port: number;
}

/** PEM texts, not paths. With `clientAuthorities` a client may show a certificate of theirs. */
export interface TlsIdentity {
  readonly key: string | Buffer;
  readonly certificate: string | Buffer;
  readonly clientAuthorities?: string | Buffer;
  /** Refuse connections without a valid client certificate. */
  readonly clientCertificateRequired?: boolean;
  /** One of each authority, in PEM; with any, one that has run out refuses every client certificate. */
  readonly revocationLists?: readonly string[];
  /** The oldest version that is taken; TLS 1.2 unless said otherwise. */
  readonly minVersion?: "TLSv1.2" | "TLSv1.3";
  /** A list in the words of OpenSSL. */
  readonly ciphers?: string;
}

/** An address that takes WebSockets, and whose. */
export interface WebSocketAddress extends Address {
  /** Names in Host besides those of this machine, of `host`, and addresses. */
  readonly hosts?: readonly string[];
  /** Origins of pages that may connect, besides the host that they ask. */
  readonly origins?: readonly string[];
}

export interface Listeners {
  readonly mqtt?: Address;
  readonly mqtts?: Address & { readonly tls: TlsIdentity };
  readonly ws?: WebSocketAddress;
  readonly wss?: WebSocketAddress & { readonly tls: TlsIdentity };
}

/** The choice of a member of a shared subscription: by topic, or in turns. */
export const SHARED_STRATEGIES = ["hash", "round_robin"] as const;
export type SharedStrategy = (typeof SHARED_STRATEGIES)[number];

/** Bounds on one client, and on all of them together. 0 never means "no limit" here. */
export interface Limits {
  /** Connected clients; the next CONNECT is answered with 0x97 (3 on MQTT 3.1.1). */
  readonly connectionsMax: number;
  /** The same of one record, and of the anonymous clients of one address. */
  readonly deviceConnectionsMax: number;
  readonly addressConnectionsMax: number;
  /** Sockets that wait for their CONNACK, or have not even asked for it, of one address and of all. */
  readonly addressOpeningMax: number;
  readonly openingMax: number;
  /** An address of anonymous clients has the sessions, subscriptions, queues and retained topics of so many devices. */
  readonly addressShares: number;
  /** And it may publish, subscribe and be refused so many times as fast. */
  readonly addressRates: number;
  /** Time from the TCP connection to an accepted CONNECT. */
  readonly connectTimeoutMs: number;
  readonly clientIdBytesMax: number;
  /** A whole MQTT packet; announced to MQTT 5 clients. Keep it under half of NATS's max_payload. */
  readonly packetBytesMax: number;
  /** Publishes of one client that are not yet settled; past it the client is no longer read. */
  readonly inFlightMax: number;
  readonly inFlightBytesMax: number;
  /** The same over all clients: past it nobody is read who has something in flight. */
  readonly heldBytesMax: number;
  /** Token bucket per holder (session/holders.ts): over it its clients are not read until tokens are back. */
  readonly publishRatePerSecond: number;
  readonly publishBurst: number;
  /** The same for publishes that are kept as rejects; a large one counts more than once. */
  readonly rejectRatePerSecond: number;
  readonly rejectBurst: number;
  /** The same for filters of SUBSCRIBE and retained topics that are looked at for them. */
  readonly subscribeRatePerSecond: number;
  readonly subscribeBurst: number;
  readonly topicLevelsMax: number;
  readonly topicAliasMax: number;
  readonly subscriptionsMax: number;
  readonly deviceSubscriptionsMax: number;
  /** Stored sessions end at the latest this long after their client left, whatever it asked for. */
  readonly sessionExpirySecondsMax: number;
  /** Sessions kept for absent clients; past it one ends of the holder that has most, the longest absent first. */
  readonly pendingSessionsMax: number;
  readonly deviceSessionsMax: number;
  /** Messages waiting for one subscriber; further ones are dropped and counted. */
  readonly queuedMessagesMax: number;
  readonly queuedBytesMax: number;
  /** The same over all sessions, each message with what it takes besides its payload. */
  readonly queuedBytesOfAllMax: number;
  readonly deviceQueuedBytesMax: number;
  /** Topics with a retained message of a client; further ones are dropped and counted. */
  readonly retainedMessagesMax: number;
  readonly deviceRetainedMax: number;
  /** The same for topics that are not ours, and their size in the store: what is relayed takes nobody else's room. */
  readonly relayRetainedMax: number;
  readonly deviceRelayRetainedMax: number;
  readonly relayRetainedBytesMax: number;
  readonly deviceRelayRetainedBytesMax: number;
  /** Unacknowledged deliveries to one subscriber, at most its own Receive Maximum. */
  readonly deliveriesInFlightMax: number;
  /** Bytes waiting in the socket of one subscriber; then QoS 0 is dropped and QoS 1/2 waits. */
  readonly outboundBytesMax: number;
  /** A client that reads nothing of what waits for it for this long is disconnected. */
  readonly drainTimeoutMs: number;
  /** Imposed on MQTT 5 clients that ask for a longer one or none (Server Keep Alive). */
  readonly keepAliveSecondsMax: number;
  /** After a restart, how long clients have to come back before their stored wills go out. */
  readonly willGraceMs: number;
}

export const DEFAULT_LIMITS: Limits = Object.freeze({
  connectionsMax: 20_000,
  deviceConnectionsMax: 100,
  addressConnectionsMax: 10_000,
  addressOpeningMax: 1_000,
  openingMax: 4_000,
  addressShares: 100,
  addressRates: 4,
  connectTimeoutMs: 10_000,
  clientIdBytesMax: 128,
  packetBytesMax: 256 * 1024,
  inFlightMax: 1024,
  inFlightBytesMax: 1024 * 1024,
  heldBytesMax: 256 * 1024 * 1024,
  publishRatePerSecond: 10_000,
  publishBurst: 20_000,
  rejectRatePerSecond: 50,
  rejectBurst: 5_000,
  subscribeRatePerSecond: 5_000,
  subscribeBurst: 100_000,
  topicLevelsMax: 16,
  topicAliasMax: 16,
  subscriptionsMax: 256,
  deviceSubscriptionsMax: 1_000,
  sessionExpirySecondsMax: 7 * 24 * 3600,
  pendingSessionsMax: 20_000,
  deviceSessionsMax: 100,
  queuedMessagesMax: 1000,
  queuedBytesMax: 8 * 1024 * 1024,
  queuedBytesOfAllMax: 1024 * 1024 * 1024,
  deviceQueuedBytesMax: 16 * 1024 * 1024,
  retainedMessagesMax: 50_000,
  deviceRetainedMax: 1_000,
  relayRetainedMax: 100_000,
  deviceRelayRetainedMax: 10_000,
  relayRetainedBytesMax: 512 * 1024 * 1024,
  deviceRelayRetainedBytesMax: 32 * 1024 * 1024,
  deliveriesInFlightMax: 256,
  outboundBytesMax: 256 * 1024,
  drainTimeoutMs: 2000,
  keepAliveSecondsMax: 300,
  willGraceMs: 30_000,
});

export interface BrokerOptions {
  readonly listeners: Listeners;
  /** Sessions, queued and retained messages live here; absent, they live in memory. */
  readonly dataDirectory?: string;
  readonly limits?: Partial<Limits>;
  readonly rejectAnswers?: Partial<RejectAnswers>;
  /** Absent: by topic. */
  readonly sharedStrategy?: SharedStrategy;
  readonly logger?: Logger;
}

export function resolveLimits(overrides: Partial<Limits> = {}): Limits {
  const limits = { ...DEFAULT_LIMITS, ...overrides };
  for (const [name, value] of Object.entries(limits)) {
    if (!Number.isFinite(value) || value <= 0) throw new RangeError(`${name} must be positive`);
  }
  // Both travel in 16 bits on the wire (MQTT 5, 3.2.2.3.3 and 2.2.1).
  if (limits.inFlightMax > 65_535) throw new RangeError("inFlightMax must be at most 65535");
  if (limits.deliveriesInFlightMax > 65_535)
    throw new RangeError("deliveriesInFlightMax must be at most 65535");
  // The topic matcher throws past 100 levels.
  if (limits.topicLevelsMax > 100) throw new RangeError("topicLevelsMax must be at most 100");
  return limits;
}
