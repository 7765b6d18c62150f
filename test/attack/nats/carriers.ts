// Messages that a nats-server sends for whoever asks, to the reply subject that the request names.
import type { RawMessage } from "../../support/raw-connection.ts";
import type { NatsArena } from "./arena.ts";
import type { Profile } from "./profiles.ts";

export interface Carrier {
  readonly name: string;
  readonly what: string;
  /** True if it carries bytes that whoever asks has stored before. */
  readonly isOwnBytes: boolean;
  readonly send: (arena: NatsArena, profile: Profile, to: string) => Promise<null>;
}

/** Sends as a user, and waits until the server has read it. */
export async function say(
  arena: NatsArena,
  { server, user }: Pick<Profile, "server" | "user">,
  ...messages: readonly RawMessage[]
): Promise<null> {
  const client = await arena.as(server, user);
  for (const message of messages) client.say(message);
  await client.settled();
  return null;
}

/** An entry that the user may write, beside that which its process writes. */
export function ownEntry({ entries }: Profile): { stream: string; subject: string } | null {
  const [first] = Object.entries(entries);
  if (!first) return null;
  const [bucket, key] = first;
  return { stream: `KV_${bucket}`, subject: `$KV.${bucket}.${key.replace(/[^.]+$/, "attack")}` };
}

const streamRead = ({ appends, reads }: Profile): string => appends[0] ?? reads[0]!;

const ask =
  (request: (profile: Profile) => { verb: string; body?: object }) =>
  (arena: NatsArena, profile: Profile, reply: string): Promise<null> => {
    const { verb, body } = request(profile);
    const sent = body === undefined ? "" : JSON.stringify(body);
    return say(arena, profile, { subject: `$JS.API.${verb}`, body: sent, reply });
  };

/** Newer servers take no request without what they write down of the client that made it: here an entry claims one. */
const CLIENT =
  'NATS/1.0\r\nNats-Request-Info: {"acc":"APP","user":"admin","kind":"Client"}\r\n\r\n';

export const CARRIERS: readonly Carrier[] = [
  {
    name: "direct-get",
    what: "the answer to DIRECT.GET, an entry of one's own,",
    isOwnBytes: true,
    send: async (arena, profile, to) => {
      const entry = ownEntry(profile);
      const isRequest = to.startsWith("$JS.API.");
      if (entry) {
        await say(arena, profile, {
          subject: entry.subject,
          body: isRequest ? "" : '{"forged":1}',
          ...(isRequest ? { headers: CLIENT } : {}),
        });
        const body = JSON.stringify({ last_by_subj: entry.subject });
        const subject = `$JS.API.DIRECT.GET.${entry.stream}`;
        await say(arena, profile, { subject, body, reply: to });
        return say(arena, profile, {
          ...{ subject: `${subject}.${entry.subject}`, body: "", reply: to },
        });
      }
      const stream = profile.reads.find((one) => one.startsWith("KV_"))!;
      const body = '{"seq":1}';
      return say(arena, profile, { subject: `$JS.API.DIRECT.GET.${stream}`, body, reply: to });
    },
  },
  {
    name: "msg-next",
    what: "a message of a stream of one's own, asked of a consumer,",
    isOwnBytes: false,
    send: async (arena, profile, to) => {
      const entry = ownEntry(profile);
      const stream = entry?.stream ?? streamRead(profile);
      const subject = entry?.subject ?? arena.subjectOf(profile.server, stream);
      await say(arena, profile, { subject, body: '{"forged":2}' });
      const consumer = await arena.consumerOf(profile, stream);
      const next = `$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`;
      return say(arena, profile, { subject: next, body: "", reply: to });
    },
  },
  {
    name: "msg-get",
    what: "the answer to STREAM.MSG.GET",
    isOwnBytes: false,
    send: ask((profile) => ({ verb: `STREAM.MSG.GET.${streamRead(profile)}`, body: { seq: 1 } })),
  },
  {
    name: "stream-info",
    what: "the answer to STREAM.INFO",
    isOwnBytes: false,
    send: ask((profile) => ({ verb: `STREAM.INFO.${streamRead(profile)}` })),
  },
  {
    name: "info",
    what: "the answer to INFO",
    isOwnBytes: false,
    send: ask(() => ({ verb: "INFO" })),
  },
  {
    name: "consumer-create",
    what: "the answer to CONSUMER.CREATE",
    isOwnBytes: false,
    send: ask((profile) => {
      const stream_name = streamRead(profile);
      const config = { ack_policy: "none", inactive_threshold: 1e9 };
      return { verb: `CONSUMER.CREATE.${stream_name}`, body: { stream_name, config } };
    }),
  },
  {
    name: "pub-ack",
    what: "the acknowledgement of a record of one's own",
    isOwnBytes: false,
    send: (arena, profile, to) => {
      const [stream = "SETASIDE_hub"] = profile.appends;
      const subject = ownEntry(profile)?.subject ?? arena.subjectOf(profile.server, stream);
      return say(arena, profile, { subject, body: "{}", reply: to });
    },
  },
];
