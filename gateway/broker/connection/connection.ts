// One connection, from its socket to its end: a state machine of four phases.
//
//   opening --CONNECT--> connecting --CONNACK--> open --> closed
//
//   opening     Only CONNECT is taken. Anything else ends it, and so does none in time.
//   connecting  CONNECT is vetted (connect.ts), then answered by aedes (aedes/door.ts), which registers
//               the client and so opens its session. Packets behind CONNECT wait.
//   open        Packets are handled as they come (dispatch.ts), answers written.
//   closed      We or the client have hung up: nothing is handled or written any more. All phases
//               lead here, by `refuse`, `close`, `abort`, `farewell` or the end of the socket.
//
// N1. What one connection's packets make throw ends that connection, never the process.
import type { Duplex } from "node:stream";
import type { IConnectPacket, IDisconnectPacket, Packet } from "mqtt-packet";
import type { Door, Guest, Visitor } from "../aedes/door.ts";
import type { ClientIdentity } from "../broker.ts";
import { count } from "../counters.ts";
import type { ConnectTerms } from "../protocol/connect-terms.ts";
import type { Will } from "../protocol/properties.ts";
import type { FramingFault } from "../protocol/framing.ts";
import type { PacketFault, ProtocolVersion } from "../protocol/packet-check.ts";
import { REASON } from "../protocol/reason-codes.ts";
import { refusedConnack } from "../protocol/wire.ts";
import type { Wills } from "../routing/wills.ts";
import { NOBODY, type Holder, type Holders } from "../session/holders.ts";
import type { Session } from "../session/session.ts";
import type { Sessions } from "../session/sessions.ts";
import type { SessionStore } from "../session/session-store.ts";
import { Channel, type ChannelOwner } from "./channel.ts";
import type { Admission, Candidate } from "./connect.ts";
import { Dispatch, type DispatchParts, type DispatchSource } from "./dispatch.ts";
import type { Doorstep } from "./doorstep.ts";
import type { Flusher } from "./flusher.ts";
import { Lifetime, type LifetimeParts, reasonOfClosing } from "./lifetime.ts";
import { type Origin, arrivalOf } from "./origin.ts";
import { PAUSE, type Pause } from "./pauses.ts";

/** Time for a refused client to hang up by itself, and for one that has much to read before it is told to go. */
const LINGER_MS = 500;
const FAREWELL_MS = 2_000;

/** The end of a connection that sends what it may not: the reason that is counted, and the code for MQTT 5. */
const FAULTS: Readonly<
  Record<PacketFault | FramingFault, { readonly reason: string; readonly reasonCode: number }>
> = {
  malformed: { reason: "malformed", reasonCode: REASON.malformed },
  protocol_error: { reason: "protocol_error", reasonCode: REASON.protocolError },
  packet_too_large: { reason: "packet_too_large", reasonCode: REASON.packetTooLarge }, // [MQTT-3.1.2-24]
  version_unsupported: { reason: "protocol_version", reasonCode: REASON.unsupportedVersion },
  client_id_invalid: { reason: "client_id", reasonCode: REASON.clientIdInvalid },
  authentication_unsupported: {
    reason: "authentication_method",
    reasonCode: REASON.badAuthenticationMethod,
  },
};

type Phase = "opening" | "connecting" | "open" | "closed";

/** Shared by the connections of one broker. */
export interface ConnectionParts extends DispatchParts {
  readonly handlers: DispatchParts["handlers"] & LifetimeParts["handlers"];
  readonly door: Door;
  readonly admission: Admission;
  readonly holders: Holders;
  readonly doorstep: Doorstep;
  readonly sessions: Sessions;
  readonly store: SessionStore;
  readonly wills: Wills;
  readonly flusher: Flusher;
  /** Those whose sockets are open. */
  readonly connections: Set<Connection>;
}

/** Terms of a connection whose CONNECT is not answered yet. */
const NO_TERMS: ConnectTerms = {
  clientId: "",
  cleanStart: true,
  expirySeconds: 0,
  receiveMaximum: 0,
  maximumPacketSize: Infinity,
  topicAliasMaximum: 0,
  problemInformation: false,
  will: null,
};

export class Connection implements DispatchSource, ChannelOwner, Candidate, Visitor {
  readonly origin: Origin;
  readonly channel: Channel;
  identity: ClientIdentity;
  /** Its place among those of its holder is taken from the accepted CONNECT on. */
  holder = NOBODY;
  terms = NO_TERMS;
  keepAliveMs = 0;
  readonly #parts: ConnectionParts;
  readonly #stream: Duplex;
  readonly #lifetime: Lifetime;
  #phase: Phase = "opening";
  #connectTimer: NodeJS.Timeout | undefined;
  /** Its client in aedes, from the accepted CONNECT on. */
  #guest: Guest | null = null;
  // Once aedes has registered the client:
  #session: Session | null = null;
  #dispatch: Dispatch | null = null;
  /** The word of its CONNECT on who it is; what is refused is told under it. */
  #claimed: Pick<ClientIdentity, "clientId" | "username"> | null = null;
  /** The word of its CONNECT on how many topic aliases it takes. */
  #topicAliasMaximum = 0;
  /** Packets that came behind CONNECT. */
  #behindConnect: Packet[] | null = null;

