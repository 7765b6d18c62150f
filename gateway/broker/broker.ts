// What the gateway needs of an MQTT broker, in our words, so that the library behind it can be
// replaced (or its hardening dropped) without touching anything outside this folder.
//
// B1. A QoS 1/2 PUBLISH is answered (PUBACK/PUBREC) only after `settle` was called for it.
// B2. Answers leave in the order in which the publishes of that client came [MQTT-4.6.0-2].
// B3. Not settling is always safe: the client is neither timed out nor disconnected for it, its
//     pings are answered meanwhile, and past its in-flight bound its socket is no longer read.
// B4. A QoS 2 re-send of a packet that is already stored is answered without a second `publish`.

/** One PUBLISH as a client sent it. `payload` must not be kept past `settle` without a copy. */
export interface Publication {
  readonly clientId: string;
  /** Absent when the listener let the client in anonymously. */
  readonly username: string | undefined;
  /** 3 = MQTT 3.1, 4 = MQTT 3.1.1, 5 = MQTT 5. */
  readonly protocolVersion: number;
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
  /** MQTT 5 user property `traceparent`, if any. */
  readonly traceparent: string | undefined;
  readonly contentType: string | undefined;
}

/** Why a publication was refused *and safely kept*: sent as reason code and string on MQTT 5. */
export interface Refusal {
  /** MQTT 5 PUBACK reason code, for example 0x99 "Payload format invalid" (MQTT 5, 3.4.2.1). */
  readonly reasonCode: number;
  readonly reason: string;
}

/** Called once, when the publication is stored (`null`) or stored as a reject (`Refusal`). */
export type Settle = (refusal: Refusal | null) => void;

export interface BrokerHandlers {
  publish(publication: Publication, settle: Settle): void;
}

export interface BrokerCounters {
  connections: number;
  publishesReceived: number;
  /** Publishes handed to `publish` and not yet settled. */
  publishesHeld: number;
  /** Connections closed by us, by a bounded reason. */
  closed: Record<string, number>;
}

export interface Broker extends AsyncDisposable {
  readonly counters: Readonly<BrokerCounters>;
  /** Addresses that listen, by listener name (`mqtt`, `mqtts`, `ws`, `wss`). */
  readonly addresses: Readonly<Record<string, { host: string; port: number }>>;
  /** Publishes from the gateway itself (QoS 1); resolves when the broker's store has it. */
  publish(topic: string, payload: string | Buffer, options: { retain: boolean }): Promise<void>;
}
