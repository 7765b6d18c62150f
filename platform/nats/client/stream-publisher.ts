// Publishing to a stream at a fifth of the client's own cost: one subscription for all PubAcks, a
// counter as reply token and a map of who waits, instead of an inbox, a timer and two stack traces
// for every publish. Only frames need it; everything rarer uses `publishOnce`.
//
// S1. Each publish is settled once: by its PubAck, by a refusal, by its timeout, or by the end.
// S2. A PubAck that comes after its timeout finds nobody and is ignored; the caller sends the frame
//     again under the same id, and JetStream says "duplicate".
// S3. What is unanswered is sent again under its id after RESEND_MS, and at once after a reconnect: a server of a cluster
//     that stops, or that no longer leads the stream, takes messages that nobody stores. "Duplicate" is success then.
import {
  Events,
  type Msg,
  type MsgHdrs,
  type NatsConnection,
  type Subscription,
  createInbox,
  headers,
} from "nats";
import { AppError } from "../../runtime/errors.ts";
import { ACK_TIMEOUT_MS, type StreamMessage } from "./publish.ts";

interface Waiting {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly header: MsgHdrs;
  readonly deadlineMs: number;
  /** The time at which it is sent again if nobody has answered; Infinity once it was (S3). */
  resendMs: number;
  readonly resolve: (answer: { duplicate: boolean }) => void;
  readonly reject: (error: AppError) => void;
}

interface PubAck {
  readonly duplicate?: boolean;
  readonly error?: { readonly description?: string; readonly err_code?: number };
}

const SWEEP_EVERY_MS = 100;
const RESEND_MS = 500;
/** NATS answers so when no stream binds the subject (ADR-22). */
const NO_RESPONDERS = 503;

export class StreamPublisher implements Disposable {
  readonly #connection: NatsConnection;
  readonly #inbox: string;
  readonly #subscription: Subscription;
  readonly #waiting = new Map<string, Waiting>();
  readonly #sweep: NodeJS.Timeout;
  #token = 0;

  constructor(connection: NatsConnection) {
    this.#connection = connection;
    this.#inbox = createInbox();
    this.#subscription = connection.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => {
        if (!error) this.#answered(message);
      },
    });
    this.#sweep = setInterval(() => this.#expire(performance.now()), SWEEP_EVERY_MS).unref();
    void this.#followReconnects();
  }

  /** Publishes once, as `publishOnce` does. @throws AppError `NATS_UNAVAILABLE` (retry). */
  publish({ subject, data, messageId }: StreamMessage): Promise<{ duplicate: boolean }> {
    return new Promise((resolve, reject) => {
      const token = String((this.#token += 1));
      const nowMs = performance.now();
      const header = headers();
      header.set("Nats-Msg-Id", messageId);
      const times = { deadlineMs: nowMs + ACK_TIMEOUT_MS, resendMs: nowMs + RESEND_MS };
      const waiting = { subject, data, header, ...times, resolve, reject };
      this.#waiting.set(token, waiting);
      this.#send(token, waiting);
    });
  }

  #send(token: string, { subject, data, header, reject }: Waiting): void {
    try {
      this.#connection.publish(subject, data, {
        headers: header,
        reply: `${this.#inbox}.${token}`,
      });
    } catch (cause) {
      this.#waiting.delete(token);
      reject(unavailable(subject, cause instanceof Error ? cause.message : String(cause)));
    }
  }

  #resend(token: string, waiting: Waiting): void {
    waiting.resendMs = Infinity;
    this.#send(token, waiting);
  }

  async #followReconnects(): Promise<void> {
    const reconnect: string = Events.Reconnect;
    for await (const { type } of this.#connection.status())
      if ((type as string) === reconnect)
        for (const [token, waiting] of this.#waiting) this.#resend(token, waiting);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#sweep);
    this.#expire(Number.POSITIVE_INFINITY);
    if (!this.#connection.isClosed()) this.#subscription.unsubscribe();
  }

  #answered(message: Msg): void {
    const token = message.subject.slice(this.#inbox.length + 1);
    const waiting = this.#waiting.get(token);
    if (!waiting) return; // S2
    this.#waiting.delete(token);
    const { subject, resendMs, resolve, reject } = waiting;
    if (message.headers?.code === NO_RESPONDERS)
      return reject(unavailable(subject, "no stream takes this subject"));
    const { error, duplicate } = message.json<PubAck>();
    if (error) return reject(unavailable(subject, error.description ?? String(error.err_code)));
    resolve({ duplicate: duplicate === true && resendMs !== Infinity }); // S3
  }

  /** Ends what waited too long, and sends again what nobody has answered for a while. */
  #expire(nowMs: number): void {
    for (const [token, waiting] of this.#waiting) {
      const { subject, deadlineMs, resendMs, reject } = waiting;
      if (deadlineMs > nowMs) {
        if (resendMs <= nowMs) this.#resend(token, waiting);
        continue;
      }
      this.#waiting.delete(token);
      reject(unavailable(subject, `no answer within ${ACK_TIMEOUT_MS} ms`));
    }
  }
}

const unavailable = (subject: string, why: string): AppError =>
  new AppError("NATS_UNAVAILABLE", "retry", `${subject}: ${why}`);
