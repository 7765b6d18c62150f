// The parts of aedes 2.0.0-beta.1 that this folder touches beyond its public types, in one place:
// an upgrade of aedes starts by reading this file. Checked against lib/client.js and aedes.js.
import type { EventEmitter } from "node:events";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { IConnectPacket, IPublishPacket, ISubscription, Packet } from "mqtt-packet";

export type Will = NonNullable<IConnectPacket["will"]>;
export type Properties = NonNullable<IPublishPacket["properties"]>;

/** A message on its way to subscribers (aedes-packet 4). */
export interface Message {
  cmd: "publish";
  topic: string;
  payload: Buffer;
  qos: 0 | 1 | 2;
  retain: boolean;
  dup: boolean;
  messageId?: number | undefined;
  brokerId?: string | null;
  brokerCounter?: number;
  clientId?: string;
  /** No Local of the subscription it is being delivered for. */
  nl?: boolean;
  properties?: Properties | undefined;
  /** When it expires, in epoch milliseconds. */
  messageExpiry?: number;
}

export type Delivered = (error?: Error | null) => void;

export interface AedesParser extends EventEmitter {
  parse(chunk: Buffer): number;
  /** The packet being parsed; `length` is -1 until its fixed header is complete. */
  packet: { cmd: string | null; length: number } | null;
}

export interface AedesClient extends EventEmitter {
  id: string;
  version: number | null;
  clean: boolean;
  readonly closed: boolean;
  readonly connected: boolean;
  conn: Duplex;
  will: Will | null;
  disconnectReasonCode: number | null;
  sessionExpiryInterval: number;
  maximumPacketSize: number | undefined;
  receiveMaximum: number;
  subscriptions: Record<string, unknown>;
  duplicates: Record<string, number>;
  deliver0: (message: Message, delivered: Delivered) => void;
  deliverQoS: (message: Message, delivered: Delivered) => void;
  _parser: AedesParser;
  _nextBatch: (error?: Error | null) => void;
  /** Must be 0 when CONNECT is handed over, or aedes queues it for ever (enqueue). */
  _parsingBatch: number;
  _cleanStart: boolean;
  _disconnected: boolean;
  _serverKeepAlive: number | undefined;
  _keepaliveInterval: number;
  _keepaliveTimer: NodeJS.Timeout | null;
  _requestProblemInformation: boolean;
  subscribe(
    packet: { subscriptions: ISubscription[]; properties?: unknown; messageId?: number },
    done: (error?: Error | null) => void,
  ): void;
  disconnect(options: { reasonCode: number; properties?: object }, done?: () => void): void;
  close(done?: () => void): void;
}

export interface AedesBroker extends EventEmitter {
  readonly id: string;
  counter: number;
  closed: boolean;
  clients: Record<string, AedesClient | undefined>;
  brokers: Record<string, unknown>;
  _takingOver: Set<string>;
  _clearWillInterval: NodeJS.Timeout;
  mq: { emit(message: Message, done: () => void): void };
  handle(stream: Duplex, request?: IncomingMessage): AedesClient;
  publish(message: Partial<Message>, done: (error?: Error | null) => void): void;
  publish(message: Partial<Message>, client: unknown, done: (error?: Error | null) => void): void;
  preConnect: (client: AedesClient, packet: IConnectPacket, done: Preconnected) => void;
  authenticate: (client: AedesClient, name: unknown, word: unknown, done: Preconnected) => void;
  authorizeSubscribe: (
    client: AedesClient,
    subscription: ISubscription,
    done: (error: Error | null, subscription: ISubscription | null) => void,
  ) => void;
  publishWill: (client: { id: string }, will: Will) => void;
  scheduleSessionExpiry: (client: AedesClient) => void;
  deleteClient(clientId: string): void;
  close(done: () => void): void;
}

type Preconnected = (error: Error | null, allowed: boolean) => void;

/** aedes' own listener of the parser: counts the packet and hands it to its handlers. */
export type Enqueue = (this: AedesParser, packet: Packet) => void;
