// Deliveries to one subscriber.
//
// O1. QoS 1/2 deliveries in flight never exceed the client's Receive Maximum [MQTT-3.3.4-9]; the
//     rest wait in order, in the store for sessions that survive, else in bounded memory.
// O2. Delivering never waits for the client: what does not fit waits here or is dropped and
//     counted, so that a subscriber that stops reading delays nobody.
// O3. What is sent, and how, is in publish-writer.ts.
// O4. After a reconnect what was in flight is sent again first, under its identifiers
//     [MQTT-4.4.0-1]: PUBLISH with DUP, or PUBREL where PUBREC had come.
// O5. What waits in all sessions of a holder is bounded, and in all sessions together: whoever comes back
//     under ever new client ids fills its own room, not everybody's, nor the disk.
// O6. What is relayed leaves a part of each of these bounds to alerts, commands and telemetry.
// O7. What is fed from elsewhere (log-members.ts) is asked for when the window and the socket take it, and never waits
//     here: what the client leaves unacknowledged is its feeder's again.
import { count } from "../counters.ts";
import { REASON } from "../protocol/reason-codes.ts";
import { encode, pubrelWord } from "../protocol/wire.ts";
import { addBacklog, sizeOf } from "./backlog.ts";
import { LazyMap } from "./lazy-map.ts";
import type { Holder } from "./holders.ts";
import type { Fed, OutboundParts } from "./outbound-parts.ts";
import type { Peer } from "./peer.ts";
import type { Backlog, QueuedRow, StoredMessage } from "./session-store.ts";
import { PublishWriter } from "./publish-writer.ts";
import { weightOf } from "./weight.ts";

/** The part of a bound that messages on topics which are not ours take at most (O6). */
const RELAY_PART = 0.75;

interface InFlight {
  /** The message, if it is one of a shared subscription that the store does not have: another member may get it. */
  readonly message?: StoredMessage;
  readonly qos: 1 | 2;
  /** Its place in the store; 0 for sessions that end with the connection. */
  readonly sequence: number;
  readonly bytes: number;
  released: boolean;
  /** Called when it is acknowledged, of what was fed (O7). */
  readonly settle?: () => void;
}

const NO_BACKLOG: Readonly<Backlog> = Object.freeze({ messages: 0, bytes: 0 });

export class Outbound {
  readonly #parts: OutboundParts;
  readonly #clientId: string;
  #peer: Peer | null = null;
  #window = 0;
  readonly #inFlight = new LazyMap<number, InFlight>();
  #nextId = 1;
  /** Messages of this session in the store, or waiting in memory; null while there are none: most sessions are so. */
  #backlog: Backlog | null;
  /** Sequence of the last stored message that was sent. */
  #cursor = 0;
  #waiting: { qos: 1 | 2; message: StoredMessage }[] = [];
  readonly #writer: PublishWriter;
  #pumpScheduled = false;
  /** It has been given something of a shared subscription. */
  #hasShared: boolean;
  readonly #persistent: boolean;
  #holder: Holder;
  /** Called once when it is roomy again, or its client leaves. */
  whenRoomy: (() => void) | null = null;
  /** The next message from elsewhere, or null; null itself for nearly all sessions (O7). */
  feed: (() => Fed | null) | null = null;
  #fed = 0; // Messages in flight that were fed.

  constructor(
    parts: OutboundParts,
    { clientId, persistent, holder }: { clientId: string; persistent: boolean; holder: Holder },
    backlog?: Backlog,
  ) {
    this.#parts = parts;
    this.#clientId = clientId;
    this.#persistent = persistent;
    this.#writer = new PublishWriter(parts);
    this.#holder = holder;
    this.#backlog = backlog ?? null;
    this.#hasShared = (backlog?.messages ?? 0) > 0;
    addBacklog(parts.queued, this.backlog, 1);
    addBacklog(holder.queued, this.backlog, 1);
  }

