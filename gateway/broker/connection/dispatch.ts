// The packets of an open connection, each to the part that handles its kind.
import type { IDisconnectPacket, IPublishPacket, Packet } from "mqtt-packet";
import type { Limits } from "../options.ts";
import { type TopicHolder, publishProblem } from "../protocol/publish-rules.ts";
import { REASON } from "../protocol/reason-codes.ts";
import { PINGRESP } from "../protocol/wire.ts";
import type { Session } from "../session/session.ts";
import { Inbound, type InboundParts } from "./inbound.ts";
import { PAUSE } from "./pauses.ts";
import type { RateLimit } from "./rate-limit.ts";
import { Slowdown } from "./slowdown.ts";
import type { Source } from "./source.ts";
import type { Subscribing } from "./subscribe.ts";

export interface DispatchParts extends InboundParts {
  readonly limits: Limits;
  readonly rateLimit: RateLimit;
  readonly subscribeLimit: RateLimit;
  readonly subscribing: Subscribing;
}

export interface DispatchSource extends Source {
  readonly readAtMs: number;
  /** The client has said DISCONNECT. */
  farewell(packet: IDisconnectPacket): void;
}

export class Dispatch implements TopicHolder {
  aliases: Map<number, string> | undefined;
  lastTopic: string | null = null;
  readonly #parts: DispatchParts;
  readonly #source: DispatchSource;
  readonly #session: Session;
  readonly #inbound: Inbound;
  readonly #slowdown: Slowdown;
  /** Null before the first SUBSCRIBE, which most devices never send. */
  #subscribes: Slowdown | null = null;

  constructor(parts: DispatchParts, source: DispatchSource, session: Session) {
    this.#parts = parts;
    this.#source = source;
    this.#session = session;
    this.#slowdown = new Slowdown(source, parts.rateLimit, PAUSE.rate, parts.handlers);
    this.#inbound = new Inbound(parts, source, session.inbound);
  }

  handle(packet: Packet): void {
    if (packet.cmd === "publish") return this.#publish(packet);
    if (packet.cmd === "pingreq") return this.#source.write(PINGRESP);
    if (packet.cmd === "disconnect") return this.#disconnect(packet);
    if (packet.cmd === "pubrel") return this.#inbound.release(packet.messageId!);
    // Packets of any other type have not passed the channel (protocol/packet-check.ts).
    if (packet.cmd !== "subscribe" && packet.cmd !== "unsubscribe")
      return this.#acknowledged(packet);
    this.#spendOnFilters(
      packet.cmd === "subscribe" ? packet.subscriptions.length : packet.unsubscriptions.length,
    );
    const { subscribing } = this.#parts;
    this.#source.guarded(() =>
      packet.cmd === "subscribe"
        ? subscribing.subscribe(this.#source, this.#session, packet)
        : subscribing.unsubscribe(this.#source, this.#session, packet),
    );
  }

  /** The socket is closed. */
  stop(): void {
    this.#slowdown.stop();
    this.#subscribes?.stop();
    this.#inbound.stop();
  }

  /** An acknowledgement that its delivery cannot have is a protocol error (MQTT 5, 4.13.1). */
  #acknowledged(packet: Packet): void {
    const { outbound } = this.#session;
    const messageId = packet.messageId!;
    const fits =
      packet.cmd === "puback"
        ? outbound.puback(messageId)
        : packet.cmd === "pubrec"
          ? outbound.pubrec(messageId, packet.reasonCode ?? 0)
          : packet.cmd === "pubcomp" && outbound.pubcomp(messageId);
    if (!fits) this.#violation();
  }

  #publish(packet: IPublishPacket): void {
    const problem = publishProblem(this, packet, this.#parts.limits);
    if (problem) return this.#source.close(problem.reason, problem.reasonCode);
    this.#slowdown.spend(publishTokens(packet.payload.length), this.#source.readAtMs);
    this.#inbound.publish(packet);
  }

  #disconnect(packet: IDisconnectPacket): void {
    // A session that ends with its connection cannot be kept by DISCONNECT (MQTT 5, 3.14.2.2.2).
    const isKept = (packet.properties?.sessionExpiryInterval ?? 0) > 0;
    if (isKept && this.#source.terms.expirySeconds === 0) return this.#violation();
    this.#source.farewell(packet);
  }

  #spendOnFilters(filters: number): void {
    const { subscribeLimit, handlers } = this.#parts;
    this.#subscribes ??= new Slowdown(this.#source, subscribeLimit, PAUSE.subscribes, handlers);
    this.#subscribes.spend(filters, this.#source.readAtMs);
  }

  #violation(): void {
    this.#source.close("protocol_error", REASON.protocolError);
  }
}

/** The price of a publish: one, and one more for each KiB. */
const publishTokens = (payloadBytes: number): number => 1 + (payloadBytes >>> 10);
