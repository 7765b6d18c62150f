// The publishes of one client, held until they are stored.
//
// I1. Answers leave in the order of arrival: a settled publish waits for those before it (B2).
// I2. Nothing is answered or forwarded before `settle` (B1), and nothing twice: a second `settle`
//     of the same publish is ignored.
// I3. A refused publish is answered and never forwarded.
// I4. A packet identifier of QoS 2 belongs to one publish from its PUBLISH to its PUBREL: a re-send
//     in between is answered, never handed over again (B4) [MQTT-4.3.3-10].
// I5. Settling works after the client has left: the message is still forwarded, only unanswered.
import type { IPublishPacket } from "mqtt-packet";
import type { Properties } from "../aedes/seam.ts";
import type { Message, Refusal } from "../../ingest/message.ts";
import type { Connection } from "./connection.ts";
import { PAUSE } from "./connection.ts";
import type { Core } from "../core.ts";
import { forward } from "../routing/forward.ts";
import type { InboundSession } from "../session/inbound-session.ts";
import { REASON } from "../protocol/reason-codes.ts";
import { REFUSAL_CODES } from "../protocol/refusals.ts";
import { encode, pubackWord, pubcompWord, pubrecWord } from "../protocol/wire.ts";

export class Held implements Message {
  readonly clientId: string;
  readonly principal: string | undefined;
  readonly device: string | undefined;
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
  readonly traceparent: string | undefined;
  readonly contentType: string | undefined;
  readonly messageId: number | undefined;
  readonly properties: Properties | undefined;
  settled = false;
  refusal: Refusal | null = null;

  constructor(connection: Connection, packet: IPublishPacket) {
    const { identity } = connection;
    this.clientId = identity.clientId;
    this.principal = identity.principal;
    this.device = identity.device;
    this.topic = packet.topic;
    this.payload = packet.payload as Buffer;
    this.qos = packet.qos;
    this.retain = packet.retain;
    const properties = packet.properties;
    const trace = properties?.userProperties?.traceparent;
    this.traceparent = Array.isArray(trace) ? trace[0] : trace;
    this.contentType = properties?.contentType;
    this.messageId = packet.messageId;
    this.properties = properties;
  }
}

export class Inbound {
  readonly #core: Core;
  readonly #connection: Connection;
  readonly #session: InboundSession;
  /** Arrival order; entries before `#head` are released. */
  #queue: Held[] = [];
  #head = 0;
  #bytes = 0;

  constructor(core: Core, connection: Connection, session: InboundSession) {
    this.#core = core;
    this.#connection = connection;
    this.#session = session;
  }

  publish(packet: IPublishPacket): void {
    const { counters, limits } = this.#core;
    counters.publishesReceived++;
    if (packet.qos === 2 && !this.#claim(packet.messageId!)) return;
    const held = new Held(this.#connection, packet);
    this.#queue.push(held);
    this.#bytes += held.payload.length;
    counters.publishesHeld++;
    counters.publishesHeldBytes += held.payload.length;
    try {
      this.#core.handlers.publish(held, (refusal) => this.#settle(held, refusal));
    } catch (error) {
      return this.#abandon(held, error);
    }
    if (
      this.#queue.length - this.#head > limits.inFlightMax ||
      this.#bytes > limits.inFlightBytesMax
    )
      this.#connection.pause(PAUSE.inFlight);
    else if (counters.publishesHeldBytes > limits.heldBytesMax && this.#bytes > 0) {
      this.#core.waitingForRoom.add(this.#connection);
      this.#connection.pause(PAUSE.heldBytes);
    }
  }

  /** A payload that trips a bug of ours costs its sender the connection, and nobody else anything. */
  #abandon(held: Held, error: unknown): void {
    const { logger, counters } = this.#core;
    logger?.error({ err: error, topic: held.topic, clientId: held.clientId }, "publish failed");
    this.#connection.close("handler_failed", REASON.implementationSpecific);
    if (held.settled) return;
    held.settled = true;
    this.#queue.pop();
    this.#bytes -= held.payload.length;
    counters.publishesHeld--;
    counters.publishesHeldBytes -= held.payload.length;
    if (held.qos === 2) this.#session.abandon(held.messageId!);
  }

  /** PUBREL: the client has seen our PUBREC, so the identifier is free again. */
  release(messageId: number): void {
    const known = this.#session.forget(messageId);
    if (known || this.#connection.identity.protocolVersion !== 5)
      this.#connection.answer(pubcompWord(messageId));
    else
      this.#connection.write(
        encode({ cmd: "pubcomp", messageId, reasonCode: REASON.packetIdNotFound }, 5),
      );
  }

  /** I4. False when this QoS 2 publish is a re-send that needs no (or already has an) owner. */
  #claim(messageId: number): boolean {
    const state = this.#session.state(messageId);
    if (state === "stored") {
      this.#connection.answer(pubrecWord(messageId));
      return false;
    }
    if (state === "held") {
      this.#session.adopt(messageId, this.#connection);
      return false;
    }
    if (this.#session.size >= this.#core.limits.inFlightMax) {
      this.#connection.close("receive_maximum", REASON.receiveMaximumExceeded);
      return false;
    }
    this.#session.hold(messageId, this.#connection);
    return true;
  }

