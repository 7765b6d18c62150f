// Dead letters of a notifier, and how they are handed to it again.
import { DeliverPolicy, type NatsConnection } from "nats";
import type { DeadLetter } from "../../../contracts/messages/notification.ts";
import {
  deadLetterSubjects,
  deadLettersStream,
  retrySubject,
  retrySubjects,
} from "../../../contracts/names/subjects.ts";
import { publishOnce } from "../../../platform/nats/client/publish.ts";
import { streamConfig } from "../../../platform/nats/topology/topology.ts";
import { refused } from "../kit/refused.ts";

const REASON_MAX = 120;
/** An empty answer takes `expires`. */
const FETCH = { max_messages: 500, expires: 1_000 };

interface StoredLetter {
  readonly seq: number;
  readonly letter: DeadLetter;
}

/** What was given up, and what waits to be sent again. */
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
  const when = new Date(givenUpMs).toISOString();
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
): Promise<number> {
  const letters = await lettersOn(nats, domain, deadLetterSubjects(domain));
  const { streams } = await nats.jetstreamManager();
  const wanted = letters.filter((one) => seq === null || one.seq === seq);
  for (const { seq: at, letter } of wanted) {
    const subject = retrySubject({ domain, channel: letter.channel });
    const data = Buffer.from(JSON.stringify(letter));
    await publishOnce(nats.jetstream(), { subject, data, messageId: `retry:${at}` });
    await streams.deleteMessage(deadLettersStream(domain), at, false);
  }
  return wanted.length;
}

async function lettersOn(
  nats: NatsConnection,
  domain: string,
  subject: string,
): Promise<StoredLetter[]> {
  const stream = deadLettersStream(domain);
  if (!(await streamConfig(await nats.jetstreamManager(), stream)))
    throw refused(`there is no stream ${stream} here: npx skerry topology apply, or another --at`);
  const consumer = await nats.jetstream().consumers.get(stream, {
    filterSubjects: subject,
    deliver_policy: DeliverPolicy.StartSequence,
    opt_start_seq: 1,
  });
  const letters: StoredLetter[] = [];
  for (;;) {
    let came = 0;
    let left = 0;
    // A copy: the client writes into its options, and a second fetch with them gets nothing.
    for await (const message of await consumer.fetch({ ...FETCH })) {
      came += 1;
      letters.push({ seq: message.seq, letter: message.json<DeadLetter>() });
      left = message.info.pending;
      if (left === 0) break;
    }
    if (came === 0 || left === 0) return letters;
  }
}
