// The publishes of one client, held until they are stored.
//
// I1. Answers leave in the order of arrival: a settled publish waits for those before it (broker.ts/B2).
// I2. Nothing is answered or forwarded before `settle` (broker.ts/B1), and nothing twice: a second `settle`
//     of the same publish is ignored.
// I3. A refused publish is answered and never forwarded, whatever code it is answered with, unless it is relayed.
// I4. A packet identifier of QoS 2 belongs to one publish from its PUBLISH to its PUBREL: a re-send
//     in between is answered, never handed over again (broker.ts/B4) [MQTT-4.3.3-10].
//     One of QoS 1 is handed over once until its PUBACK is written (inbound-session.ts/S3).
// I5. A client that has many rejects kept is read more slowly, and loses nothing by it.
// I6. Settling works after the client has left: the message is still forwarded, only unanswered.
// I7. A relayed publish is forwarded before it is answered, and its answer is not written if the store, which holds it
//     for subscribers that are away, has failed meanwhile (channel.ts/C4).
import type { IPublishPacket } from "mqtt-packet";
import type { Logger } from "../../../platform/runtime/logger.ts";
import type { Recall, Refusal } from "../../ingest/message.ts";
import type { BrokerCounters, BrokerHandlers } from "../broker.ts";
import type { Limits } from "../options.ts";
import { REASON } from "../protocol/reason-codes.ts";
import { type RejectAnswers, answerCode, isKept } from "../protocol/refusals.ts";
import { encode, pubackWord, pubcompWord, pubrecWord } from "../protocol/wire.ts";
import type { Forwarder } from "../routing/forward.ts";
import { Held } from "../routing/held.ts";
import type { HeldPublishes, InboundSession } from "../session/inbound-session.ts";
import type { Peer } from "../session/peer.ts";
import type { SessionStore } from "../session/session-store.ts";
import type { HeldRoom } from "./held-room.ts";
import { PAUSE } from "./pauses.ts";
import type { RateLimit } from "./rate-limit.ts";
import { Slowdown } from "./slowdown.ts";
import type { Source } from "./source.ts";

export interface InboundParts {
  readonly handlers: Pick<BrokerHandlers, "publish" | "slowed">;
  readonly limits: Pick<Limits, "inFlightMax" | "inFlightBytesMax">;
  readonly rejectAnswers: RejectAnswers;
  /** Rejects of one holder. */
  readonly rejectLimit: RateLimit;
  readonly counters: BrokerCounters;
  readonly logger: Logger | undefined;
  readonly forwarder: Forwarder;
  readonly store: Pick<SessionStore, "failures">;
  /** Shared by all connections. */
  readonly room: HeldRoom;
}

export class Inbound implements HeldPublishes {
  readonly #parts: InboundParts;
  readonly #source: Source;
  readonly #session: InboundSession;
  readonly #slowdown: Slowdown;
  readonly #recall: Recall = { of: null };
  /** Arrival order; entries before `#head` are released. */
  #queue: Held[] = [];
  #head = 0;
  #bytes = 0;

  constructor(parts: InboundParts, source: Source, session: InboundSession) {
    this.#parts = parts;
    this.#source = source;
    this.#session = session;
    this.#slowdown = new Slowdown(source, parts.rejectLimit, PAUSE.rejects, parts.handlers);
    session.join(this);
  }

  /** The socket is closed. */
  stop(): void {
    this.#slowdown.stop();
  }

  get isEmpty(): boolean {
    return this.#head === this.#queue.length;
  }

  adopt(messageId: number, peer: Peer): boolean {
    for (let at = this.#head; at < this.#queue.length; at++) {
      const held = this.#queue[at]!;
      if (held.qos !== 1 || held.messageId !== messageId) continue;
      held.answerTo = peer;
      return true;
    }
    return false;
  }

