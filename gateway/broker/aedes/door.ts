// The only door to aedes. aedes answers CONNECT: it assigns ids, takes over the connection that a
// client id has already, says "session present", writes CONNACK with its properties, tells an MQTT 5
// client with DISCONNECT that it is to go, and says when a will is due. The rest is ours.
//
// D1. Only a vetted CONNECT and a DISCONNECT pass: aedes' handlers of other packets stop the process
//     on some inputs. It never reads the socket itself.
// D2. A visitor hears `registered`, then `acknowledged`, then `left`; of two with one id the first
//     hears `left` before the second hears `registered`. One that was never registered hears
//     nothing, one whose socket closes early may hear `registered` afterwards.
// D3. CONNACK to an MQTT 3.1 client is two bytes of which the first is reserved: it says no "session
//     present", though the session is resumed (MQTT 3.1, 3.2).
// D4. CONNACK says nothing of shared subscriptions, which are to be had then; aedes always says that they are not.
import { EventEmitter } from "node:events";
import type { Duplex } from "node:stream";
import { Aedes, type AedesOptions, type Client } from "aedes";
import type { IConnectPacket, IDisconnectPacket } from "mqtt-packet";
import type { Logger } from "../../../platform/runtime/logger.ts";
import type { Limits } from "../options.ts";
import type { ConnectTerms } from "../protocol/connect-terms.ts";
import type { Will } from "../protocol/properties.ts";
import { encode, parseAnswer } from "../protocol/wire.ts";
import { makeAedesPersistence, type Memory } from "./persistence.ts";
import type { AedesBroker, AedesClient } from "./seam.ts";

const MQTT_3_1 = 3;

/** The connection behind a CONNECT, which is told how it goes on (D2). */
export interface Visitor {
  /** Its id is its own; CONNACK follows. */
  registered(terms: Omit<ConnectTerms, "topicAliasMaximum">): void;
  /** CONNACK is written. */
  acknowledged(): void;
  /** `expirySeconds` is how long its session is to stay, as DISCONNECT may have changed it. */
  left(takenOver: boolean, expirySeconds: number): void;
  /** It left without a DISCONNECT that drops the will; maybe long ago, as wills can have a delay. */
  willDue(will: Will): void;
}

export class Door {
  readonly #aedes: AedesBroker;
  readonly #visitors = new WeakMap<Client, Visitor>();
  /** Ids of MQTT 3.1 clients that wait for CONNACK (D3). */
  readonly #untold: Set<string>;

