// Publishing to a stream at a fifth of the client's own cost: one subscription for all PubAcks, a
// counter as reply token and a map of who waits, instead of an inbox, a timer and two stack traces
// for every publish. Only frames need it; everything rarer uses `publishOnce`.
//
// S1. Each publish is settled once: by its PubAck, by a refusal, by its timeout, or by the end.
// S2. A PubAck that comes after its timeout finds nobody and is ignored; the caller sends the frame
//     again under the same id, and JetStream says "duplicate".
import { type Msg, type NatsConnection, type Subscription, createInbox, headers } from "nats";
import { AppError } from "../../runtime/errors.ts";
import { ACK_TIMEOUT_MS, type StreamMessage } from "./publish.ts";

interface Waiting {
  readonly subject: string;
  readonly deadlineMs: number;
  readonly resolve: (answer: { duplicate: boolean }) => void;
  readonly reject: (error: AppError) => void;
}

interface PubAck {
  readonly duplicate?: boolean;
  readonly error?: { readonly description?: string; readonly err_code?: number };
}

const SWEEP_EVERY_MS = 100;
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
  }

  /** Publishes once, as `publishOnce` does. @throws AppError `NATS_UNAVAILABLE` (retry). */
  publish({ subject, data, messageId }: StreamMessage): Promise<{ duplicate: boolean }> {
    return new Promise((resolve, reject) => {
      const token = String((this.#token += 1));
      const deadlineMs = performance.now() + ACK_TIMEOUT_MS;
      this.#waiting.set(token, { subject, deadlineMs, resolve, reject });
      const header = headers();
      header.set("Nats-Msg-Id", messageId);
      try {
        this.#connection.publish(subject, data, {
          headers: header,
          reply: `${this.#inbox}.${token}`,
        });
      } catch (cause) {
        this.#waiting.delete(token);
        reject(unavailable(subject, cause instanceof Error ? cause.message : String(cause)));
      }
    });
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
    const { subject, resolve, reject } = waiting;
    if (message.headers?.code === NO_RESPONDERS)
      return reject(unavailable(subject, "no stream takes this subject"));
    const { error, duplicate } = message.json<PubAck>();
    if (error) return reject(unavailable(subject, error.description ?? String(error.err_code)));
    resolve({ duplicate: duplicate === true });
  }

  /** Ends what waited too long: in order of sending, so that the first that may still wait ends it. */
  #expire(nowMs: number): void {
    for (const [token, { subject, deadlineMs, reject }] of this.#waiting) {
      if (deadlineMs > nowMs) return;
      this.#waiting.delete(token);
      reject(unavailable(subject, `no answer within ${ACK_TIMEOUT_MS} ms`));
    }
  }
}

const unavailable = (subject: string, why: string): AppError =>
  new AppError("NATS_UNAVAILABLE", "retry", `${subject}: ${why}`);
