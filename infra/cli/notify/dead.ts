// Dead letters of a notifier, and how they are handed to it again.
import type { DeadLetter } from "../../../contracts/messages/notification.ts";
import {
  deadLetterSubjects,
  deadLettersStream,
  retrySubject,
  retrySubjects,
} from "../../../contracts/names/subjects.ts";
import type { NatsConnection } from "../../../platform/nats/client/connection.ts";
import { jsonOf } from "../../../platform/nats/client/payload.ts";
import { publishOnce, publisherOn } from "../../../platform/nats/client/publish.ts";
import { readStored } from "../../../platform/nats/client/stream-reader.ts";
import { Streams } from "../../../platform/nats/client/streams.ts";
import { refused } from "../../../cloud/operations/refused.ts";
import { instant } from "../../../cloud/operations/words.ts";

const REASON_MAX = 120;

interface StoredLetter {
  readonly seq: number;
  readonly letter: DeadLetter;
}

/** Messages that were given up, then those that wait to be sent again; a line each. */
export async function deadLetterLines(nats: NatsConnection, domain: string): Promise<string[]> {
  const dead = await lettersOn(nats, domain, deadLetterSubjects(domain));
  const retries = await lettersOn(nats, domain, retrySubjects(domain));
  return [...dead.map(lineOf), ...retries.map((one) => `${lineOf(one)} (to be sent again)`)];
}

const lineOf = ({ seq, letter }: StoredLetter): string => {
  const { channel, region, kind, alerts, reason, attempts, givenUpMs } = letter;
  const [first] = alerts;
  const what = alerts.length === 1 ? `${first!.state} ${first!.rule} ${first!.key}` : kind;
  const count = `${alerts.length} ${alerts.length === 1 ? "alert" : "alerts"}`;
  const why = reason.replaceAll(/\s+/g, " ").slice(0, REASON_MAX);
  const times = `${attempts} ${attempts === 1 ? "attempt" : "attempts"}`;
  const when = instant(givenUpMs);
  return `${seq} ${when} ${channel} ${region}: ${what}, ${count}, after ${times}: ${why}`;
};

/**
 * Moves dead letters to where the notifier takes what it is to send again. Each is stored there before it
 * leaves here: whoever is interrupted may repeat it, and a second time within two minutes changes nothing.
 * @param seq null: all. @returns how many.
 */
export async function retryDeadLetters(
  nats: NatsConnection,
  domain: string,
  seq: number | null,
  report: (moved: number, total: number) => void = () => undefined,
): Promise<number> {
  const letters = await lettersOn(nats, domain, deadLetterSubjects(domain));
  const streams = new Streams(nats);
  const publisher = publisherOn(nats);
  const wanted = letters.filter((one) => seq === null || one.seq === seq);
  for (const { seq: at, letter } of wanted) {
    const subject = retrySubject({ domain, channel: letter.channel });
    const data = Buffer.from(JSON.stringify(letter));
    await publishOnce(publisher, { subject, data, messageId: `retry:${at}` });
    await streams.remove(deadLettersStream(domain), at);
    report(1, wanted.length);
  }
  return wanted.length;
}

async function lettersOn(
  nats: NatsConnection,
  domain: string,
  subject: string,
): Promise<StoredLetter[]> {
  const stream = deadLettersStream(domain);
  const streams = new Streams(nats);
  if (!(await streams.find(stream)))
    throw refused(`there is no stream ${stream} here: npx skerry topology apply, or another --at`);
  const newest = await streams.newest(stream, subject);
  const letters: StoredLetter[] = [];
  if (!newest) return letters;
  for await (const { seq, data } of readStored(nats, { stream, subject, from: 1 }, newest.seq))
    letters.push(...letterOf(seq, data));
  return letters;
}

/** None for what no notifier wrote. */
function letterOf(seq: number, data: Uint8Array): StoredLetter[] {
  try {
    const letter = jsonOf<Partial<DeadLetter> | null>(data);
    const isLetter =
      Array.isArray(letter?.alerts) &&
      letter.alerts.length > 0 &&
      typeof letter.reason === "string" &&
      Number.isFinite(letter.givenUpMs);
    return isLetter ? [{ seq, letter: letter as DeadLetter }] : [];
  } catch {
    return [];
  }
}
