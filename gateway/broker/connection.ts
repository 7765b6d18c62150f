// One socket: the only reader of its bytes and the door through which packets reach aedes.
//
// N1. Packets are handled in the order of their bytes; those behind a CONNECT wait for its answer.
// N2. The socket is read only while nothing pauses it, and while paused its keep-alive stands
//     still: a client is never punished for our not reading (B3).
// N3. PUBLISH, PUBREL, acknowledgements and PINGREQ are handled here and never reach aedes, whose
//     own handlers stop the process on some of them; nothing malformed reaches it either.
// N4. Nothing that a client sends throws out of this file.
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { IConnectPacket, IPublishPacket, Packet } from "mqtt-packet";
import type { AedesClient, Enqueue } from "./aedes-seam.ts";
import type { Certificate, ClientIdentity } from "./broker.ts";
import { admitConnect } from "./connect.ts";
import { type Core, count, flushSoon } from "./core.ts";
import { forward } from "./forward.ts";
import { InboundSession } from "./inbound-session.ts";
import { Inbound } from "./inbound.ts";
import { publishProblem } from "./publish-rules.ts";
import { REASON } from "./reason-codes.ts";
import { PINGRESP, refusedConnack, wireBytes } from "./wire.ts";

/** Why a socket is not read; several can hold at once. */
export const PAUSE = {
  connecting: 1,
  inFlight: 2,
  heldBytes: 4,
  rate: 8,
  writing: 16,
} as const;
type Pause = (typeof PAUSE)[keyof typeof PAUSE];
const PAUSE_NAMES: Record<Pause, string> = {
  1: "connecting",
  2: "in_flight",
  4: "held_bytes",
  8: "rate",
  16: "writing",
};

/** Bytes parsed between two looks at the bounds: a bound is overshot by at most this much. */
const SLICE_BYTES = 16 * 1024;
/** Before CONNECT is answered: bounds what can pile up behind it. */
const FIRST_SLICE_BYTES = 1024;

export interface Origin {
  readonly listener: string;
  readonly remoteAddress: string;
  readonly certificate: Certificate | undefined;
  readonly request?: IncomingMessage;
}

type Phase = "opening" | "connecting" | "open" | "closed";

export class Connection {
  readonly client: AedesClient;
  readonly origin: Origin;
  readonly stream: Duplex;
  identity: ClientIdentity;
  inbound: Inbound;
  /** Sweeps since bytes last came; see keep-alive.ts. */
  idleSweeps = 0;
  keepAliveMs = 0;
  readonly #core: Core;
  readonly #enqueue: Enqueue;
  #phase: Phase = "opening";
  #pausedBy = 0;
  #counted = false;
  #reading = false;
  /** Read from the socket and not parsed yet. */
  #rest: Buffer | null = null;
  /** Packets that came behind CONNECT (N1). */
  #behindConnect: Packet[] = [];
  #answers: number[] = [];