  changeHolder(holder: Holder): void {
    addBacklog(this.#holder.queued, this.backlog, -1);
    addBacklog(holder.queued, this.backlog, 1);
    this.#holder = holder;
  }

  /** Half of its room is free, or nobody is there to make any: whoever can wait does until then. */
  get roomy(): boolean {
    const peer = this.#peer;
    if (!peer) return true;
    const { outboundBytesMax, queuedMessagesMax, queuedBytesMax } = this.#parts.limits;
    const { messages, bytes } = this.backlog;
    return (
      2 * peer.unsentBytes <= outboundBytesMax &&
      2 * messages < queuedMessagesMax &&
      2 * bytes < queuedBytesMax
    );
  }

  /** Messages of this session that wait, or were sent and are not acknowledged. */
  get backlog(): Readonly<Backlog> {
    return this.#backlog ?? NO_BACKLOG;
  }

  attach(peer: Peer): void {
    this.#peer = peer;
    this.#window = Math.min(peer.terms.receiveMaximum, this.#parts.limits.deliveriesInFlightMax);
    this.#inFlight.clear();
    this.#fed = 0;
    this.#writer.restart();
    this.#cursor = 0;
  }

  /** O4. Once CONNACK is written; by then the client may be gone, or another be in its place. */
  start(peer: Peer): void {
    if (this.#peer !== peer || peer.gone) return;
    if (this.#persistent)
      for (const row of this.#parts.store.inFlight(this.#clientId)) {
        const { sequence, qos, messageId, released, bytes, message } = row;
        this.#inFlight.set(messageId!, { sequence, qos, released, bytes });
        this.#cursor = sequence;
        if (released) peer.answer(pubrelWord(messageId!));
        else if (!this.#send(message, qos, messageId!, true)) this.#done(messageId!);
      }
    this.pump();
  }

  detach(): void {
    this.#peer = null;
    if (!this.#persistent) this.end();
    this.#tellIfRoomy();
  }

  /** False if nothing of a shared subscription can be among what waits. */
  get hasShared(): boolean {
    return this.#hasShared && (this.backlog.messages > 0 || this.#inFlight.size > 0);
  }

  /** Gives away what waits of shared subscriptions or is not acknowledged, as far as it is wanted (sessions.ts/T6). */
  takeShared(wanted: (message: StoredMessage & { shared: string }) => boolean): StoredMessage[] {
    const taken: StoredMessage[] = [];
    const take = (message: StoredMessage, qos: 1 | 2, wasSent: boolean): boolean => {
      if (message.shared === undefined || (wasSent && qos === 2)) return false;
      if (!wanted(message as StoredMessage & { shared: string })) return false;
      taken.push(message);
      return true;
    };
    if (this.#persistent) {
      const { store } = this.#parts;
      const rows = store.next(this.#clientId, 0, Number.MAX_SAFE_INTEGER);
      for (const { sequence, qos, bytes, messageId, message } of rows) {
        if (!take(message, qos, messageId !== null)) continue;
        store.dequeue(sequence);
        this.#settleBacklog(1, bytes);
        if (messageId !== null) this.#inFlight.delete(messageId);
      }
    } else {
      for (const id of [...this.#inFlight.keys()]) {
        const { message, qos } = this.#inFlight.get(id)!;
        if (!message || !take(message, qos, true)) continue;
        this.#inFlight.delete(id);
        this.#settleBacklog(1, weightOf(message));
      }
      this.#waiting = this.#waiting.filter(({ qos, message }) => {
        if (!take(message, qos, false)) return true;
        this.#settleBacklog(1, weightOf(message));
        return false;
      });
    }
    this.#hasShared = false;
    return taken;
  }

  /** The session is over, and with it what waits. */
  end(): void {
    this.#waiting = [];
    // An acknowledgement that comes after the end settles nothing a second time.
    this.#inFlight.clear();
    this.#fed = 0;
    this.#settleBacklog(this.backlog.messages, this.backlog.bytes);
  }

  /** `qos` is already the lesser of the publisher's and the subscription's [MQTT-3.8.4-8]. */
  deliver(message: StoredMessage, qos: 0 | 1 | 2): void {
    const { limits, counters, store, queued } = this.#parts;
    if (qos === 0) {
      const peer = this.#peer;
      if (!peer) return;
      if (peer.unsentBytes > limits.outboundBytesMax)
        return count(counters.dropped, "slow_subscriber");
      this.#send(message, 0, undefined, false);
      return;
    }
    if (!this.#persistent && !this.#peer) return;
    const { messages, bytes } = this.backlog;
    const weight = weightOf(message);
    const bytesAfter = bytes + weight;
    const part = message.foreign === true ? RELAY_PART : 1; // O6
    if (messages >= part * limits.queuedMessagesMax || bytesAfter > part * limits.queuedBytesMax)
      return count(counters.dropped, "queue_full");
    const holder = this.#holder;
    if (sizeOf(holder.queued) + weight > part * holder.share.queuedBytesMax)
      return count(counters.dropped, "device_queues_full"); // O5
    if (sizeOf(queued) + weight > part * limits.queuedBytesOfAllMax)
      return count(counters.dropped, "queues_full"); // O5
    const isNext = this.#persistent && this.#nothingWaits;
    this.#settleBacklog(-1, -weight);
    if (message.shared !== undefined) this.#hasShared = true;
    if (isNext && qos === 1 && this.#hasRoom) return this.#sendNow(message, weight);
    if (this.#persistent) store.enqueue(this.#clientId, qos, message);
    // A copy: the payload is a window on everything that came in the same read.
    else
      this.#waiting.push({ qos, message: { ...message, payload: Buffer.from(message.payload) } });
    this.#pumpSoon();
  }

  /** False when it answers a delivery of another QoS; one of nothing known is ignored (a late repeat). */
  puback(messageId: number): boolean {
    const entry = this.#inFlight.get(messageId);
    if (entry?.qos === 2) return false;
    if (entry) this.#done(messageId);
    return true;
  }

  /** False when it answers a delivery of another QoS. */
  pubrec(messageId: number, reasonCode: number): boolean {
    const entry = this.#inFlight.get(messageId);
    const modern = this.#peer?.identity.protocolVersion === 5;
    if (entry?.qos === 1) return false;
    if (!entry) {
      if (modern && reasonCode >= 0x80) return true; // [MQTT-4.3.3-4]: a refusal asks for nothing.
      if (modern)
        this.#peer?.write(
          encode({ cmd: "pubrel", messageId, reasonCode: REASON.packetIdNotFound }, 5),
        );
      else this.#peer?.answer(pubrelWord(messageId));
    } else if (modern && reasonCode >= 0x80)
      this.#done(messageId); // [MQTT-4.3.3-4]: the delivery ends without PUBREL.
    else {
      entry.released = true;
      if (entry.sequence > 0) this.#parts.store.markReleased(entry.sequence);
      this.#peer?.answer(pubrelWord(messageId));
    }
    return true;
  }

  /** False when it answers a delivery that was not released. */
  pubcomp(messageId: number): boolean {
    const entry = this.#inFlight.get(messageId);
    if (entry && !entry.released) return false;
    if (entry) this.#done(messageId);
    return true;
  }

  /** Sends what the window and the socket take. */
  pump(): void {
    this.#pumpScheduled = false;
    if (!this.#peer?.open) return;
    while (this.#hasRoom) {
      const next = this.#take();
      if (!next && this.#sendFed()) continue;
      if (!next) break;
      const messageId = this.#freeId();
      const { qos, sequence, bytes, message } = next;
      const kept = sequence === 0 && message.shared !== undefined ? { message } : {};
      this.#inFlight.set(messageId, { qos, sequence, released: false, bytes, ...kept });
      if (sequence > 0) this.#parts.store.markSent(sequence, messageId);
      if (!this.#send(message, qos, messageId, false)) this.#done(messageId);
    }
    this.#tellIfRoomy();
  }

  /** The window and the socket take another message now. */
  get #hasRoom(): boolean {
    const peer = this.#peer;
    return (
      peer?.open === true &&
      this.#inFlight.size < this.#window &&
      peer.unsentBytes <= this.#parts.limits.outboundBytesMax &&
      !peer.gone
    );
  }

  /** All that the store has for this client is in flight. */
  get #nothingWaits(): boolean {
    return this.backlog.messages <= this.#inFlight.size - this.#fed;
  }

  /** Stores what is next as sent, and sends it. Not at QoS 2: it may leave before the store's commit, and its identifier be given to another. */
  #sendNow(message: StoredMessage, bytes: number): void {
    const messageId = this.#freeId();
    const sequence = this.#parts.store.enqueue(this.#clientId, 1, message, messageId);
    if (sequence === 0) return;
    this.#cursor = sequence;
    this.#inFlight.set(messageId, { qos: 1, sequence, released: false, bytes });
    if (!this.#send(message, 1, messageId, false)) this.#done(messageId);
  }

  /** There may be something to be fed with (O7). */
  wake(): void {
    this.#pumpSoon();
  }

  /** False if there is nothing (O7). */
  #sendFed(): boolean {
    const fed = this.feed?.();
    if (!fed) return false;
    const { message, qos, settle } = fed;
    if (qos === 0) {
      this.#send(message, 0, undefined, false);
      settle();
      return true;
    }
    const messageId = this.#freeId();
    this.#inFlight.set(messageId, { qos, sequence: 0, bytes: 0, released: false, settle });
    this.#fed += 1;
    if (!this.#send(message, qos, messageId, false)) this.#done(messageId);
    return true;
  }

  #tellIfRoomy(): void {
    const told = this.whenRoomy;
    if (told === null || !this.roomy) return;
    this.whenRoomy = null;
    told();
  }

  #take(): Pick<QueuedRow, "sequence" | "qos" | "bytes" | "message"> | undefined {
    if (this.#persistent) {
      // The cursor only moves over messages that were sent: nothing waiting, nothing to ask for.
      if (this.#nothingWaits) return undefined;
      const row = this.#parts.store.next(this.#clientId, this.#cursor, 1)[0];
      if (row) this.#cursor = row.sequence;
      return row;
    }
    const head = this.#waiting.shift();
    if (!head) return undefined;
    const bytes = weightOf(head.message);
    // What another member may get yet is held, and so it counts until it is acknowledged.
    if (head.message.shared === undefined) this.#settleBacklog(1, bytes);
    return { sequence: 0, bytes, ...head };
  }

  #done(messageId: number): void {
    const entry = this.#inFlight.get(messageId);
    if (!entry) return;
    this.#inFlight.delete(messageId);
    if (entry.sequence > 0 || entry.message) this.#settleBacklog(1, entry.bytes);
    if (entry.sequence > 0) this.#parts.store.dequeue(entry.sequence);
    if (entry.settle) {
      this.#fed -= 1;
      entry.settle();
    }
    this.#pumpSoon();
  }

  #settleBacklog(messages: number, bytes: number): void {
    const { queued } = this.#parts;
    const own = this.#holder.queued;
    const backlog = (this.#backlog ??= { messages: 0, bytes: 0 });
    backlog.messages -= messages;
    backlog.bytes -= bytes;
    own.messages -= messages;
    own.bytes -= bytes;
    queued.messages -= messages;
    queued.bytes -= bytes;
  }

  #pumpSoon(): void {
    if (this.#pumpScheduled || !this.#peer) return;
    this.#pumpScheduled = true;
    setImmediate(() => {
      const peer = this.#peer;
      if (peer) peer.guarded(() => this.pump());
      else this.pump();
    });
  }

  #freeId(): number {
    while (this.#inFlight.has(this.#nextId)) this.#nextId = (this.#nextId % 65_535) + 1;
    const messageId = this.#nextId;
    this.#nextId = (this.#nextId % 65_535) + 1;
    return messageId;
  }

  /** False when it was not sent and never will be. */
  #send(
    message: StoredMessage,
    qos: 0 | 1 | 2,
    messageId: number | undefined,
    dup: boolean,
  ): boolean {
    const peer = this.#peer;
    // Still in flight: it is sent again after a reconnect (O4).
    return peer ? this.#writer.send(peer, message, { qos, messageId, dup }) : true;
  }
}
