// A channel: its sender, its rate, and whose turn it is. All regions, and what is sent again, share it.
//
// C1. One message at a time: a message that has left and the note of it go together, so that a kill repeats
//     one message of the channel, however many regions it tells about.
// C2. The turn goes to whoever has the most severe alert to tell, then to the one that waits for the longest.
//     It is decided when the channel is free and may send, not before.
// C3. After a failure the whole channel is held: for as long as its server asks (`Retry-After`), up to
//     `RETRY_AFTER_MAX_MS`, else longer from failure to failure. One that works again is noticed within
//     `HOLD_MAX_MS`, unless it asked for more.
import { Backoff } from "../../platform/runtime/backoff.ts";
import { isOfRecord, messageOf } from "../../platform/runtime/errors.ts";
import type { ChannelSpec } from "./channels.ts";
import type { Message } from "./message.ts";
import type { Urgency } from "./plan.ts";
import { RateLimit } from "./rate-limit.ts";
import type { Outcome, Sender } from "./sender.ts";

const HOLD_MS = 500;
const HOLD_MAX_MS = 60_000;
/** A channel that gives up soon is tried often enough before it does. */
const TRIES_MIN = 4;
/** A server may ask for more; that it is alive again should not be noticed the next day. */
const RETRY_AFTER_MAX_MS = 3_600_000;

/** One that has something to tell. */
export interface Waiter {
  /** Null: nothing, for now. */
  urgency(nowMs: number): Urgency | null;
}

interface Waiting {
  readonly waiter: Waiter;
  readonly answer: (isItsTurn: boolean) => void;
}

export class Channel {
  readonly spec: ChannelSpec;
  readonly #sender: Sender;
  readonly #limit: RateLimit;
  readonly #backoff: Backoff;
  #waiting: readonly Waiting[] = [];
  #timer: NodeJS.Timeout | undefined;
  #busy = false;
  #heldUntilMs = 0;
  #failures = 0;

  constructor(spec: ChannelSpec, sender: Sender) {
    this.spec = spec;
    this.#sender = sender;
    this.#limit = new RateLimit(spec.ratePerMinute, performance.now());
    const maxMs = Math.min(HOLD_MAX_MS, spec.giveUpAfterMs / TRIES_MIN);
    this.#backoff = new Backoff({ baseMs: HOLD_MS, maxMs });
  }

  /** Messages that the rate allows now. */
  get tokens(): number {
    return this.#limit.available(performance.now());
  }

  /** Attempts that failed since one succeeded. */
  get failures(): number {
    return this.#failures;
  }

  /** Time until another attempt may be made, C3. */
  get heldMs(): number {
    return Math.max(0, this.#heldUntilMs - performance.now());
  }

  /**
   * Resolves with true when it is this one's turn, which it has until `release`; with false when it has
   * nothing to tell any more, or `signal` aborts.
   */
  async turn(waiter: Waiter, signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return false;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const waiting = { waiter, answer: resolve };
    const stop = (): void => this.#answer(waiting, false);
    signal.addEventListener("abort", stop, { once: true });
    this.#waiting = [...this.#waiting, waiting];
    this.#dispatch();
    try {
      return await promise;
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  #answer(waiting: Waiting, isItsTurn: boolean): void {
    if (!this.#waiting.includes(waiting)) return;
    this.#waiting = this.#waiting.filter((one) => one !== waiting);
    waiting.answer(isItsTurn);
  }

  /** Gives the turn to the foremost, now or as soon as the channel may send. */
  #dispatch(): void {
    if (this.#busy || this.#waiting.length === 0) return;
    clearTimeout(this.#timer);
    const nowMs = performance.now();
    const waitMs = Math.max(this.#heldUntilMs - nowMs, this.#limit.waitMs(nowMs)); // C3
    if (waitMs > 0) {
      this.#timer = setTimeout(() => this.#dispatch(), waitMs).unref();
      return;
    }
    const foremost = this.#foremost(nowMs);
    if (!foremost) return;
    this.#busy = true; // C1
    this.#answer(foremost, true);
  }

  /** C2. Who has nothing to tell any more does not wait on. */
  #foremost(nowMs: number): Waiting | null {
    let foremost: Waiting | null = null;
    let most: Urgency | null = null;
    for (const waiting of this.#waiting) {
      const urgency = waiting.waiter.urgency(nowMs);
      if (!urgency) this.#answer(waiting, false);
      else if (!most || isBefore(urgency, most)) [foremost, most] = [waiting, urgency];
    }
    return foremost;
  }

  /** One attempt, in one's turn. A message that is not taken costs nothing of the rate. */
  async send(message: Message, traceparent: string | null): Promise<Outcome> {
    const outcome = await this.#sender.send(message, traceparent).catch(refusedForGood);
    if (outcome.kind !== "deferred") {
      this.#limit.take(performance.now());
      this.#failures = 0;
      this.#backoff.reset();
      return outcome;
    }
    this.#failures += 1;
    const askedMs = Math.min(outcome.retryAfterMs ?? 0, RETRY_AFTER_MAX_MS);
    const holdMs = Math.max(askedMs, this.#backoff.next());
    this.#heldUntilMs = performance.now() + holdMs; // C3
    return outcome;
  }

  release(): void {
    this.#busy = false;
    this.#dispatch();
  }
}

/** Senders answer; what they throw is the message's fault, and is kept with it. */
function refusedForGood(error: unknown): Outcome {
  if (!isOfRecord(error)) throw error;
  return { kind: "refused", reason: `it cannot be sent: ${messageOf(error)}` };
}

const isBefore = (a: Urgency, b: Urgency): boolean =>
  a.rank > b.rank || (a.rank === b.rank && a.arrivedMs < b.arrivedMs);