  constructor(core: Core, stream: Duplex, origin: Origin) {
    this.#core = core;
    this.stream = stream;
    this.origin = origin;
    this.client = core.aedes.handle(stream, origin.request);
    core.connections.add(this);
    core.connectionOf.set(this.client, this);
    this.client.subscriptions = Object.create(null) as Record<string, unknown>;
    this.client.duplicates = Object.create(null) as Record<string, number>;
    this.identity = {
      clientId: "",
      username: undefined,
      principal: undefined,
      device: undefined,
      protocolVersion: 4,
      remoteAddress: origin.remoteAddress,
      listener: origin.listener,
    };
    this.inbound = new Inbound(core, this, new InboundSession());
    const parser = this.client._parser;
    this.#enqueue = parser.listeners("packet")[0] as Enqueue;
    parser.removeAllListeners("packet").removeAllListeners("error");
    parser.on("packet", (packet: Packet) => this.#onPacket(packet));
    parser.on("error", (error: Error) => this.#onMalformed(error));
    stream.removeListener("readable", this.client._nextBatch);
    this.client._nextBatch = (error) => {
      if (error) this.client.emit("error", error);
    };
    stream.on("readable", this.#read);
    stream.once("close", () => this.#onClosed());
  }

  get open(): boolean {
    return this.#phase === "open";
  }

  get paused(): boolean {
    return this.#pausedBy !== 0;
  }

  pause(reason: Pause): void {
    if (this.#pausedBy & reason) return;
    this.#pausedBy |= reason;
    count(this.#core.counters.paused, PAUSE_NAMES[reason]);
  }

  resume(reason: Pause): void {
    if (!(this.#pausedBy & reason)) return;
    this.#pausedBy &= ~reason;
    this.idleSweeps = 0; // N2: the keep-alive starts anew.
    if (this.#pausedBy === 0) setImmediate(this.#read);
  }

  /** Queues a four-byte answer; those of one turn of the event loop leave in one write. */
  answer(word: number): void {
    if (this.#phase !== "open") return;
    if (this.#answers.length === 0) flushSoon(this.#core, this);
    this.#answers.push(word);
  }

  flush(): void {
    const words = this.#answers;
    if (words.length === 0) return;
    const bytes = Buffer.allocUnsafe(words.length * 4);
    for (let index = 0; index < words.length; index++)
      bytes.writeUInt32BE(words[index]!, index * 4);
    words.length = 0;
    this.#send(bytes);
  }

  /** Writes behind all queued answers. */
  write(bytes: Buffer): void {
    if (this.#phase !== "open") return;
    this.flush();
    this.#send(bytes);
  }

  forward(packet: IPublishPacket): void {
    forward(this.#core, this.client, packet);
  }

  /** Ends the connection for our own reasons; MQTT 5 clients are told why first. */
  close(reason: string, reasonCode: number): void {
    if (this.#phase === "closed") return;
    count(this.#core.counters.closed, reason);
    this.flush();
    this.#phase = "closed";
    if (this.client.connected) this.client.disconnect({ reasonCode });
    else this.stream.destroy();
  }

  /** Answers CONNECT with a refusal and hangs up once that is written [MQTT-3.2.2-7]. */
  refuse(reason: string, reasonCode: number, protocolVersion: number): void {
    if (this.#phase === "closed") return;
    count(this.#core.counters.refused, reason);
    this.#phase = "closed";
    this.stream.end(refusedConnack(reasonCode, protocolVersion), () => this.stream.destroy());
  }

  /** CONNECT is vetted and its sender known: aedes makes or resumes the session. */
  accept(packet: IConnectPacket, identity: ClientIdentity, session: InboundSession): void {
    if (this.#phase !== "connecting") return;
    this.identity = identity;
    this.inbound = new Inbound(this.#core, this, session);
    this.client._parsingBatch = 0;
    this.client.once("connected", () => this.#onConnected());
    this.#guarded(() => this.#enqueue.call(this.client._parser, packet));
  }

  /** aedes has made or resumed the session; an empty client id has been replaced by now. */
  onRegistered(): void {
    this.#counted = true;
    this.#core.counters.connections++;
    if (this.identity.clientId !== this.client.id)
      this.identity = { ...this.identity, clientId: this.client.id };
  }

  get gone(): boolean {
    return this.#phase === "closed" || this.stream.destroyed;
  }

  #send(bytes: Buffer): void {
    if (this.stream.destroyed || !this.stream.writable) return;
    // A client that does not take its answers is not read until it does.
    if (!this.stream.write(bytes) && !(this.#pausedBy & PAUSE.writing)) {
      this.pause(PAUSE.writing);
      this.stream.once("drain", () => this.resume(PAUSE.writing));
    }
  }

  readonly #read = (): void => {
    if (this.#reading) return;
    this.#reading = true;
    while (this.#pausedBy === 0 && this.#phase !== "closed") {
      const chunk: Buffer | null = this.#rest ?? (this.stream.read() as Buffer | null);
      if (chunk === null) break;
      this.idleSweeps = 0;
      const sliceBytes = this.#phase === "open" ? SLICE_BYTES : FIRST_SLICE_BYTES;
      this.#rest = chunk.length > sliceBytes ? chunk.subarray(sliceBytes) : null;
      this.#parse(this.#rest ? chunk.subarray(0, sliceBytes) : chunk);
    }
    this.#reading = false;
  };

  #parse(bytes: Buffer): void {
    const parser = this.client._parser;
    this.#guarded(() => parser.parse(bytes));
    // The length is known with the fixed header: an oversized body is not collected first.
    const remaining = parser.packet?.length ?? -1;
    if (remaining > 0 && wireBytes(remaining) > this.#core.limits.packetBytesMax)
      this.close("packet_too_large", REASON.packetTooLarge); // [MQTT-3.1.2-24]
  }

  /** N4. mqtt-packet and aedes throw on some inputs where they should report. */
  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#core.logger?.debug({ err: error, clientId: this.identity.clientId }, "malformed input");
      this.close("malformed", REASON.malformed);
    }
  }

  #onMalformed(error: Error): void {
    // An unknown version deserves its answer [MQTT-3.1.2-2]; mqtt-packet only says so in words.
    if (this.#phase === "opening" && error.message === "Invalid protocol version")
      return this.refuse("protocol_version", REASON.unsupportedVersion, 4);
    this.close("malformed", REASON.malformed);
  }

  #onPacket(packet: Packet): void {
    if (this.#phase === "open") this.#dispatch(packet);
    else if (this.#phase === "connecting") this.#behindConnect.push(packet);
    else if (this.#phase === "opening") {
      if (packet.cmd !== "connect") return this.close("protocol_error", REASON.protocolError); // [MQTT-3.1.0-1]
      this.#phase = "connecting";
      this.pause(PAUSE.connecting);
      admitConnect(this.#core, this, packet);
    }
  }

  #onConnected(): void {
    if (this.#phase !== "connecting") return;
    this.#phase = "open";
    const waiting = this.#behindConnect;
    this.#behindConnect = [];
    for (const packet of waiting) if (!this.gone) this.#dispatch(packet);
    this.resume(PAUSE.connecting);
  }

  #dispatch(packet: Packet): void {
    switch (packet.cmd) {
      case "publish": {
        const problem = publishProblem(this.client, packet, this.#core.limits);
        if (problem) this.close(problem.reason, problem.reasonCode);
        else this.inbound.publish(packet);
        return;
      }
      case "pubrel":
        return this.inbound.release(packet.messageId!);
      case "pingreq":
        return this.write(PINGRESP);
      case "puback":
      case "pubrec":
      case "pubcomp":
      case "subscribe":
      case "unsubscribe":
      case "disconnect":
        return this.#guarded(() => this.#enqueue.call(this.client._parser, packet));
      default:
        return this.close("protocol_error", REASON.protocolError);
    }
  }

  #onClosed(): void {
    this.#phase = "closed";
    this.#rest = null;
    this.#core.connections.delete(this);
    this.#core.waitingForRoom.delete(this);
    if (this.#counted) this.#core.counters.connections--;
    this.#counted = false;
  }
}
