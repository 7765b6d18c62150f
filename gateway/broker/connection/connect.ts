// The judgement on a CONNECT: its session is accepted, or it is refused.
import type { IConnectPacket } from "mqtt-packet";
import type { Logger } from "../../../platform/runtime/logger.ts";
import type { Authentication } from "../../identity/login.ts";
import type { BrokerCounters, BrokerHandlers, ClientIdentity } from "../broker.ts";
import type { Limits } from "../options.ts";
import type { Problem } from "../protocol/publish-rules.ts";
import { REASON } from "../protocol/reason-codes.ts";
import { REFUSAL_CODES } from "../protocol/refusals.ts";
import { isTopicName } from "../protocol/topic-rules.ts";
import { type Holder, type Holders, holderKeyOf } from "../session/holders.ts";
import type { Sessions } from "../session/sessions.ts";
import type { Origin } from "./origin.ts";

/** The connection that a CONNECT came from. */
export interface Candidate {
  readonly origin: Origin;
  readonly gone: boolean;
  accept(packet: IConnectPacket, identity: ClientIdentity, holder: Holder): void;
  refuse(reason: string, reasonCode: number, protocolVersion: number, detail?: string): void;
}

export interface AdmissionParts {
  readonly handlers: Pick<BrokerHandlers, "authenticate">;
  readonly limits: Limits;
  readonly sessions: Sessions;
  readonly holders: Holders;
  readonly counters: BrokerCounters;
  readonly logger: Logger | undefined;
}

export class Admission {
  /** Every CONNECT is refused: the store is away. */
  refusing = false;
  readonly #parts: AdmissionParts;

  constructor(parts: AdmissionParts) {
    this.#parts = parts;
  }

  /** Accepts or refuses the candidate, now or once its sender is authenticated. */
  vet(candidate: Candidate, packet: IConnectPacket): void {
    const { handlers, limits, holders, logger } = this.#parts;
    const version = packet.protocolVersion ?? 4;
    const problem = connectProblem(packet, limits) ?? this.#loadProblem(packet);
    if (problem) return candidate.refuse(problem.reason, problem.reasonCode, version);
    const credentials = {
      clientId: packet.clientId,
      username: packet.username,
      password: packet.password,
      certificate: candidate.origin.certificate,
      remoteAddress: candidate.origin.remoteAddress,
      listener: candidate.origin.listener,
      protocolVersion: version,
    };
    const answer = (authentication: Authentication): void => {
      if (candidate.gone) return;
      if (!authentication.allowed)
        return candidate.refuse(
          "authentication",
          REFUSAL_CODES[authentication.reason],
          version,
          authentication.reason,
        );
      const { principal, device, grant } = authentication;
      const { password: _, certificate: __, ...known } = credentials;
      const bridge = (packet as { bridgeMode?: boolean }).bridgeMode === true;
      const identity = { ...known, principal, device, grant, bridge };
      const holder = holders.of(holderKeyOf(identity));
      const full = this.#holderProblem(packet, holder);
      if (full) return candidate.refuse(full.reason, full.reasonCode, version);
      candidate.accept(packet, identity, holder);
    };
    if (!handlers.authenticate) return answer({ allowed: true });
    handlers.authenticate(credentials).then(answer, (error: unknown) => {
      logger?.error({ err: error, clientId: packet.clientId }, "authentication failed to run");
      answer({ allowed: false, reason: "server_unavailable" });
    });
  }

  #loadProblem({ clientId }: IConnectPacket): Problem | null {
    if (this.refusing) return { reason: "store_away", reasonCode: REASON.serverUnavailable };
    const { counters, limits, sessions } = this.#parts;
    // A client that takes its own connection over needs no further place.
    if (counters.connections >= limits.connectionsMax && !sessions.isConnected(clientId))
      return { reason: "connections", reasonCode: REASON.quotaExceeded };
    return null;
  }

  #holderProblem({ clientId }: IConnectPacket, holder: Holder): Problem | null {
    const { connections, share, isAddress } = holder;
    if (connections < share.connectionsMax || this.#parts.sessions.isConnected(clientId))
      return null;
    const reason = isAddress ? "address_connections" : "device_connections";
    return { reason, reasonCode: REASON.quotaExceeded };
  }
}

/** The largest CONNACK here: the server's limits, and what is said only to some. */
const CONNACK_BYTES = 18;
const SERVER_KEEP_ALIVE_BYTES = 3;
const ASSIGNED_ID_BYTES = 43;

/** Reason to refuse a well-formed CONNECT (protocol/packet-check.ts) before anybody is asked about its sender (pure). */
export function connectProblem(packet: IConnectPacket, limits: Limits): Problem | null {
  const { clientId, protocolVersion, will } = packet;
  if (Buffer.byteLength(clientId) > limits.clientIdBytesMax || /\p{Cc}/u.test(clientId))
    return { reason: "client_id", reasonCode: REASON.clientIdInvalid };
  // An empty id needs a clean session on 3.1.1 [MQTT-3.1.3-8] and is no id at all on 3.1.
  if (clientId === "" && (protocolVersion === 3 || (protocolVersion === 4 && !packet.clean)))
    return { reason: "client_id", reasonCode: REASON.clientIdInvalid };
  if (will && (!isTopicName(will.topic, limits.topicLevelsMax) || (will.qos ?? 0) > 2))
    return { reason: "will", reasonCode: REASON.topicNameInvalid };
  // A client that cannot be told the terms of its connection gets none.
  const keepAlive = packet.keepalive ?? 0;
  const isImposed = keepAlive === 0 || keepAlive > limits.keepAliveSecondsMax;
  const least =
    CONNACK_BYTES +
    (isImposed ? SERVER_KEEP_ALIVE_BYTES : 0) +
    (clientId === "" ? ASSIGNED_ID_BYTES : 0);
  if ((packet.properties?.maximumPacketSize ?? Infinity) < least)
    return { reason: "packet_too_large", reasonCode: REASON.packetTooLarge }; // [MQTT-3.1.2-24]
  return null;
}