  constructor(aedes: AedesBroker, untold: Set<string>) {
    this.#aedes = aedes;
    this.#untold = untold;
    aedes.publishWill = (client, will) => this.#visitors.get(client)?.willDue(will);
    aedes.scheduleSessionExpiry = (client) =>
      this.#visitors
        .get(client)
        ?.left(aedes._takingOver.has(client.id), client.sessionExpiryInterval);
    aedes.on("client", (client) => this.#registered(client as AedesClient));
  }

  /** D1. `serverKeepAlive` is announced to the client in place of the keep-alive that it asked for. */
  open(
    stream: Duplex,
    connect: IConnectPacket,
    visitor: Visitor,
    serverKeepAlive: number | undefined,
  ): Guest {
    const ours = ENDS.map((event) => stream.listeners(event));
    const client = this.#aedes.handle(stream) as AedesClient;
    stream.removeListener("readable", client._nextBatch);
    client._nextBatch = (error) => {
      if (error) client.emit("error", error);
    };
    client._parsingBatch = 0;
    client._serverKeepAlive = serverKeepAlive;
    client.once("connected", () => {
      ENDS.forEach((event, at) => {
        for (const listener of stream.listeners(event) as Listener[])
          if (!ours[at]!.includes(listener)) stream.off(event, listener);
      });
      slim(client, stream);
      visitor.acknowledged();
    });
    this.#visitors.set(client, visitor);
    if (connect.protocolVersion === 5) rewriteConnack(stream);
    const { clientId } = connect;
    if (connect.protocolVersion === MQTT_3_1) {
      this.#untold.add(clientId);
      client.once("connected", () => this.#untold.delete(clientId));
      stream.once("close", () => this.#untold.delete(clientId));
    }
    client._parser.emit("packet", connect);
    return new Guest(this.#aedes, client);
  }

  /** Every client leaves. */
  close(): Promise<void> {
    return new Promise((resolve) => this.#aedes.close(resolve));
  }

  #registered(client: AedesClient): void {
    // Keep-alives are ours (connection/sweep.ts): they stand still while a socket is not read.
    if (client._keepaliveTimer) clearTimeout(client._keepaliveTimer);
    client._keepaliveInterval = -1;
    this.#visitors.get(client)?.registered({
      clientId: client.id,
      cleanStart: client._cleanStart,
      expirySeconds: client.sessionExpiryInterval,
      receiveMaximum: client.receiveMaximum,
      maximumPacketSize: client.maximumPacketSize ?? Infinity,
      problemInformation: client._requestProblemInformation,
      will: client.will,
    });
  }
}

/** D4. What is written next to the stream is the CONNACK, in pieces, all at once. */
function rewriteConnack(stream: Duplex): void {
  const pieces: Buffer[] = [];
  stream.write = (piece: unknown): boolean => {
    if (pieces.length === 0)
      process.nextTick(() => {
        delete (stream as Partial<Duplex>).write;
        if (stream.writable) stream.write(withoutShared(Buffer.concat(pieces)));
      });
    pieces.push(typeof piece === "string" ? Buffer.from(piece) : (piece as Buffer));
    return true;
  };
}

function withoutShared(bytes: Buffer): Buffer {
  const packet = parseAnswer(bytes);
  if (packet?.cmd !== "connack" || !packet.properties) return bytes;
  const { sharedSubscriptionAvailable: _, ...properties } = packet.properties;
  return encode({ ...packet, properties }, 5);
}

type Listener = (...args: unknown[]) => void;

/** Events of a socket after which the connection hangs up by itself, and aedes hears of that. */
const ENDS = ["end", "error"] as const;

/**
 * Lets go of what aedes holds for a client that it would read, and deliver to: a parser with its stream, a dozen
 * listeners and closures, a third of what a connection takes.
 */
function slim(client: AedesClient, stream: Duplex): void {
  const packets: AedesClient["_parser"] = new EventEmitter();
  for (const listener of client._parser.listeners("packet"))
    packets.on("packet", listener as (packet: unknown) => void);
  packets.client = client;
  client._parser = packets;
  client.deliver0 = client.deliverQoS = null;
  client._eos();
  client._eos = NOTHING;
  // Before anybody else, as before.
  stream.prependOnceListener("close", () => client.close());
}

const NOTHING = (): void => undefined;

/** A client that aedes was handed. */
export class Guest {
  readonly #aedes: AedesBroker;
  readonly #client: AedesClient;

  constructor(aedes: AedesBroker, client: AedesClient) {
    this.#aedes = aedes;
    this.#client = client;
  }

  /** Sends it away, on MQTT 5 with a reason code. False when there is no CONNACK yet. */
  disconnect(reasonCode: number): boolean {
    if (!this.#client.connected) return false;
    this.#client.disconnect({ reasonCode });
    return true;
  }

  /** It has said DISCONNECT itself. */
  leave(packet: IDisconnectPacket): void {
    this.#client._parser.emit("packet", packet);
  }

  /**
   * Undoes the registration of a client whose socket had closed by then, and drops its will: aedes
   * goes on with its CONNECT and would keep it registered for ever.
   */
  forget(): void {
    const { id } = this.#client;
    if (this.#aedes.clients[id] === this.#client) this.#aedes.deleteClient(id);
    this.#client.will = null;
  }
}

export async function openDoor(
  memory: Memory,
  limits: Limits,
  logger: Logger | undefined,
): Promise<Door> {
  const untold = new Set<string>();
  const options: AedesOptions & { persistence: object } = {
    persistence: makeAedesPersistence(memory, untold),
    concurrency: 0,
    drainTimeout: limits.drainTimeoutMs,
    connectTimeout: limits.connectTimeoutMs,
    maxClientsIdLength: limits.clientIdBytesMax,
    maximumPacketSize: limits.packetBytesMax,
    maxTopicLevels: limits.topicLevelsMax,
    receiveMaximum: limits.inFlightMax,
    topicAliasMaximum: limits.topicAliasMax,
    sessionExpiryIntervalLimit: limits.sessionExpirySecondsMax,
    pendingSessionsLimit: limits.pendingSessionsMax,
    // Nobody subscribes in aedes; see SESSION_MARK.
    authorizeSubscribe: (_client, _subscription, done) => done(null, null),
  };
  const aedes = (await Aedes.createBroker(options)) as AedesBroker;
  // A client id such as `constructor` must not find Object.prototype (GHSA-52qw-whmv-87c5).
  aedes.clients = Object.assign(Object.create(null) as AedesBroker["clients"], aedes.clients);
  // Its sweep of stored wills stops at the first that is refused; ours is in routing/wills.ts.
  clearInterval(aedes._clearWillInterval);
  (aedes as EventEmitter).on("error", (error: Error) =>
    logger?.error({ err: error }, "aedes failed"),
  );
  return new Door(aedes, untold);
}
