// The parts of aedes that door.ts touches beyond its public types: all of them, and nothing else.
// test/unit/gateway/broker/aedes/seam.test.ts holds this list against the installed package.
import type { EventEmitter } from "node:events";
import type { Aedes, Client } from "aedes";
import type { Will } from "../protocol/properties.ts";

export interface PrivateClient {
  /** Kept from CONNECT until it is published or dropped. */
  will: Will | null;
  /** A packet emitted as `packet` is handled as if it had just been parsed; its listeners find their client by it. */
  _parser: EventEmitter & { client?: unknown };
  /** Lets go of the socket's end: aedes no longer hears of it. Called once more when the client is closed. */
  _eos: () => void;
  /** Deliveries to it, of which there are none. */
  deliver0: unknown;
  deliverQoS: unknown;
  /** Reads on: the listener of `readable`, called again after each packet. */
  _nextBatch: (error?: Error | null) => void;
  /** Must be 0 when CONNECT is handed over, or it is queued for ever. */
  _parsingBatch: number;
  readonly _cleanStart: boolean;
  readonly _requestProblemInformation: boolean;
  /** Announced in CONNACK when set. */
  _serverKeepAlive: number | undefined;
  _keepaliveInterval: number;
  readonly _keepaliveTimer: NodeJS.Timeout | null;
}

export interface PrivateBroker {
  /** Registered clients by their ids. */
  clients: Record<string, AedesClient | undefined>;
  /** Ids whose former connection is being ended for a newer one. */
  readonly _takingOver: ReadonlySet<string>;
  readonly _clearWillInterval: NodeJS.Timeout;
  /** Called when a will is due: with the end of the connection, or its delay after. */
  publishWill: (client: AedesClient, will: Will) => void;
  /** Called last of all when a registered client is gone. */
  scheduleSessionExpiry: (client: AedesClient) => void;
  deleteClient(clientId: string): void;
}

export type AedesClient = Client & PrivateClient;
export type AedesBroker = Aedes & PrivateBroker;
