// One attempt at a message: delivered, to be tried again, or given up and stored as a dead letter.
import { traceFields } from "../../otel/propagation.ts";
import type { Tracing } from "../../otel/tracing.ts";
import type { Logger } from "../../platform/runtime/logger.ts";
import type { Channel } from "./channel.ts";
import type { DeadLetters } from "./dead-letters.ts";
import type { Message } from "./message.ts";
import { type AttemptSpans, openAttempt } from "./message-spans.ts";
import type { Tried } from "./tried.ts";

/** A message that fails where others do not: its delay doubles with each failure. */
const AGAIN = { baseMs: 500, maxMs: 60_000 };
/** While nothing is taken, another message than the foremost is tried after so many failures. */
const PROBE_EVERY = 4;
const PROBE_MS = 1_000;

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

export interface DeliveryParts {
  readonly channel: Channel;
  readonly deadLetters: DeadLetters;
  readonly counts: ChannelCounts;
  readonly tracing: Tracing;
  readonly logger: Logger;
  /** Distinguishes dead letters of the same message. */
  readonly cause: string;
  /** Called when the message is delivered, or stored as a dead letter. */
  readonly onSettled: () => Promise<void>;
}

export type Attempted =
  | { readonly kind: "settled" }
  /** Worth another try, after `againInMs`. */
  | { readonly kind: "deferred"; readonly tried: Tried; readonly againInMs: number }
  /** The process stops, and the message is neither. */
  | { readonly kind: "stopped" };

/** @param last this attempt is the last one: what fails now is given up. */
export async function attempt(
  message: Message,
  { before, last }: { readonly before: Tried | null; readonly last: boolean },
  parts: DeliveryParts,
  signal: AbortSignal,
): Promise<Attempted> {
  const { channel, counts, tracing, logger } = parts;
  const attempts = (before?.attempts ?? 0) + 1;
  const startMs = Date.now();
  const spans = openAttempt(tracing, message, channel, { number: attempts, startMs });
  const answer = await channel.send(message, spans.traceparent);
  spans.ended(answer, Date.now());
  const about = { messageId: message.messageId, ...traceFields(spans.traceparent) };
  if (answer.kind === "delivered") {
    counts.sent += 1;
    counts.lastError = null;
    logger.info({ ...about, attempts }, "delivered");
    await parts.onSettled();
    return { kind: "settled" };
  }
  const { reason } = answer;
  counts.lastError = reason;
  const firstTriedMs = before?.firstTriedMs ?? startMs;
  const leftMs = last ? 0 : firstTriedMs + channel.spec.giveUpAfterMs - Date.now();
  if (answer.kind === "refused" || leftMs <= 0) {
    const why = { reason, attempts, firstTriedMs };
    const stored = await giveUp(message, why, { ...parts, spans }, signal);
    if (!stored) return { kind: "stopped" };
    await parts.onSettled();
    return { kind: "settled" };
  }
  if (attempts === 1) logger.warn(about, `not delivered, will retry: ${reason}`);
  const againInMs = Math.min(delayMs(attempts, channel), leftMs);
  return { kind: "deferred", tried: { seq: message.seqs[0]!, attempts, firstTriedMs }, againInMs };
}

/**
 * While no message is taken the channel is to blame, and its own hold is enough: the foremost stays the
 * foremost. But if others would be taken, this one must not hold them up, so that now and then one is tried.
 */
function delayMs(attempts: number, channel: Channel): number {
  if (channel.failures >= attempts)
    return attempts % PROBE_EVERY === 0 ? channel.heldMs + PROBE_MS : 0;
  return Math.min(AGAIN.baseMs * 2 ** Math.min(attempts - 1, 30), AGAIN.maxMs);
}

async function giveUp(
  message: Message,
  why: { reason: string; attempts: number; firstTriedMs: number },
  { deadLetters, counts, logger, cause, spans }: DeliveryParts & { readonly spans: AttemptSpans },
  signal: AbortSignal,
): Promise<boolean> {
  const sinceMs = Date.now();
  try {
    await deadLetters.store(message, why, cause, signal);
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
  counts.deadLetters += 1;
  spans.gaveUp(why.reason, sinceMs, Date.now());
  const about = { messageId: message.messageId, ...traceFields(spans.traceparent) };
  logger.error({ ...about, ...why }, "given up, stored as a dead letter");
  return true;
}
