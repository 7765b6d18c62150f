// One socket: the only reader of its bytes and the door through which packets reach aedes.
//
// N1. Packets are handled in the order of their bytes; those behind a CONNECT wait for its answer.
// N2. The socket is read only while nothing pauses it, and while paused its keep-alive stands
//     still: a client is never punished for our not reading (B3).
// N3. Only a vetted CONNECT and DISCONNECT reach aedes, whose handlers of other packets stop the
//     process on some inputs.
// N4. Nothing that a client sends throws out of this file.
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { IConnectPacket, IDisconnectPacket, IPublishPacket, Packet } from "mqtt-packet";
import type { AedesClient, Enqueue } from "../aedes/seam.ts";
import type { Certificate } from "../../identity/login.ts";
import type { ClientIdentity } from "../broker.ts";
import { admitConnect } from "./connect.ts";
import { type Core, count, flushSoon } from "../core.ts";
import { Inbound } from "./inbound.ts";
import { Lifetime, reasonOfClosing } from "./lifetime.ts";
import { publishProblem } from "../protocol/publish-rules.ts";
import { REASON } from "../protocol/reason-codes.ts";
import type { Session } from "../session/session.ts";
import { subscribe, unsubscribe } from "./subscribe.ts";
import { PINGRESP, refusedConnack, wireBytes } from "../protocol/wire.ts";

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

