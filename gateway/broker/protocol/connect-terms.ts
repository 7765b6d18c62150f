// Terms that CONNECT and its answer settle between a client and this broker (MQTT 5, 3.1 and 3.2).
import type { Will } from "./properties.ts";

export interface ConnectTerms {
  /** The id that the client named, or the one that it was assigned. */
  readonly clientId: string;
  /** An earlier session is to go, with all that it holds [MQTT-3.1.2-4]. */
  readonly cleanStart: boolean;
  /** Life of the session after the connection; a DISCONNECT may still change it. */
  readonly expirySeconds: number;
  /** Deliveries of QoS 1 and 2 that the client takes unanswered. */
  readonly receiveMaximum: number;
  /** Bytes of the largest packet that the client takes; `Infinity` when it named none. */
  readonly maximumPacketSize: number;
  /** Topic aliases that the client takes [MQTT-3.1.2-27]; 0 when it named none. */
  readonly topicAliasMaximum: number;
  /** Whether the client wants reason strings [MQTT-3.1.2-29]. */
  readonly problemInformation: boolean;
  readonly will: Will | null;
}
