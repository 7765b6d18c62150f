// One device of the load: a socket that keeps its window full, or publishes what a schedule owes.
import { type Socket, connect } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Sample } from "./shape.ts";
import {
  AnswerScanner,
  type Credentials,
  DISCONNECT,
  type Dialect,
  PublishSlots,
  type Spoken,
  type TimeDigits,
  connectBytes,
} from "./wire.ts";

/** One buffer for all sockets: an answer is scanned before the next read can happen. */
const READ_BUFFER = Buffer.allocUnsafeSlow(64 * 1024);

export interface LoadConnectionOptions {
  readonly port: number;
  readonly isTls: boolean;
  /** Its client id. */
  readonly device: string;
  /** The devices of its publishes, if not that one. */
  readonly spoken: Spoken | null;
  readonly credentials: Credentials | undefined;
  readonly window: number;
  /** Publishes of this device so far, over earlier connections. */
  readonly sent: number;
  readonly clock: TimeDigits;
  readonly dialect: Dialect;
  readonly sample: Sample;
}

export class LoadConnection {
  /** Publishes ever sent by this device: the next sequence number. */
  sent: number;
  acked = 0;
  inFlight = 0;
  closed = false;
  /** Refill the window whenever half of it is answered. */
  saturating = false;
  /** Publishes that the schedule owes and the window has not yet let out. */
  owed = 0;
  /** Called with the intended send time of an answered publish. */
  onAnswer: ((intendedMs: number) => void) | undefined;
  /** When the nth publish of this connection should go out; set by the pacer. */
  intendedMs: (n: number) => number = () => 0;
  readonly #slots: PublishSlots;
  readonly #intended: Float64Array;
  readonly #scanner = new AnswerScanner();
  readonly #clock: TimeDigits;
  readonly #first: number;
  readonly #socket: Socket;
  readonly opened: Promise<void>;

  constructor(options: LoadConnectionOptions) {
    const { device, spoken, window, dialect, sample } = options;
    this.#slots = new PublishSlots(spoken ?? device, window, dialect, sample);
    this.#intended = new Float64Array(options.window);
    this.#clock = options.clock;
    this.#first = this.sent = options.sent;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.opened = promise;
    const take = (length: number, bytes: Uint8Array): boolean => {
      const wasConnected = this.#scanner.connected;
      try {
        this.#onBytes(bytes, length);
      } catch (error) {
        reject(error);
        this.#socket.destroy();
      }
      if (!wasConnected && this.#scanner.connected) resolve();
      return true;
    };
    const to = { host: "127.0.0.1", port: options.port, noDelay: true } as const;
    // Whose certificate it is says nothing about the load.
    this.#socket = options.isTls
      ? connectTls({ ...to, rejectUnauthorized: false }).on("data", (bytes: Buffer) =>
          take(bytes.length, bytes),
        )
      : connect({ ...to, onread: { buffer: READ_BUFFER, callback: take } });
    this.#socket.setNoDelay(true);
    this.#socket.once(options.isTls ? "secureConnect" : "connect", () =>
      this.#socket.write(connectBytes(options.device, options.credentials, options.dialect)),
    );
    this.#socket.once("error", reject);
    this.#socket.on("error", () => undefined);
    this.#socket.once("close", () => {
      this.closed = true;
      reject(new Error("the broker closed the connection"));
    });
  }

  /** Publishes sent over this connection. */
  get sentHere(): number {
    return this.sent - this.#first;
  }

  /** Publishes up to `count`, as far as the window allows. Returns how many it sent. */
  publish(count: number): number {
    const slots = this.#slots;
    const free = Math.min(count, slots.window - this.inFlight);
    if (free <= 0 || this.closed) return 0;
    const first = slots.slotOf(this.sent);
    for (let index = 0; index < free; index++) {
      const n = this.sent + index;
      slots.patch(n, this.#clock);
      if (this.onAnswer) this.#intended[slots.slotOf(n)] = this.intendedMs(n - this.#first);
    }
    this.sent += free;
    this.inFlight += free;
    const beforeWrap = Math.min(free, slots.window - first);
    this.#write(first, beforeWrap, free - beforeWrap);
    return free;
  }

  /** The schedule owes `count` more; they go out now or as soon as the window allows. */
  owe(count: number): void {
    this.owed += count;
    this.owed -= this.publish(this.owed);
  }

  /** Says goodbye and resolves once the socket is gone. */
  async close(): Promise<void> {
    if (this.closed) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => this.#socket.destroy(), 2_000);
      this.#socket.once("close", () => {
        clearTimeout(timer);
        resolve();
      });
      this.#socket.end(DISCONNECT);
    });
  }

  #write(first: number, count: number, wrapped: number): void {
    const { bytes, messageBytes } = this.#slots;
    const head = bytes.subarray(first * messageBytes, (first + count) * messageBytes);
    if (wrapped === 0) return void this.#socket.write(head);
    this.#socket.cork();
    this.#socket.write(head);
    this.#socket.write(bytes.subarray(0, wrapped * messageBytes));
    this.#socket.uncork();
  }

  #onBytes(bytes: Uint8Array, length: number): void {
    const answered = this.onAnswer;
    const pubacks = answered
      ? this.#scanner.scan(bytes, length, (messageId) =>
          answered(this.#intended[this.#slots.slotOfIdentifier(messageId)]!),
        )
      : this.#scanner.scan(bytes, length);
    if (pubacks === 0) return;
    this.acked += pubacks;
    this.inFlight -= pubacks;
    // Half a window at a time: a broker that answers publish by publish (Mosquitto) would else cost
    // the generator a write for each of its answers, and the generator would be the bottleneck.
    if (this.saturating) {
      if (this.inFlight * 2 <= this.#slots.window) this.publish(this.#slots.window);
    } else if (this.owed > 0) this.owed -= this.publish(this.owed);
  }
}