/** How long a refused client has to hang up by itself. */
const LINGER_MS = 500;

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
  /** Set once aedes has registered the client; before, no packet but CONNECT is handled. */
  session: Session | null = null;
  // Kept by sweep.ts: sweeps since bytes last came, and since waiting bytes last became fewer.
  idleSweeps = 0;
  stalledSweeps = 0;
  waitingBytes = 0;
  keepAliveMs = 0;
  #inbound: Inbound | null = null;
  readonly #core: Core;
  readonly #lifetime: Lifetime;
  readonly #enqueue: Enqueue;
  #connectPacket: IConnectPacket | null = null;
  #phase: Phase = "opening";
  #pausedBy = 0;
  #counted = false;
  #reading = false;
  /** Read from the socket and not parsed yet. */
  #rest: Buffer | null = null;
  /** Packets that came behind CONNECT (N1). */
  #behindConnect: Packet[] = [];
  #answers: number[] = [];
  /** Taken once per chunk: reading the clock per message would cost more than the bucket. */
  #readAtMs = 0;
  #rateTimer: NodeJS.Timeout | undefined;

  constructor(core: Core, stream: Duplex, origin: Origin) {
    this.#core = core;
    this.#lifetime = new Lifetime(core);
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
    if (reason !== PAUSE.connecting) count(this.#core.counters.paused, PAUSE_NAMES[reason]);
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
    this.#answers = []; // Before anything can throw: closing flushes once more.
    this.#core.store.commit(); // What is answered outlives the process.
    const bytes = Buffer.allocUnsafe(words.length * 4);
    for (let index = 0; index < words.length; index++)
      bytes.writeUInt32BE(words[index]!, index * 4);
    this.#send(bytes);
  }

  /** Writes behind all queued answers. */
  write(bytes: Buffer): void {
    if (this.#phase !== "open") return;
    this.flush();
    this.#send(bytes);
  }

  /** Ends a connection whose peer reads nothing: no farewell could be written. */
  abort(reason: string): void {
    if (this.#phase === "closed") return;
    count(this.#core.counters.closed, reason);
    this.#phase = "closed";
    this.#lifetime.end("closed");
    this.stream.destroy();
  }

  /** Ends the connection for our own reasons; MQTT 5 clients are told why first. */
  close(reason: string, reasonCode: number): void {
    if (this.#phase === "closed") return;
    count(this.#core.counters.closed, reason);
    this.flush();
    this.#phase = "closed";
    this.#lifetime.end(reasonOfClosing(reason));
    if (this.client.connected) this.client.disconnect({ reasonCode });
    else this.stream.destroy();
  }

  /** Answers CONNECT with a refusal and hangs up once that is written [MQTT-3.2.2-7]. */
  refuse(reason: string, reasonCode: number, protocolVersion: number): void {
    if (this.#phase === "closed") return;
    count(this.#core.counters.refused, reason);
    this.#phase = "closed";
    // What is still unread goes: closing a socket over unread bytes resets it, and the peer's
    // stack may then drop the answer before its program has seen it.
    this.stream.removeListener("readable", this.#read).resume();
    this.stream.end(refusedConnack(reasonCode, protocolVersion));
    setTimeout(() => this.stream.destroy(), LINGER_MS).unref();
  }

  /** CONNECT is vetted and its sender known: aedes makes or resumes the session. */
  accept(packet: IConnectPacket, identity: ClientIdentity): void {
    if (this.#phase !== "connecting") return;
    this.identity = identity;
    // Server Keep Alive for MQTT 5; aedes' own limit would refuse MQTT 3 clients outright.
    const limitSeconds = this.#core.limits.keepAliveSecondsMax;
    const wanted = packet.keepalive ?? 0;
    if (identity.protocolVersion === 5 && (wanted === 0 || wanted > limitSeconds))
      this.client._serverKeepAlive = limitSeconds;
    this.#connectPacket = packet;
    this.client._parsingBatch = 0;
    this.client.once("connected", () => this.#onConnected());
    this.guarded(() => this.#enqueue.call(this.client._parser, packet));
  }

  /** aedes has made or resumed the session; an empty client id has been replaced by now. */
  onRegistered(): void {
    if (this.identity.clientId !== this.client.id)
      this.identity = { ...this.identity, clientId: this.client.id };
    // aedes goes on with a CONNECT whose socket has closed meanwhile, and would keep that client
    // registered for ever: its session would neither expire nor be resumed.
    if (this.gone) {
      this.#core.sessions.discard(this);
      this.#lifetime.begin(this.identity, this.client); // Whom it took over is not left hanging.
      return this.#lifetime.lose();
    }
    this.#counted = true;
    this.#core.counters.connections++;
    this.session = this.#core.sessions.open(this);
    this.#inbound = new Inbound(this.#core, this, this.session.inbound);
    // The keep-alive is sweep.ts' from here on: it must stand still while we do not read (N2).
    if (this.client._keepaliveTimer) clearTimeout(this.client._keepaliveTimer);
    const seconds = this.client._serverKeepAlive ?? (this.#connectPacket?.keepalive || 0);
    this.keepAliveMs = seconds * 1000;
    this.client._keepaliveInterval = -1;
    this.#lifetime.begin(this.identity, this.client);
  }

  /** aedes has unregistered the client, before it registers another of that id. */
  onUnregistered(takenOver: boolean): void {
    if (takenOver) this.#lifetime.end("taken_over");
    else this.#lifetime.lose();
  }

  get gone(): boolean {
    return this.#phase === "closed" || this.stream.destroyed;
  }

  #send(bytes: Buffer): void {
    if (this.stream.destroyed || !this.stream.writable) return;
    // A client that does not take its answers is not read until it does.
    if (!this.stream.write(bytes) && !(this.#pausedBy & PAUSE.writing)) {
      this.pause(PAUSE.writing);
      this.stream.once("drain", () => {
        this.resume(PAUSE.writing);
        this.guarded(() => this.session?.outbound.pump());
      });
    }
  }

  readonly #read = (): void => {
    if (this.#reading) return;
    this.#reading = true;
    while (this.#pausedBy === 0 && this.#phase !== "closed") {
      const chunk: Buffer | null = this.#rest ?? (this.stream.read() as Buffer | null);
      if (chunk === null) break;
      this.idleSweeps = 0;
      this.#readAtMs = performance.now();
      const sliceBytes = this.#phase === "open" ? SLICE_BYTES : FIRST_SLICE_BYTES;
      this.#rest = chunk.length > sliceBytes ? chunk.subarray(sliceBytes) : null;
      this.#parse(this.#rest ? chunk.subarray(0, sliceBytes) : chunk);
    }
    this.#reading = false;
  };

  #parse(bytes: Buffer): void {
    const parser = this.client._parser;
    this.guarded(() => parser.parse(bytes));
    // The length is known with the fixed header: an oversized body is not collected first.
    const remaining = parser.packet?.length ?? -1;
    if (remaining > 0 && wireBytes(remaining) > this.#core.limits.packetBytesMax)
      this.close("packet_too_large", REASON.packetTooLarge); // [MQTT-3.1.2-24]
  }

  /** N4. What one connection's packets make throw ends that connection, never the process. */
  guarded(work: () => void): void {
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
    this.guarded(() => {
      this.session?.outbound.start(this);
      for (const packet of waiting) if (!this.gone) this.#dispatch(packet);
    });
    this.resume(PAUSE.connecting);
  }

  #dispatch(packet: Packet): void {
    const { outbound } = this.session!;
    if (packet.cmd === "publish") return this.#publish(packet);
    if (packet.cmd === "pingreq") return this.write(PINGRESP);
    // mqtt-packet reports a missing packet identifier as -1 or none, and passes 0 on [MQTT-2.2.1-3].
    if (packet.cmd !== "disconnect" && !((packet.messageId ?? 0) > 0))
      return this.close("protocol_error", REASON.protocolError);
    if (packet.cmd === "pubrel") return this.#inbound!.release(packet.messageId!);
    if (packet.cmd === "puback") return outbound.puback(packet.messageId!);
    if (packet.cmd === "pubrec") return outbound.pubrec(packet.messageId!, packet.reasonCode ?? 0);
    if (packet.cmd === "pubcomp") return outbound.pubcomp(packet.messageId!);
    if (packet.cmd === "disconnect") return this.#disconnected(packet);
    // A packet that only servers send, AUTH, or a second CONNECT [MQTT-3.1.0-2].
    if (packet.cmd !== "subscribe" && packet.cmd !== "unsubscribe")
      return this.close("protocol_error", REASON.protocolError);
    this.#spend(packet.cmd === "subscribe" ? packet.subscriptions.length : 1);
    this.guarded(() =>
      packet.cmd === "subscribe"
        ? subscribe(this.#core, this, packet)
        : unsubscribe(this.#core, this, packet),
    );
  }

  #disconnected(packet: IDisconnectPacket): void {
    const expiry: unknown = packet.properties?.sessionExpiryInterval;
    if (expiry !== undefined && typeof expiry !== "number")
      return this.close("protocol_error", REASON.protocolError);
    this.flush();
    this.#lifetime.end(packet.reasonCode ? "will" : "disconnect");
    // Any code but 0x00 leaves the will to be published [MQTT-3.1.2-8]; aedes does so for 0x04 alone.
    const handed = packet.reasonCode
      ? { ...packet, reasonCode: REASON.disconnectWithWill }
      : packet;
    this.guarded(() => this.#enqueue.call(this.client._parser, handed));
    this.#phase = "closed"; // [MQTT-3.14.4-1]: nothing behind a DISCONNECT counts.
  }

  #publish(packet: IPublishPacket): void {
    const problem = publishProblem(this.client, packet, this.#core.limits);
    if (problem) return this.close(problem.reason, problem.reasonCode);
    this.#spend(1);
    this.#inbound!.publish(packet);
  }

  /** Over its rate a client is not read until its bucket holds tokens again; it loses nothing. */
  #spend(tokens: number): void {
    const waitMs = this.#core.rateLimit.take(this.identity.clientId, tokens, this.#readAtMs);
    if (waitMs === 0 || this.#pausedBy & PAUSE.rate) return;
    this.pause(PAUSE.rate);
    this.#rateTimer = setTimeout(() => this.resume(PAUSE.rate), Math.ceil(waitMs));
  }

  #onClosed(): void {
    this.#phase = "closed";
    this.#lifetime.lose();
    this.#rest = null;
    clearTimeout(this.#rateTimer);
    this.#core.connections.delete(this);
    this.#core.waitingForRoom.delete(this);
    if (this.#counted) this.#core.counters.connections--;
    this.#counted = false;
  }
}
