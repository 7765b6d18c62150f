// A viewer's MQTT connection: read packet by packet, and written anew for the gateway.
//
// N1. The gateway gets what was understood here, encoded again: no byte of a viewer's reaches it, so that none can mean
//     something else there than here.
// N2. The first packet that a viewer may not send ends the connection; so does what is no MQTT.
// N3. A viewer who reads slowly holds no more than WAITING_BYTES_MAX here, and makes nobody else wait. One who sends
//     more than that to a gateway that does not take it is let go.
import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import * as mqttPacket from "mqtt-packet";
import type { Packet, Parser } from "mqtt-packet";
import { WebSocket, WebSocketServer } from "ws";
import type { ClientTls } from "../../../platform/runtime/client-tls.ts";
import { refusalOf } from "./viewer-packets.ts";

/** The largest packet of a viewer: filters, and no payload. */
const PACKET_BYTES_MAX = 16 * 1024;
const WAITING_BYTES_MAX = 1024 ** 2;
const SUBPROTOCOL = "mqtt";
/** A page that was told why it is refused has this long to close its end. */
const FAREWELL_MS = 1_000;
const POLICY_VIOLATION = 1008;
const MQTT_5 = 5;
/** 3.14.2.1 of MQTT 5. */
const NOT_AUTHORIZED = 0x87;

const ownClientId = (): string => `console-${randomUUID()}`;

const handshakes = (): WebSocketServer =>
  new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: PACKET_BYTES_MAX,
    handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
  });

/** Told why the connection to a gateway was not made. */
export type Unreached = (target: URL, error: Error) => void;

/** Serves viewers' connections that were let in already. */
export class ViewerConnections {
  readonly #server = handshakes();
  readonly #tls: ClientTls;

  readonly #unreached: Unreached;

  /** @param tls of gateways that are reached by wss. */
  constructor(tls: ClientTls, unreached: Unreached) {
    this.#tls = tls;
    this.#unreached = unreached;
  }

  open(request: IncomingMessage, socket: Duplex, head: Buffer, target: URL): void {
    this.#server.handleUpgrade(request, socket, head, (page) => {
      const gateway = new WebSocket(target, SUBPROTOCOL, {
        perMessageDeflate: false,
        ...this.#tls,
      });
      let isThere = false;
      gateway.once("open", () => (isThere = true));
      gateway.once("error", (error) => isThere || this.#unreached(target, error));
      join(page, gateway);
    });
  }
}

function join(page: WebSocket, gateway: WebSocket): void {
  let isRefused = false;
  const end = (): void => {
    gateway.terminate();
    if (!isRefused) page.terminate();
  };
  for (const side of [page, gateway]) side.on("error", end).on("close", end);
  fromGateway(page, gateway);
  const waiting: Buffer[] = [];
  let waitingBytes = 0;
  gateway.once("open", () => {
    for (const bytes of waiting.splice(0)) gateway.send(bytes);
    waitingBytes = 0;
  });
  const judge = new ViewerPackets({
    send: (bytes) => {
      if (waitingBytes + gateway.bufferedAmount > WAITING_BYTES_MAX) return end();
      if (gateway.readyState === WebSocket.OPEN) gateway.send(bytes);
      else if (gateway.readyState === WebSocket.CONNECTING) {
        waiting.push(bytes);
        waitingBytes += bytes.length;
      }
    },
    refuse: (why, farewell) => {
      isRefused = true;
      gateway.terminate();
      if (farewell) page.send(farewell);
      page.close(POLICY_VIOLATION, why);
      setTimeout(() => page.terminate(), FAREWELL_MS).unref(); // mqtt-proxy.ts/M3
    },
  });
  page.on("message", (data: Buffer) => judge.take(data));
}

/** N3 */
function fromGateway(page: WebSocket, gateway: WebSocket): void {
  gateway.on("message", (data: Buffer) => {
    if (page.readyState !== WebSocket.OPEN) return;
    page.send(data, { binary: true }, () => {
      if (gateway.isPaused && page.bufferedAmount < WAITING_BYTES_MAX / 2) gateway.resume();
    });
    if (page.bufferedAmount > WAITING_BYTES_MAX) gateway.pause();
  });
}

/** The packets of one viewer, of which those go on that may. */
export class ViewerPackets {
  readonly #parser: Parser = mqttPacket.parser();
  readonly #out: {
    readonly send: (bytes: Buffer) => void;
    readonly refuse: (why: string, farewell: Buffer | null) => void;
  };
  #version = 4;
  #isFirst = true;
  #isOver = false;

  constructor(out: {
    /** A packet for the gateway. */
    readonly send: (bytes: Buffer) => void;
    /** Called once, last. `farewell` tells the reason in MQTT 5. */
    readonly refuse: (why: string, farewell: Buffer | null) => void;
  }) {
    this.#out = out;
    this.#parser.on("packet", (packet: Packet) => this.#judge(packet));
    this.#parser.on("error", () => this.#refuse("what came is no MQTT"));
  }

  take(bytes: Buffer): void {
    if (this.#isOver) return;
    let left = 0;
    try {
      left = this.#parser.parse(bytes);
    } catch {
      return this.#refuse("what came is no MQTT");
    }
    if (left > PACKET_BYTES_MAX) this.#refuse("the packet is larger than a viewer's may be");
  }

  #judge(packet: Packet): void {
    if (this.#isOver) return; // N2
    const why = refusalOf(packet, this.#isFirst);
    if (why !== null) return this.#refuse(why);
    if (packet.cmd === "connect") this.#version = packet.protocolVersion ?? 4;
    this.#isFirst = false;
    // Under an id of its own: everybody sees those of others, and a second connection ends the first.
    const own = packet.cmd === "connect" ? { ...packet, clientId: ownClientId() } : packet;
    try {
      this.#out.send(mqttPacket.generate(own, { protocolVersion: this.#version })); // N1
    } catch {
      this.#refuse("the packet cannot be written as it was read");
    }
  }

  #refuse(why: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const tells = this.#version === MQTT_5 && !this.#isFirst;
    const farewell = tells
      ? mqttPacket.generate(
          { cmd: "disconnect", reasonCode: NOT_AUTHORIZED, properties: { reasonString: why } },
          { protocolVersion: MQTT_5 },
        )
      : null;
    this.#out.refuse(why, farewell);
  }
}
