// Dead letters that somebody wants to be sent after all: `retries.{domain}.{channel}`.
//
// R1. A retry leaves the stream when it was delivered or is a dead letter again; until then a restart
//     begins with it. The stream is its own position.
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { inKnownFormat } from "../../contracts/messages/format.ts";
import type { DeadLetter } from "../../contracts/messages/notification.ts";
import { retrySubject } from "../../contracts/names/subjects.ts";
import type { Tracing } from "../../otel/tracing.ts";
import { readSlice } from "../../platform/nats/client/stream-reader.ts";
import type { Logger } from "../../platform/runtime/logger.ts";
import { sleep } from "../../platform/runtime/backoff.ts";
import { insist } from "../../platform/runtime/insist.ts";
import type { DeadLetters } from "./dead-letters.ts";
import type { SettingAside } from "../../platform/nats/lanes/set-aside.ts";
import type { Channel, Waiter } from "./channel.ts";
import { type ChannelCounts, attempt } from "./delivery.ts";
import { type Message, makeMessage } from "./message.ts";
import { parseAlert } from "./parse-alert.ts";
import { rankOf } from "./story.ts";
import type { Tried } from "./tried.ts";

/** Somebody at a command line has asked for it. */
const LOOK_EVERY_MS = 500;

export interface RetryLoopParts {
  readonly connection: NatsConnection;
  readonly domain: string;
  readonly channel: Channel;
  readonly deadLetters: DeadLetters;
  /** The counters of a region. */
  readonly countsOf: (region: string) => ChannelCounts;
  readonly setAside: Pick<SettingAside, "put">;
  readonly tracing: Tracing;
  readonly logger: Logger;
}

export async function runRetries(parts: RetryLoopParts, signal: AbortSignal): Promise<void> {
  const { connection, domain, channel, deadLetters, countsOf, setAside, tracing, logger } = parts;
  const subject = retrySubject({ domain, channel: channel.spec.name });
  const slice = { stream: deadLetters.stream, subject, from: 1, lookEveryMs: LOOK_EVERY_MS };
  for await (const { seq, data } of readSlice(connection, slice, logger, signal)) {
    const letter = parseLetter(data);
    const message = letter && makeMessage(letter, letter, letter.alerts);
    if (!letter || !message) {
      const place = { stream: deadLetters.stream, subject, seq };
      const why = "this is no message that could be sent again, or one of a newer program";
      await setAside.put({ kind: "retry", reason: "unreadable", why, place, data });
    } else {
      const counts = countsOf(letter.region);
      const cause = `retry ${seq}`;
      // Removed below, delivered or not: a kill in between repeats it, as it does any message.
      const onSettled = () => Promise.resolve();
      const delivery = { channel, deadLetters, counts, tracing, logger, cause, onSettled };
      if (!(await sendAgain(message, delivery, signal))) return;
    }
    await insist(() => deadLetters.remove(seq), logger, signal); // R1
  }
}

/** Until it is delivered or a dead letter again; false if `signal` aborted before. */
async function sendAgain(
  message: Message,
  parts: Parameters<typeof attempt>[2],
  signal: AbortSignal,
): Promise<boolean> {
  const { channel } = parts;
  const urgency = { rank: Math.max(...message.alerts.map(rankOf)), arrivedMs: performance.now() };
  const waiter: Waiter = { urgency: () => urgency };
  let before: Tried | null = null;
  let againInMs = 0;
  while (await channel.turn(waiter, signal)) {
    try {
      const end = await attempt(message, { before, last: false }, parts, signal);
      if (end.kind === "settled") return true;
      if (end.kind === "stopped") return false;
      before = end.tried;
      againInMs = end.againInMs;
    } finally {
      channel.release();
    }
    await sleep(againInMs, signal);
  }
  return false;
}

/** The command line writes them, and so may an administrator by hand. */
export function parseLetter(data: Uint8Array): DeadLetter | null {
  try {
    const value = JSON.parse(Buffer.from(data).toString("utf8")) as Partial<DeadLetter> | null;
    const letter = inKnownFormat("dead letter", value);
    const complete =
      letter?.channel &&
      letter.region &&
      letter.kind &&
      Array.isArray(letter.seqs) &&
      Array.isArray(letter.alerts) &&
      letter.alerts.every((alert) => parseAlert(Buffer.from(JSON.stringify(alert))) !== null);
    return complete ? (letter as DeadLetter) : null;
  } catch {
    return null;
  }
}
