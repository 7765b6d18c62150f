// The PUBLISH packets that go to one subscriber.
//
// F1. Nothing larger than the client's Maximum Packet Size is sent [MQTT-3.1.2-24]; nothing that
//     has expired is [MQTT-3.3.2-5], and the remaining expiry is sent with the rest [MQTT-3.3.2-6].
// F2. A topic that comes again is sent as its alias, as far as the client takes any [MQTT-3.3.2-9]; aliases end with the
//     connection [MQTT-3.3.2-7].
import type { Logger } from "../../../platform/runtime/logger.ts";
import type { BrokerCounters } from "../broker.ts";
import { count } from "../counters.ts";
import type { Limits } from "../options.ts";
import { encode } from "../protocol/wire.ts";
import type { Properties } from "../protocol/properties.ts";
import { withUserPairs } from "../protocol/user-properties.ts";
import type { Peer } from "./peer.ts";
import type { StoredMessage } from "./session-store.ts";

export interface PublishWriterParts {
  readonly limits: Pick<Limits, "topicAliasMax">;
  readonly counters: BrokerCounters;
  readonly logger: Logger | undefined;
}

interface How {
  readonly qos: 0 | 1 | 2;
  readonly messageId: number | undefined;
  readonly dup: boolean;
}

export class PublishWriter {
  readonly #parts: PublishWriterParts;
  /** Aliases of this connection by topic; null while there are none. */
  #aliases: Map<string, number> | null = null;

  constructor(parts: PublishWriterParts) {
    this.#parts = parts;
  }

  /** Another connection begins. */
  restart(): void {
    this.#aliases = null; // F2
  }

  /** False when it was not sent and never will be (F1). */
  send(peer: Peer, message: StoredMessage, how: How): boolean {
    const { counters } = this.#parts;
    const properties = deliveredProperties(message, Date.now());
    const alias = properties && peer.open ? this.#aliasOf(message.topic, peer) : 0;
    if (alias > 0) properties!.topicAlias = alias;
    const isKnown = alias > 0 && this.#aliases!.has(message.topic);
    const topic = isKnown ? "" : message.topic;
    const bytes = properties ? this.#encode(peer, message, { ...how, topic, properties }) : null;
    const fits = bytes && bytes.length <= peer.terms.maximumPacketSize;
    if (fits) {
      counters.deliveries++;
      peer.write(bytes);
      if (alias > 0) this.#aliases!.set(message.topic, alias);
    } else {
      const reason = !properties ? "expired" : bytes ? "packet_too_large" : "unencodable";
      count(counters.dropped, reason);
    }
    return fits === true;
  }

  /** F2. The alias that a topic has or may get; 0 for none. */
  #aliasOf(topic: string, { terms }: Peer): number {
    const most = Math.min(terms.topicAliasMaximum, this.#parts.limits.topicAliasMax);
    if (most === 0) return 0;
    this.#aliases ??= new Map();
    return this.#aliases.get(topic) ?? (this.#aliases.size < most ? this.#aliases.size + 1 : 0);
  }

  #encode(
    { identity }: Peer,
    { topic: name, payload, retain }: StoredMessage,
    { messageId, ...how }: How & { topic: string; properties: Properties },
  ): Buffer | null {
    const pairs = takeUserPairs(how.properties);
    const packet = { cmd: "publish" as const, payload, retain, ...how };
    const { protocolVersion } = identity;
    try {
      const bytes = encode(
        messageId === undefined ? packet : { ...packet, messageId },
        protocolVersion,
      );
      return pairs && protocolVersion === 5 ? withUserPairs(bytes, how.qos, pairs) : bytes;
    } catch (error) {
      this.#parts.logger?.warn({ err: error, topic: name }, "message cannot be encoded");
      return null;
    }
  }
}

/** Takes user properties out that the library would write in another order (user-properties.ts). */
function takeUserPairs(properties: Properties): Properties["userPairs"] {
  const pairs = properties.userPairs;
  if (pairs === undefined) return undefined;
  delete properties.userPairs;
  delete properties.userProperties;
  return pairs;
}

/** The properties to send, with what is left of the expiry interval; null once expired (pure). */
export function deliveredProperties(
  message: StoredMessage,
  nowMs: number,
): Record<string, unknown> | null {
  const properties: Record<string, unknown> = { ...message.properties };
  if (message.expiresAtMs !== undefined) {
    const leftMs = message.expiresAtMs - nowMs;
    if (leftMs <= 0) return null;
    properties.messageExpiryInterval = Math.ceil(leftMs / 1000);
  }
  if (message.identifiers && message.identifiers.length > 0)
    properties.subscriptionIdentifier =
      message.identifiers.length === 1 ? message.identifiers[0] : message.identifiers;
  return properties;
}