  constructor(parts: ConnectionParts, stream: Duplex, origin: Origin) {
    this.#parts = parts;
    this.#stream = stream;
    this.origin = origin;
    this.channel = new Channel(parts, this, stream);
    this.#lifetime = new Lifetime(parts);
    this.identity = {
      clientId: "",
      username: undefined,
      principal: undefined,
      device: undefined,
      protocolVersion: 4,
      remoteAddress: origin.remoteAddress,
      listener: origin.listener,
    };
  }

  start(): void {
    const stream = this.#stream;
    this.#parts.connections.add(this);
    stream.on("error", hangUp).on("end", hangUp).on("close", this.#onClosed);
    this.#connectTimer = setTimeout(destroy, this.#parts.limits.connectTimeoutMs, stream);
    this.channel.start();
  }

  get open(): boolean {
    return this.#phase === "open";
  }

  get gone(): boolean {
    return this.#phase === "closed" || this.#stream.destroyed;
  }

  get unsentBytes(): number {
    return this.#stream.writableLength;
  }

  get readAtMs(): number {
    return this.channel.readAtMs;
  }

  pause(reason: Pause): void {
    this.channel.pause(reason);
  }

  resume(reason: Pause): void {
    this.channel.resume(reason);
  }

  answer(word: number, asOf?: number): void {
    if (this.#phase === "open") this.channel.answer(word, asOf);
  }

  write(bytes: Buffer): void {
    if (this.#phase === "open") this.channel.write(bytes);
  }

  flush(): void {
    this.channel.flush();
  }

  /** N1. */
  guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.failed(error);
    }
  }

  failed(error: unknown): void {
    const { clientId } = this.identity;
    this.#parts.logger?.debug({ err: error, clientId }, "malformed input");
    this.close("malformed", REASON.malformed);
  }

  malformed(error: Error): void {
    // The check before the parser (protocol/packet-check.ts) should have found it.
    this.failed(error);
  }

  violated(fault: PacketFault | FramingFault, version: ProtocolVersion | null): void {
    const { reason, reasonCode } = FAULTS[fault];
    // Only a CONNECT is answered in its own words, and only on MQTT 5 (3.2.2.2) [MQTT-3.1.4-1].
    // An unknown version is answered as well [MQTT-3.1.2-2], in the form that every version reads.
    const answered = fault === "version_unsupported" ? 4 : version === 5 ? 5 : null;
    if (this.#phase === "opening" && answered) return this.refuse(reason, reasonCode, answered);
    this.close(reason, reasonCode);
  }

  unstored(): void {
    this.close("store_failed", REASON.implementationSpecific);
  }

  drained(): void {
    this.guarded(() => this.#session?.outbound.pump());
  }

  packet(packet: Packet): void {
    this.#parts.counters.packetsReceived++;
    if (this.#phase === "open") this.#dispatch!.handle(packet);
    else if (this.#phase === "connecting") (this.#behindConnect ??= []).push(packet);
    else if (this.#phase === "opening") {
      if (packet.cmd !== "connect") return this.close("protocol_error", REASON.protocolError); // [MQTT-3.1.0-1]
      this.#phase = "connecting";
      this.#claimed = { clientId: packet.clientId, username: packet.username };
      this.pause(PAUSE.connecting);
      this.#parts.doorstep.asked(arrivalOf(this.origin.socket));
      this.#parts.admission.vet(this, packet);
    }
  }

  /** CONNECT is vetted and its sender known: aedes makes or resumes the session. */
  accept(packet: IConnectPacket, identity: ClientIdentity, holder: Holder): void {
    if (this.#phase !== "connecting") return;
    this.holder = holder;
    holder.connections++;
    clearTimeout(this.#connectTimer);
    this.#connectTimer = undefined;
    this.identity = identity;
    this.#topicAliasMaximum = packet.properties?.topicAliasMaximum ?? 0;
    // Server Keep Alive for MQTT 5; aedes' own limit would refuse MQTT 3 clients outright.
    const limitSeconds = this.#parts.limits.keepAliveSecondsMax;
    const wanted = packet.keepalive ?? 0;
    const imposed = identity.protocolVersion === 5 && (wanted === 0 || wanted > limitSeconds);
    this.keepAliveMs = (imposed ? limitSeconds : wanted) * 1000;
    this.guarded(() => {
      const { door, sessions } = this.#parts;
      sessions.claim(identity);
      this.#guest = door.open(this.#stream, packet, this, imposed ? limitSeconds : undefined);
    });
    // aedes hears of the socket's end before us: a will goes out before its client is told as gone.
    this.#stream.off("close", this.#onClosed).on("close", this.#onClosed);
  }

  /** aedes has made or resumed the session; an empty client id has been replaced by now. */
  registered(of: Omit<ConnectTerms, "topicAliasMaximum">): void {
    const { sessions, store, wills, counters } = this.#parts;
    const terms = { ...of, topicAliasMaximum: this.#topicAliasMaximum };
    this.terms = terms;
    this.#parts.doorstep.passed(arrivalOf(this.origin.socket));
    if (this.identity.clientId !== terms.clientId)
      this.identity = { ...this.identity, clientId: terms.clientId };
    wills.cameBack(terms.clientId);
    this.#session = sessions.open(this);
    if (this.gone) {
      // As if it had left right after.
      this.#guest!.forget();
      store.deleteWill(terms.clientId);
      sessions.leave(this, terms.expirySeconds, Date.now());
      // The one it took over from expects it (lifetime.ts/L2). Its will is dropped and does not go out.
      this.#lifetime.begin(this.identity, { ...terms, will: null });
      return this.#lifetime.lose();
    }
    if (terms.will) store.putWill(terms.clientId, terms.will, this.identity);
    store.commit(); // sessions.ts/T2: CONNACK is written next, and not behind anything that commits.
    this.#dispatch = new Dispatch(this.#parts, this, this.#session);
    counters.connections++;
    this.#lifetime.begin(this.identity, terms);
  }

  /** CONNACK is written. */
  acknowledged(): void {
    if (this.#phase !== "connecting") return;
    this.#phase = "open";
    const waiting = this.#behindConnect ?? [];
    this.#behindConnect = null;
    this.guarded(() => {
      this.#session?.outbound.start(this);
      for (const packet of waiting) if (!this.gone) this.#dispatch!.handle(packet);
    });
    this.resume(PAUSE.connecting);
  }

  left(takenOver: boolean, expirySeconds: number): void {
    if (takenOver) this.#lifetime.end("taken_over");
    else this.#lifetime.lose();
    this.#parts.sessions.leave(this, expirySeconds, Date.now());
  }

  willDue(will: Will): void {
    this.#parts.wills.publish(this, will);
  }

  /** The client has said DISCONNECT. */
  farewell(packet: IDisconnectPacket): void {
    this.flush();
    this.#lifetime.end(packet.reasonCode ? "will" : "disconnect");
    // Any code but 0x00 leaves the will to be published [MQTT-3.1.2-8]; aedes does so for 0x04 alone.
    const handed = packet.reasonCode
      ? { ...packet, reasonCode: REASON.disconnectWithWill }
      : packet;
    this.guarded(() => this.#guest!.leave(handed));
    this.#phase = "closed"; // [MQTT-3.14.4-1]: nothing behind a DISCONNECT counts.
  }

  /** Ends a connection whose peer reads nothing: no farewell could be written. */
  abort(reason: string): void {
    if (this.#phase === "closed") return;
    count(this.#parts.counters.closed, reason);
    this.#phase = "closed";
    this.#lifetime.end("closed", reason);
    this.#stream.destroy();
  }

  close(reason: string, reasonCode: number): void {
    if (this.#phase === "closed") return;
    count(this.#parts.counters.closed, reason);
    this.flush();
    this.#phase = "closed";
    if (this.#session) this.#lifetime.end(reasonOfClosing(reason), reason);
    else this.#lifetime.refuse({ ...this.identity, ...this.#claimed }, reason);
    if (this.identity.protocolVersion === 5) linger(this.#stream);
    if (!this.#guest?.disconnect(reasonCode)) this.#stream.destroy();
  }

  /** Answers CONNECT with a refusal and hangs up once that is written [MQTT-3.2.2-7]. */
  refuse(reason: string, reasonCode: number, protocolVersion: number, detail = ""): void {
    if (this.#phase === "closed") return;
    count(this.#parts.counters.refused, reason);
    this.#lifetime.refuse({ ...this.identity, ...this.#claimed }, reason, detail);
    this.#phase = "closed";
    this.channel.discardInput();
    this.#stream.end(refusedConnack(reasonCode, protocolVersion));
    setTimeout(destroy, LINGER_MS, this.#stream).unref();
  }

  /** Ends the socket without a word. */
  destroy(): void {
    this.#stream.destroy();
  }

  readonly #onClosed = (): void => {
    const { connections, room, counters } = this.#parts;
    clearTimeout(this.#connectTimer);
    this.#phase = "closed";
    this.#lifetime.lose();
    this.channel.stop();
    this.#dispatch?.stop();
    connections.delete(this);
    room.leave(this);
    if (this.#dispatch) counters.connections--;
    this.#dispatch = null;
    if (this.holder !== NOBODY) this.holder.connections--;
  };
}

const destroy = (stream: Duplex): void => void stream.destroy();

/**
 * Has the next `destroy` end the stream gently: what the client sends meanwhile would reset a closed socket, and with
 * that its system may drop the DISCONNECT that it has not read yet. The one after that destroys it.
 */
function linger(stream: Duplex): void {
  stream.destroy = (error) => {
    delete (stream as Partial<Duplex>).destroy;
    if (error || stream.destroyed || !stream.writable) return stream.destroy(error);
    stream.resume().end();
    setTimeout(destroy, FAREWELL_MS, stream).unref();
    return stream;
  };
}

/** Listens for whatever ends a socket; one for all of them, because a function for each takes room. */
function hangUp(this: Duplex): void {
  this.destroy();
}
