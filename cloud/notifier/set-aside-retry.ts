// What a notifier does when a record that it set aside is to be handled again: what it can read now waits among the
// messages that are to be sent again, because its place among the alerts has passed.
import type { DeadLetter } from "../../contracts/messages/notification.ts";
import { alertsStream, retrySubject } from "../../contracts/names/subjects.ts";
import type { StreamMessage } from "../../platform/nats/client/publish.ts";
import type { SetAside } from "../../platform/nats/lanes/set-aside.ts";
import { type RetryHandler, retryEntries } from "../../platform/nats/lanes/set-aside-retries.ts";
import { type ChannelSpec, isWanted } from "./channels.ts";
import { parseAlert } from "./parse-alert.ts";
import { parseLetter } from "./retry-loop.ts";

export function notifierRetries(parts: {
  readonly domain: string;
  readonly channels: readonly ChannelSpec[];
  readonly setAside: Pick<SetAside, "isNoted">;
  /** Stores what is to be sent again. */
  readonly store: (message: StreamMessage) => Promise<void>;
}): RetryHandler {
  const { domain, channels, setAside, store } = parts;
  return retryEntries(setAside, async ({ kind, place, payload, detail }) => {
    if (payload === null || (kind !== "alert" && kind !== "retry")) return detail;
    const data = Buffer.from(payload, "base64");
    const letters =
      kind === "retry" ? lettersOf(data) : lettersAbout(data, place.stream, place.seq, channels);
    if (letters === null) return detail;
    for (const letter of letters) {
      const subject = retrySubject({ domain, channel: letter.channel });
      const messageId = `retry:${place.stream}:${place.seq}:${letter.channel}`;
      await store({ subject, data: Buffer.from(JSON.stringify(letter)), messageId });
    }
    return null;
  });
}

function lettersOf(data: Buffer): DeadLetter[] | null {
  const letter = parseLetter(data);
  return letter && [letter];
}

/** A message for each channel that tells of such alerts; null if it is still none. */
function lettersAbout(
  data: Buffer,
  stream: string,
  seq = 0,
  channels: readonly ChannelSpec[],
): DeadLetter[] | null {
  const alert = parseAlert(data);
  if (!alert) return null;
  const region = stream.slice(alertsStream("").length);
  const nowMs = Date.now();
  return channels
    .filter((channel) => isWanted(channel, alert, region))
    .map(({ name }) => ({
      channel: name,
      region,
      kind: "single",
      seqs: [seq],
      alerts: [alert],
      reason: "it was set aside",
      attempts: 0,
      firstTriedMs: nowMs,
      givenUpMs: nowMs,
    }));
}