  publish(packet: IPublishPacket): void {
    const { counters, limits, room } = this.#parts;
    counters.publishesReceived++;
    if (packet.qos === 2 && !this.#claim(packet.messageId!)) return;
    if (packet.qos === 1 && this.#isRedelivery(packet.messageId!, packet.dup)) return;
    const held = new Held(this.#source, packet, this.#recall);
    this.#queue.push(held);
    this.#bytes += held.payload.length;
    room.take(held.payload.length);
    try {
      this.#parts.handlers.publish(held, (refusal, relayed) =>
        this.#settle(held, refusal, relayed),
      );
    } catch (error) {
      return this.#abandon(held, error);
    }
    if (
      this.#queue.length - this.#head > limits.inFlightMax ||
      this.#bytes > limits.inFlightBytesMax
    )
      this.#source.pause(PAUSE.inFlight);
    else if (room.full && this.#bytes > 0) room.wait(this.#source);
  }

  /** A payload that trips a bug of ours costs its sender the connection, and nobody else anything. */
  #abandon(held: Held, error: unknown): void {
    const { logger, room } = this.#parts;
    logger?.error({ err: error, topic: held.topic, clientId: held.clientId }, "publish failed");
    this.#source.close("handler_failed", REASON.implementationSpecific);
    if (held.settled) return;
    held.settled = true;
    this.#queue.pop();
    this.#bytes -= held.payload.length;
    room.give(held.payload.length);
    if (held.qos === 2) this.#session.abandon(held.messageId!);
  }

  /** PUBREL: the client has seen our PUBREC, so the identifier is free again. */
  release(messageId: number): void {
    const known = this.#session.forget(messageId);
    if (known || this.#source.identity.protocolVersion !== 5)
      this.#source.answer(pubcompWord(messageId));
    else
      this.#source.write(
        encode({ cmd: "pubcomp", messageId, reasonCode: REASON.packetIdNotFound }, 5),
      );
  }

  /** I4. False when this QoS 2 publish is a re-send that needs no (or already has an) owner. */
  #claim(messageId: number): boolean {
    const state = this.#session.state(messageId);
    if (state === "stored") {
      this.#source.answer(pubrecWord(messageId));
      return false;
    }
    if (state === "held") {
      this.#session.adopt(messageId, this.#source);
      return false;
    }
    if (this.#session.size >= this.#parts.limits.inFlightMax) {
      this.#source.close("receive_maximum", REASON.receiveMaximumExceeded);
      return false;
    }
    this.#session.hold(messageId, this.#source);
    return true;
  }

  /** True for a QoS 1 publish that came before and was not answered yet: it is now, or will be. */
  #isRedelivery(messageId: number, isAgain: boolean): boolean {
    const state = this.#session.arrive(messageId, isAgain, this.#source);
    if (state === "stored") this.#source.answer(pubackWord(messageId));
    return state !== "new";
  }

  #settle(held: Held, refusal: Refusal | null, relayed = false): void {
    if (held.settled) return; // I2
    held.settled = true;
    held.refusal = refusal;
    held.relayed = relayed;
    if (refusal && isKept(refusal)) this.#slowdown.spend(rejectTokens(held.payload.length)); // I5
    if (this.#queue[this.#head] === held) this.#releaseSettled();
  }

  #releaseSettled(): void {
    const { limits, forwarder, room, store } = this.#parts;
    let held = this.#queue[this.#head];
    while (held?.settled) {
      this.#head++;
      this.#bytes -= held.payload.length;
      room.give(held.payload.length);
      const { failures } = store;
      if (!held.refusal || held.relayed) {
        const problem = forwarder.forward(held, held); // I3, I7
        if (problem !== null && held.relayed && held.qos === 1)
          held.refusal ??= { reason: "quota_exceeded", detail: `not retained: ${problem}` };
      }
      this.#answer(held, held.relayed ? failures : undefined);
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
      this.#source.resume(PAUSE.inFlight);
    room.reopen();
  }

  /** @param asOf the store's failures before the message was forwarded, if its answer depends on the store (I7). */
  #answer(held: Held, asOf: number | undefined): void {
    if (held.qos === 0) return;
    const messageId = held.messageId!;
    const code = answerCode(held.qos, held.refusal, this.#parts.rejectAnswers);
    const to =
      held.qos === 2 ? this.#session.settle(messageId, code) : (held.answerTo ?? this.#source);
    if (!to) return;
    if (held.qos === 1 && to.gone && !held.refusal) return this.#session.leave(messageId);
    if (code !== REASON.success && to.identity.protocolVersion === 5)
      return to.write(refusedAnswer(held, code, to));
    to.answer(held.qos === 1 ? pubackWord(messageId) : pubrecWord(messageId), asOf);
  }
}

function refusedAnswer(held: Held, reasonCode: number, to: Peer): Buffer {
  const cmd = held.qos === 1 ? "puback" : "pubrec";
  const messageId = held.messageId!;
  // [MQTT-3.1.2-29]: no reason string for a client that asked for no problem information, and
  // [MQTT-3.4.2-2]: none that would make the packet larger than the client accepts.
  if (to.terms.problemInformation) {
    const reasonString = held.refusal!.detail;
    const full = encode({ cmd, messageId, reasonCode, properties: { reasonString } }, 5);
    if (full.length <= to.terms.maximumPacketSize) return full;
  }
  return encode({ cmd, messageId, reasonCode }, 5);
}

/** The price of a reject: one, and one more for each 4 KiB of what is kept. */
const rejectTokens = (payloadBytes: number): number => 1 + Math.floor(payloadBytes / 4096);
