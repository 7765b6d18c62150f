// From CONNECT to an accepted session or a refusal.
import type { IConnectPacket } from "mqtt-packet";
import type { Connection } from "./connection.ts";
import type { Core } from "./core.ts";
import { InboundSession } from "./inbound-session.ts";
import type { Limits } from "./options.ts";
import type { Problem } from "./publish-rules.ts";
import { REASON } from "./reason-codes.ts";
import { isTopicName } from "./topic-rules.ts";

export function admitConnect(core: Core, connection: Connection, packet: IConnectPacket): void {
  const version = packet.protocolVersion ?? 4;
  const problem = connectProblem(packet, core.limits);
  if (problem) return connection.refuse(problem.reason, problem.reasonCode, version);
  if (core.refusing)
    return connection.refuse("server_unavailable", REASON.serverUnavailable, version);
  connection.accept(
    packet,
    {
      clientId: packet.clientId,
      username: packet.username,
      principal: undefined,
      device: undefined,
      protocolVersion: version,
      remoteAddress: connection.origin.remoteAddress,
      listener: connection.origin.listener,
    },
    new InboundSession(),
  );
}

/** Why a CONNECT is refused before anybody is asked about its sender (pure). */
export function connectProblem(packet: IConnectPacket, limits: Limits): Problem | null {
  const { clientId, protocolVersion, will } = packet;
  if (Buffer.byteLength(clientId) > limits.clientIdBytesMax || /\p{Cc}/u.test(clientId))
    return { reason: "client_id", reasonCode: REASON.clientIdInvalid };
  // An empty id needs a clean session on 3.1.1 [MQTT-3.1.3-8] and is no id at all on 3.1.
  if (clientId === "" && (protocolVersion === 3 || (protocolVersion === 4 && !packet.clean)))
    return { reason: "client_id", reasonCode: REASON.clientIdInvalid };
  if (will && !isTopicName(will.topic, limits.topicLevelsMax))
    return { reason: "will_topic", reasonCode: REASON.topicNameInvalid };
  return null;
}
