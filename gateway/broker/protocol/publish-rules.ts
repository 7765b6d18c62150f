// Protocol violations of a PUBLISH (MQTT 5, 3.3); topic aliases are resolved on the way.
import type { IPublishPacket } from "mqtt-packet";
import type { Limits } from "../options.ts";
import { REASON } from "./reason-codes.ts";
import { isTopicName } from "./topic-rules.ts";
import { wireBytes } from "./wire.ts";

export interface Problem {
  readonly reason: string;
  readonly reasonCode: number;
}

const TOPIC_INVALID: Problem = { reason: "topic_invalid", reasonCode: REASON.topicNameInvalid };
const ALIAS_INVALID: Problem = { reason: "topic_alias", reasonCode: REASON.topicAliasInvalid };
const VIOLATION: Problem = { reason: "protocol_error", reasonCode: REASON.protocolError };
const TOO_LARGE: Problem = { reason: "packet_too_large", reasonCode: REASON.packetTooLarge };

/** Topic aliases of one connection [MQTT-3.3.2-7]; most clients never name one. */
export interface AliasHolder {
  aliases?: Map<number, string> | undefined;
}

export function publishProblem(
  holder: AliasHolder,
  packet: IPublishPacket,
  limits: Limits,
): Problem | null {
  if (wireBytes(packet.length ?? 0) > limits.packetBytesMax) return TOO_LARGE;
  if (packet.qos > 0 && !((packet.messageId ?? 0) > 0)) return VIOLATION; // [MQTT-2.2.1-3]
  if (packet.qos === 0 && packet.dup) return VIOLATION; // [MQTT-3.3.1-2]
  const properties = packet.properties;
  if (properties) {
    const alias: unknown = properties.topicAlias;
    if (alias !== undefined) {
      const problem = resolveAlias(holder, packet, alias, limits.topicAliasMax);
      if (problem) return problem;
    }
    // A repeated property arrives as an array: a protocol error for all but user properties.
    if (properties.subscriptionIdentifier !== undefined) return VIOLATION; // [MQTT-3.3.4-6]
    for (const [name, value] of Object.entries(properties))
      if (Array.isArray(value) || !KNOWN.has(name)) return VIOLATION;
    if (
      properties.responseTopic !== undefined &&
      !isTopicName(properties.responseTopic, limits.topicLevelsMax)
    )
      return VIOLATION; // [MQTT-3.3.2-14]
  }
  return isTopicName(packet.topic, limits.topicLevelsMax) ? null : TOPIC_INVALID;
}

/** The properties that a PUBLISH of a client may carry (MQTT 5, 3.3.2.3). */
const KNOWN = new Set([
  "payloadFormatIndicator",
  "messageExpiryInterval",
  "responseTopic",
  "correlationData",
  "userProperties",
  "contentType",
]);

/** [MQTT-3.3.2-7] to [MQTT-3.3.2-13]. The alias itself is never forwarded. */
function resolveAlias(
  holder: AliasHolder,
  packet: IPublishPacket,
  alias: unknown,
  aliasMax: number,
): Problem | null {
  if (typeof alias !== "number" || alias < 1 || alias > aliasMax) return ALIAS_INVALID;
  holder.aliases ??= new Map();
  if (packet.topic.length > 0) holder.aliases.set(alias, packet.topic);
  else {
    const topic = holder.aliases.get(alias);
    if (topic === undefined) return ALIAS_INVALID;
    packet.topic = topic;
  }
  delete packet.properties!.topicAlias;
  return null;
}