  #settle(held: Held, refusal: Refusal | null): void {
    if (held.settled) return; // I2
    held.settled = true;
    held.refusal = refusal;
    if (this.#queue[this.#head] === held) this.#releaseSettled();
  }

  #releaseSettled(): void {
    const { counters, limits } = this.#core;
    let held = this.#queue[this.#head];
    while (held?.settled) {
      this.#head++;
      this.#bytes -= held.payload.length;
      counters.publishesHeld--;
      counters.publishesHeldBytes -= held.payload.length;
      this.#answer(held);
      if (!held.refusal) forward(this.#core, held, held.clientId); // I3
      held = this.#queue[this.#head];
    }
    // Cut the released part off when it is at least half: amortised constant time per publish.
    if (this.#head * 2 >= this.#queue.length) {
      this.#queue = this.#head === this.#queue.length ? [] : this.#queue.slice(this.#head);
      this.#head = 0;
    }
    if (
      this.#queue.length - this.#head <= limits.inFlightMax / 2 &&
      this.#bytes <= limits.inFlightBytesMax / 2
    )
      this.#connection.resume(PAUSE.inFlight);
    if (this.#core.waitingForRoom.size > 0) makeRoom(this.#core);
  }

  #answer(held: Held): void {
    if (held.qos === 0) return;
    const messageId = held.messageId!;
    const to = held.qos === 2 ? this.#session.settle(messageId, held.refusal) : this.#connection;
    if (!to) return;
    if (held.refusal && to.identity.protocolVersion === 5) return to.write(refusedAnswer(held, to));
    to.answer(held.qos === 1 ? pubackWord(messageId) : pubrecWord(messageId));
  }
}

function refusedAnswer(held: Held, to: Connection): Buffer {
  const { reason, detail } = held.refusal!;
  const reasonCode = REFUSAL_CODES[reason];
  const cmd = held.qos === 1 ? "puback" : "pubrec";
  const messageId = held.messageId!;
  // [MQTT-3.1.2-29]: no reason string for a client that asked for no problem information, and
  // [MQTT-3.4.2-2]: none that would make the packet larger than the client accepts.
  if (to.client._requestProblemInformation) {
    const full = encode({ cmd, messageId, reasonCode, properties: { reasonString: detail } }, 5);
    if (full.length <= (to.client.maximumPacketSize ?? Infinity)) return full;
  }
  return encode({ cmd, messageId, reasonCode }, 5);
}

/** Lets everybody be read again once a fifth of the common bound is free. */
export function makeRoom(core: Core): void {
  if (core.counters.publishesHeldBytes > core.limits.heldBytesMax * 0.8) return;
  for (const connection of core.waitingForRoom) connection.resume(PAUSE.heldBytes);
  core.waitingForRoom.clear();
}
