// From CONNECT to an accepted session or a refusal.
import type { IConnectPacket } from "mqtt-packet";
import type { Authentication } from "../../identity/login.ts";
import type { Connection } from "./connection.ts";
import type { Core } from "../core.ts";
import type { Limits } from "../options.ts";
import type { Problem } from "../protocol/publish-rules.ts";
import { REASON } from "../protocol/reason-codes.ts";
import { REFUSAL_CODES } from "../protocol/refusals.ts";
import { isTopicName } from "../protocol/topic-rules.ts";

export function admitConnect(core: Core, connection: Connection, packet: IConnectPacket): void {
  const version = packet.protocolVersion ?? 4;
  const problem = connectProblem(packet, core.limits) ?? loadProblem(core, packet);
  if (problem) return connection.refuse(problem.reason, problem.reasonCode, version);
  const credentials = {
    clientId: packet.clientId,
    username: packet.username,
    password: packet.password,
    certificate: connection.origin.certificate,
    remoteAddress: connection.origin.remoteAddress,
    listener: connection.origin.listener,
    protocolVersion: version,
  };
  const answer = (authentication: Authentication): void => {
    if (connection.gone) return;
    if (!authentication.allowed)
      return connection.refuse("authentication", REFUSAL_CODES[authentication.reason], version);
    const { principal, device } = authentication;
    const { password: _, certificate: __, ...known } = credentials;
    connection.accept(packet, { ...known, principal, device });
  };
  if (!core.handlers.authenticate) return answer({ allowed: true });
  core.handlers.authenticate(credentials).then(answer, (error: unknown) => {
    core.logger?.error({ err: error, clientId: packet.clientId }, "authentication failed to run");
    answer({ allowed: false, reason: "server_unavailable" });
  });
}

/** Why a CONNECT is refused before anybody is asked about its sender (pure). */
export function connectProblem(packet: IConnectPacket, limits: Limits): Problem | null {
  const { clientId, protocolVersion, will } = packet;
  if (Buffer.byteLength(clientId) > limits.clientIdBytesMax || /\p{Cc}/u.test(clientId))
    return { reason: "client_id", reasonCode: REASON.clientIdInvalid };
  // An empty id needs a clean session on 3.1.1 [MQTT-3.1.3-8] and is no id at all on 3.1.
  if (clientId === "" && (protocolVersion === 3 || (protocolVersion === 4 && !packet.clean)))
    return { reason: "client_id", reasonCode: REASON.clientIdInvalid };
  if (will && (!isTopicName(will.topic, limits.topicLevelsMax) || (will.qos ?? 0) > 2))
    return { reason: "will", reasonCode: REASON.topicNameInvalid };
  const { authenticationMethod, ...properties } = packet.properties ?? {};
  if (authenticationMethod !== undefined)
    return { reason: "authentication_method", reasonCode: REASON.badAuthenticationMethod };
  // A repeated property arrives as an array: a protocol error for all but user properties.
  const repeated = [...Object.values(properties), ...Object.values(will?.properties ?? {})];
  if (repeated.some(Array.isArray) || properties.receiveMaximum === 0)
    // [MQTT-3.1.2-22]
    return { reason: "protocol_error", reasonCode: REASON.protocolError };
  if (properties.maximumPacketSize === 0)
    return { reason: "protocol_error", reasonCode: REASON.protocolError }; // MQTT 5, 3.1.2.11.4
  return null;
}

function loadProblem(core: Core, { clientId }: IConnectPacket): Problem | null {
  if (core.refusing) return { reason: "store_away", reasonCode: REASON.serverUnavailable };
  // A client that takes its own connection over needs no further place.
  if (core.counters.connections >= core.limits.connectionsMax && !core.aedes.clients[clientId])
    return { reason: "connections", reasonCode: REASON.quotaExceeded };
  return null;
}
