// Dead letters that somebody wants to be sent after all: `retries.{domain}.{channel}`.
//
// R1. A retry leaves the stream when it was delivered or is a dead letter again; until then a restart
//     begins with it. The stream is its own position.
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import type { DeadLetter } from "../../contracts/messages/notification.ts";
import { retrySubject } from "../../contracts/names/subjects.ts";
import { readSlice } from "../../platform/nats/client/stream-reader.ts";
import type { Logger } from "../../platform/runtime/logger.ts";
import { insist } from "../../platform/runtime/insist.ts";
import type { DeadLetters } from "./dead-letters.ts";
import { type Channel, type ChannelCounts, deliver } from "./delivery.ts";
import type { SettingAside } from "../../platform/nats/lanes/set-aside.ts";
import { makeMessage } from "./message.ts";
import { parseAlert } from "./parse-alert.ts";

export interface RetryLoopParts {
  readonly connection: NatsConnection;
  readonly domain: string;
  readonly channel: Channel;
  readonly deadLetters: DeadLetters;
  /** By region. */
  readonly countsOf: (region: string) => ChannelCounts;
  readonly setAside: Pick<SettingAside, "put">;
  readonly logger: Logger;
}

export async function runRetries(parts: RetryLoopParts, signal: AbortSignal): Promise<void> {
  const { connection, domain, channel, deadLetters, countsOf, setAside, logger } = parts;
  const subject = retrySubject({ domain, channel: channel.spec.name });
  const slice = { stream: deadLetters.stream, subject, from: 1 };
  for await (const { seq, data } of readSlice(connection, slice, logger, signal)) {
    const letter = parseLetter(data);
    const message = letter && makeMessage(letter, letter, letter.alerts);
    if (!letter || !message) {
      const place = { stream: deadLetters.stream, subject, seq };
      const why = "this is no message that could be sent again";
      await setAside.put({ kind: "retry", reason: "unreadable", why, place, data });
    } else {
      await channel.turn(signal);
      const counts = countsOf(letter.region);
      const cause = `retry ${seq}`;
      const nothing = () => Promise.resolve();
      // Removed below, delivered or not: a kill in between repeats it, as it does any message.
      const notes = { onFailure: nothing, onDelivered: nothing };
      const delivery = { channel, deadLetters, counts, logger, cause, ...notes };
      const before = { attempts: 0, firstTriedMs: null };
      if (!(await deliver(message, before, delivery, signal))) return;
    }
    await insist(() => deadLetters.remove(seq), logger, signal); // R1
  }
}

/** The command line writes them, and so may an administrator by hand. */
function parseLetter(data: Uint8Array): DeadLetter | null {
  try {
    const letter = JSON.parse(Buffer.from(data).toString("utf8")) as Partial<DeadLetter> | null;
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
