// One message to its end: delivered, or given up and stored as a dead letter.
import { Backoff, sleep } from "../../platform/runtime/backoff.ts";
import { isOfRecord, messageOf } from "../../platform/runtime/errors.ts";
import type { Logger } from "../../platform/runtime/logger.ts";
import type { ChannelSpec } from "./channels.ts";
import type { DeadLetters } from "./dead-letters.ts";
import type { Message } from "./message.ts";
import { RateLimit } from "./rate-limit.ts";
import type { Sender } from "./sender.ts";

const BACKOFF = { baseMs: 500, maxMs: 60_000 };
/** A server may ask for more; that it is alive again should not be noticed the next day. */
const RETRY_AFTER_MAX_MS = 3_600_000;

/** Counts of one channel and region, since the start. */
export interface ChannelCounts {
  sent: number;
  deadLetters: number;
  skipped: number;
  lastError: string | null;
}

export const noCounts = (): ChannelCounts => ({
  sent: 0,
  deadLetters: 0,
  skipped: 0,
  lastError: null,
});

/** A channel with its sender and its rate, which all regions share. */
export class Channel {
  readonly spec: ChannelSpec;
  readonly sender: Sender;
  readonly #limit: RateLimit;
  #last: Promise<unknown> = Promise.resolve();

  constructor(spec: ChannelSpec, sender: Sender) {
    this.spec = spec;
    this.sender = { send: (message) => sender.send(message).catch(refusedForGood) };
    this.#limit = new RateLimit(spec.ratePerMinute, performance.now());
  }

  /** Messages that may be sent now: waits until there is one; 0 if `signal` aborts. */
  async allowance(signal: AbortSignal): Promise<number> {
    while (!signal.aborted) {
      const allowed = this.#limit.available(performance.now());
      if (allowed >= 1) return allowed;
      await sleep(this.#limit.waitMs(performance.now()), signal);
    }
    return 0;
  }

  /**
   * Does one thing after the other. A message that has left and the note of it go together, so that a kill
   * repeats one message of the channel, however many regions it tells about.
   */
  alone<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => undefined);
    return done;
  }

  /** Waits for the turn of one message. */
  async turn(signal: AbortSignal): Promise<void> {
    while ((await this.allowance(signal)) >= 1) if (this.#limit.take(performance.now())) return;
  }
}

/** Attempts at a message, those of a process before this one included. */
export interface Tried {
  readonly attempts: number;
  /** Epoch ms; null before the first failure. */
  readonly firstTriedMs: number | null;
}

export interface DeliveryParts {
  readonly channel: Channel;
  readonly deadLetters: DeadLetters;
  readonly counts: ChannelCounts;
  readonly logger: Logger;
  /** Distinguishes dead letters of the same message. */
  readonly cause: string;
  /** Called when the message has left, before the channel sends another one. */
  readonly onDelivered: () => Promise<void>;
  /** Called after every failed attempt that another one follows. */
  readonly onFailure: (tried: Tried) => Promise<void>;
}

/**
 * Tries until the channel takes the message, refuses it for good, or has not taken it for as long as it
 * has time; the last two end in a dead letter, stored when this resolves.
 * @returns false if `signal` aborted before any of it.
 */
export async function deliver(
  message: Message,
  before: Tried,
  parts: DeliveryParts,
  signal: AbortSignal,
): Promise<boolean> {
  const { channel, counts, logger } = parts;
  const backoff = new Backoff(BACKOFF);
  const { messageId } = message;
  let { attempts } = before;
  const firstTriedMs = before.firstTriedMs ?? Date.now();
  while (!signal.aborted) {
    const outcome = await channel.alone(async () => {
      const answer = await channel.sender.send(message);
      if (answer.kind === "delivered") await parts.onDelivered();
      return answer;
    });
    attempts += 1;
    if (outcome.kind === "delivered") {
      counts.sent += 1;
      counts.lastError = null;
      return true;
    }
    const { reason } = outcome;
    counts.lastError = reason;
    const leftMs = firstTriedMs + channel.spec.giveUpAfterMs - Date.now();
    if (outcome.kind === "refused" || leftMs <= 0)
      return giveUp(message, { reason, attempts, firstTriedMs }, parts, signal);
    if (attempts === 1) logger.warn({ messageId }, `not delivered, will retry: ${reason}`);
    await parts.onFailure({ attempts, firstTriedMs });
    const askedMs = Math.min(outcome.retryAfterMs ?? 0, RETRY_AFTER_MAX_MS);
    await sleep(Math.min(Math.max(backoff.next(), askedMs), leftMs), signal);
  }
  return false;
}

/** Senders answer; what they throw is the message's fault, and is kept with it. */
function refusedForGood(error: unknown): { kind: "refused"; reason: string } {
  if (!isOfRecord(error)) throw error;
  return { kind: "refused", reason: `it cannot be sent: ${messageOf(error)}` };
}

async function giveUp(
  message: Message,
  why: { reason: string; attempts: number; firstTriedMs: number },
  { deadLetters, counts, logger, cause }: DeliveryParts,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await deadLetters.store(message, why, cause, signal);
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
  counts.deadLetters += 1;
  logger.error({ messageId: message.messageId, ...why }, "given up, stored as a dead letter");
  return true;
}
