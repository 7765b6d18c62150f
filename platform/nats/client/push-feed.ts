// The receiving end of a push consumer: what it delivered, in order, and whether anything is missing in between.
//
// B1. Flow control is answered when what came before it has been taken: so the server sends ahead what its window
//     allows (32 MB), and nothing that it sends is thrown away. Where another reader of the subject answers first, a
//     slow one leaves the subject when it holds too much, and comes back when it has taken that.
// B2. The consumer numbers its deliveries. Between two whose numbers follow each other nothing is missing;
//     everything else (a start, an outage, a return) is not known, and the reader looks into the stream.
// B3. Where several subscribe to the subject, nats-server (2.9.10) tells some of them that instead of the subject of the
//     message. Such a delivery says only that there is something: the reader looks.
import type { Msg, NatsConnection, Subscription } from "nats";
import { SIGNATURE_HEADER } from "../signed/signature.ts";
import { type LogEntry, isDeletionMark } from "./log-entry.ts";

export interface Pushed {
  readonly entry: LogEntry;
  /** Sequence in the stream of what was delivered just before; null if that is not known (B2). */
  readonly after: number | null;
}

/** Deliveries that a reader holds before it leaves the subject. */
const HELD_MAX = 100_000;
const HELD_BYTES_MAX = 48 * 1024 ** 2;
/** Taken deliveries whose places are given back at once. */
const TAKEN_MAX = 1_024;
/** The code of what is no delivery: flow control and heartbeats. */
const STATUS = 100;
/** Three heartbeats of the consumer (FEED_HEARTBEAT_MS). */
const SILENT_MS = 6_000;
export const FEED_HEARTBEAT_MS = 2_000;

export class PushFeed implements Disposable {
  readonly #connection: NatsConnection;
  readonly #subject: string | null;
  readonly #onlySubject: string | null;
  #subscription: Subscription | null = null;
  /** Deliveries, and questions of flow control between them (B1), from `#taken` on. */
  #held: (Pushed | Msg)[] = [];
  #taken = 0;
  #heldBytes = 0;
  #last: { delivery: number; seq: number } | null = null;
  #heardAtMs = -Infinity;
  #headSeq = 0;
  #wake: (() => void) | null = null;
  #isDisposed = false;

  /** @param subject to which a consumer delivers what fits `filter`; null for a reader that nobody feeds. */
  constructor(connection: NatsConnection, subject: string | null, filter: string) {
    this.#connection = connection;
    this.#subject = subject;
    this.#onlySubject = /[*>]/.test(filter) ? null : filter;
    this.#join();
  }

  /** True while the consumer was heard lately: it delivers, or says that there is nothing. */
  get isHeard(): boolean {
    return performance.now() - this.#heardAtMs < SILENT_MS;
  }

  /** The last sequence that the consumer says it has delivered. */
  get headSeq(): number {
    return this.#headSeq;
  }

  get isEmpty(): boolean {
    return this.#held.length === this.#taken;
  }

  /** The next that was delivered, or null. */
  take(): Pushed | null {
    while (!this.isEmpty) {
      const next = this.#held[this.#taken++]!;
      if (this.#taken >= TAKEN_MAX || this.isEmpty) {
        this.#held = this.#held.slice(this.#taken);
        this.#taken = 0;
      }
      if ("entry" in next) {
        this.#heldBytes -= next.entry.data.length;
        return next;
      }
      next.respond(); // B1
    }
    if (!this.#subscription) this.#join();
    return null;
  }

  /** Resolves when there is something to take or to look for, when woken, at the latest after `withinMs`. */
  changed(withinMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#wake = null;
        resolve();
      };
      const timer = setTimeout(done, withinMs);
      this.#wake = done;
    });
  }

  wake(): void {
    this.#wake?.();
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    this.#leave();
  }

  #join(): void {
    if (this.#subject === null || this.#isDisposed) return;
    if (this.#connection.isClosed() || this.#connection.isDraining()) return;
    this.#last = null;
    this.#subscription = this.#connection.subscribe(this.#subject, {
      callback: (error, message) => {
        if (error === null) this.#receive(message);
      },
    });
  }

  #leave(): void {
    this.#subscription?.unsubscribe();
    this.#subscription = null;
    this.#last = null;
  }

  #receive(message: Msg): void {
    this.#heardAtMs = performance.now();
    const found = deliveryOf(message.reply);
    // A stored message may have the header of a status, too: it is delivered, and asks nothing.
    if (!found && message.headers?.code === STATUS) return this.#answer(message);
    if (!found) return; // Nothing of a consumer: somebody of this account says so.
    const { seq, delivery, storeMs } = found;
    const last = this.#last;
    const after = last && delivery === last.delivery + 1 && seq > last.seq ? last.seq : null;
    this.#last = { delivery, seq };
    const { data, headers } = message;
    const subject = this.#onlySubject ?? message.subject;
    if (subject === this.#subject) return this.#hint(seq); // B3
    const isDeletion = headers !== undefined && isDeletionMark(headers.get("KV-Operation"));
    const signature = headers?.get(SIGNATURE_HEADER) ?? "";
    this.#held.push({
      entry: {
        ...{ seq, storeMs, subject, data },
        ...(isDeletion ? { isDeletion } : {}),
        ...(signature === "" ? {} : { signature }),
      },
      after,
    });
    this.#heldBytes += data.length;
    if (this.#held.length - this.#taken >= HELD_MAX || this.#heldBytes >= HELD_BYTES_MAX)
      this.#leave(); // B1
    this.wake();
  }

  /** Flow control and heartbeats (NATS ADR-1, "JetStream consumers: flow control and idle heartbeats"). */
  #answer(message: Msg): void {
    const { headers, reply } = message;
    if (reply) {
      if (this.isEmpty) message.respond();
      else this.#held.push(message);
    }
    // Its question was lost.
    const stalled = headers?.get("Nats-Consumer-Stalled");
    if (stalled && this.isEmpty) this.#connection.publish(stalled);
    this.#hint(Number(headers?.get("Nats-Last-Stream") ?? 0));
  }

  #hint(head: number): void {
    if (head <= this.#headSeq) return;
    this.#headSeq = head;
    this.wake();
  }
}

/**
 * What a delivery's reply subject says: `$JS.ACK.{stream}.{consumer}.{delivered}.{seq}.{delivery}.{ns}.{pending}`,
 * or with `{domain}.{account}` behind ACK (NATS ADR-15). Null if it is none.
 */
export function deliveryOf(
  reply: string | undefined,
): { seq: number; delivery: number; storeMs: number } | null {
  if (!reply?.startsWith("$JS.ACK.")) return null;
  const tokens = reply.split(".");
  const at = tokens.length >= 11 ? 7 : 5;
  const [seq, delivery, ns] = [tokens[at], tokens[at + 1], tokens[at + 2]].map(Number);
  if (!Number.isSafeInteger(seq) || !Number.isSafeInteger(delivery) || !Number.isFinite(ns))
    return null;
  return { seq: seq!, delivery: delivery!, storeMs: Math.floor(ns! / 1e6) };
}
