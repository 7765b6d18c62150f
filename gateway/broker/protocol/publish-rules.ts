// Violations of a well-formed PUBLISH (packet-check.ts) by what this connection and broker allow: aliases
// (MQTT 5, 3.3.2.3.4), which are resolved on the way, and topics deeper than the limit.
import type { IPublishPacket } from "mqtt-packet";
import type { Limits } from "../options.ts";
import { REASON } from "./reason-codes.ts";
import { isTopicName } from "./topic-rules.ts";

export interface Problem {
  readonly reason: string;
  readonly reasonCode: number;
}

const TOPIC_INVALID: Problem = { reason: "topic_invalid", reasonCode: REASON.topicNameInvalid };
const ALIAS_INVALID: Problem = { reason: "topic_alias", reasonCode: REASON.topicAliasInvalid };
const VIOLATION: Problem = { reason: "protocol_error", reasonCode: REASON.protocolError };

/** The topics of one connection. */
export interface TopicHolder {
  /** Topic aliases [MQTT-3.3.2-7]; most clients never name one. */
  aliases?: Map<number, string> | undefined;
  /** The last one that was legal: most clients have one only. */
  lastTopic?: string | null;
}

export function publishProblem(
  holder: TopicHolder,
  packet: IPublishPacket,
  limits: Limits,
): Problem | null {
  const properties = packet.properties;
  if (properties) {
    const { topicAlias, responseTopic } = properties;
    if (topicAlias !== undefined) {
      const problem = resolveAlias(holder, packet, topicAlias, limits.topicAliasMax);
      if (problem) return problem;
    }
    if (responseTopic !== undefined && !isTopicName(responseTopic, limits.topicLevelsMax))
      return VIOLATION; // [MQTT-3.3.2-14]
  }
  if (packet.topic === holder.lastTopic) return null;
  if (!isTopicName(packet.topic, limits.topicLevelsMax)) return TOPIC_INVALID;
  holder.lastTopic = packet.topic;
  return null;
}

/** [MQTT-3.3.2-7] to [MQTT-3.3.2-13]. The alias itself is never forwarded. */
function resolveAlias(
  holder: TopicHolder,
  packet: IPublishPacket,
  alias: number,
  aliasMax: number,
): Problem | null {
  if (alias < 1 || alias > aliasMax) return ALIAS_INVALID;
  holder.aliases ??= new Map();
  if (packet.topic.length > 0) holder.aliases.set(alias, packet.topic);
  else {
    const topic = holder.aliases.get(alias);
    if (topic === undefined) return VIOLATION; // MQTT 5, 3.3.4
    packet.topic = topic;
  }
  delete packet.properties!.topicAlias;
  return null;
}
