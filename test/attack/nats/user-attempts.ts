// What somebody tries who has the password of one process: against each stream that is not that process', and against
// the other processes of its server.
import type { Attempt, Moot } from "../attempt.ts";
import type { NatsArena } from "./arena.ts";
import { CARRIERS, type Carrier, say } from "./carriers.ts";
import { processAttempts } from "./process-attempts.ts";
import { by, harmOf } from "./by-user.ts";
import { PROFILES, type Profile, sharedStreams } from "./profiles.ts";
import { readerAttempts } from "./reader-attempts.ts";
import { type Target, targetsAt } from "./targets.ts";

type Of = Attempt<NatsArena>;

const shortened = (profile: Profile, stream: string): boolean => profile.shortens.includes(stream);
const appended = (profile: Profile, { stream, server }: Target): boolean =>
  profile.appends.includes(stream) ||
  sharedStreams(server).includes(stream) ||
  Object.keys(profile.entries).some((bucket) => stream === `KV_${bucket}`);

const changed = ({ spec, stream }: Target): string =>
  JSON.stringify({
    ...(spec ?? {
      ...{ name: stream, subjects: [`$KV.${stream.slice(3)}.>`], max_msgs_per_subject: 1 },
      ...{ storage: "file", num_replicas: 1, retention: "limits", discard: "new" },
      ...{ allow_rollup_hdrs: true, deny_delete: true, allow_direct: true },
    }),
    description: "attack",
  });

/** Requests that change a stream, made as they are. */
const REQUESTS: readonly {
  readonly verb: string;
  readonly what: string;
  readonly shortens: boolean;
  /** True: a bucket refuses it to everybody, by its own configuration. */
  readonly notOfBuckets?: true;
  readonly body: (target: Target) => string;
}[] = [
  { verb: "STREAM.PURGE", what: "empty", shortens: true, body: () => "" },
  {
    verb: "STREAM.MSG.DELETE",
    what: "take a message out of",
    shortens: true,
    notOfBuckets: true,
    body: () => '{"seq":1}',
  },
  { verb: "STREAM.UPDATE", what: "configure", shortens: false, body: changed },
  { verb: "STREAM.DELETE", what: "delete", shortens: true, body: () => "" },
];

function requests(profile: Profile, target: Target): Of[] {
  const { server, stream, kind } = target;
  const isBucket = stream.startsWith("KV_");
  return REQUESTS.filter(
    ({ shortens, notOfBuckets }) =>
      !(shortens && shortened(profile, stream)) && !(isBucket && notOfBuckets),
  ).map(({ verb, what, body }) => ({
    ...by(profile),
    id: `${profile.server}-${profile.user}/${stream}/${verb}`,
    tries: `${what} stream ${stream} at ${server}`,
    trick: "the request itself",
    harms: harmOf(stream),
    control: `${kind} ${verb}`,
    run: async (arena) => {
      const last = (await arena.state()).get(`${server} ${stream}`);
      const seq = typeof last === "object" ? last.lastSeq : 1;
      const sent = body(target).replace('"seq":1', `"seq":${seq}`);
      return say(arena, profile, { subject: `$JS.API.${verb}.${stream}`, body: sent });
    },
  }));
}

function appends(profile: Profile, target: Target): Of[] {
  const { server, stream, subject, kind } = target;
  if (subject === null || appended(profile, target)) return [];
  const common = {
    ...by(profile),
    tries: `write into stream ${stream} at ${server}`,
    harms: harmOf(stream),
  };
  const name = `${profile.server}-${profile.user}/${stream}`;
  const direct: Of = {
    ...common,
    id: `${name}/publish`,
    trick: "a plain publish",
    control: `${kind} publish`,
    run: (arena) => say(arena, profile, { subject, body: `{"forged":${arena.next()}}` }),
  };
  const consumer: Of = {
    ...common,
    id: `${name}/deliver`,
    trick: "a consumer that delivers there, where the attacker listens as well",
    control: `${kind} deliver`,
    run: async (arena) => {
      // A server delivers only where somebody listens by exactly that name; a stream listens by a pattern.
      const client = await arena.as(profile.server, profile.user);
      const { stop } = client.hear(subject);
      for (const read of new Set([...profile.appends, ...profile.reads].slice(0, 3))) {
        const config = {
          ...{ deliver_subject: subject, ack_policy: "none", deliver_policy: "last" },
          ...{ flow_control: true, idle_heartbeat: 100_000_000 },
        };
        const body = JSON.stringify({ stream_name: read, config });
        await say(arena, profile, { subject: `$JS.API.CONSUMER.CREATE.${read}`, body });
      }
      await arena.quiet(client);
      stop();
      client.heard.length = 0;
      return null;
    },
  };
  return [direct, consumer, ...CARRIERS.map((one) => carried(profile, target, one, subject))];
}

const NOBODYS: Moot = {
  why: "newer nats-servers (2.15.3; not 2.9.10) take no request that they themselves send: no client stands behind it",
  from: "2.10.0",
};

/** A message that the server sends for whoever asks: it goes wherever the request says, whoever may not write there. */
function carried(profile: Profile, target: Target, carrier: Carrier, to: string): Of {
  const { server, stream, kind } = target;
  const isRequest = to.startsWith("$JS.API.");
  const what = isRequest ? to.split(".")[3]!.toLowerCase() : "append";
  return {
    ...by(profile),
    id: `${profile.server}-${profile.user}/${stream}/${what}-by-${carrier.name}`,
    tries: isRequest
      ? `${what} stream ${stream} at ${server}`
      : `write into stream ${stream} at ${server}`,
    trick: `${carrier.what} goes there`,
    harms: harmOf(stream),
    control: `${kind} ${what} ${carrier.name}`,
    ...(isRequest ? { moot: NOBODYS } : {}),
    run: (arena) => carrier.send(arena, profile, to),
  };
}

/** Requests that change a stream, made by a carrier whose bytes are one's own. */
function carriedRequests(profile: Profile, target: Target): Of[] {
  if (shortened(profile, target.stream)) return [];
  return CARRIERS.filter(({ isOwnBytes }) => isOwnBytes).flatMap((carrier) =>
    ["PURGE", "DELETE"].map((verb) =>
      carried(profile, target, carrier, `$JS.API.STREAM.${verb}.${target.stream}`),
    ),
  );
}

const mayRead = ({ appends, shortens, reads, entries }: Profile, stream: string): boolean =>
  [...appends, ...shortens, ...reads].includes(stream) ||
  Object.keys(entries).some((bucket) => stream === `KV_${bucket}`);

/** Ways to read a stream, with the answers in one's own inbox. */
const READS: Readonly<
  Record<string, { verb: string; body: (stream: string, to: string) => string }>
> = {
  "the request for a message": { verb: "STREAM.MSG.GET", body: () => '{"seq":1}' },
  "the direct request for a message": { verb: "DIRECT.GET", body: () => '{"seq":1}' },
  "a consumer": {
    verb: "CONSUMER.CREATE",
    body: (stream, to) =>
      JSON.stringify({
        stream_name: stream,
        config: { deliver_subject: to, ack_policy: "none", deliver_policy: "all" },
      }),
  },
  "a backup": {
    verb: "STREAM.SNAPSHOT",
    body: (_, to) => JSON.stringify({ deliver_subject: to, chunk_size: 1024 }),
  },
};

function reads(profile: Profile, { server, stream, kind }: Target): Of[] {
  return Object.entries(READS)
    .filter(([, { verb }]) => verb === "STREAM.SNAPSHOT" || !mayRead(profile, stream))
    .map(([trick, { verb, body }]) => ({
      ...by(profile),
      id: `${profile.server}-${profile.user}/${stream}/read-by-${verb}`,
      tries: `read stream ${stream} at ${server}`,
      trick,
      harms: `the secrecy of ${harmOf(stream)}`,
      control: `${kind} read ${verb}`,
      run: async (arena) => {
        const client = await arena.as(profile.server, profile.user);
        const inbox = arena.inbox(profile);
        const [answer, to] = [`${inbox}.answer`, `${inbox}.delivered`];
        // A consumer delivers only where somebody listens to exactly that subject.
        const listening = [client.hear(answer), client.hear(to)];
        const sent = body(stream, to).replace(
          '"seq":1',
          `"seq":${await arena.firstOf(server, stream)}`,
        );
        client.say({ subject: `$JS.API.${verb}.${stream}`, body: sent, reply: answer });
        await arena.quiet(client);
        for (const { stop } of listening) stop();
        const got = client.heard.filter((one) => listening.some(({ sid }) => sid === one.rest[0]));
        client.heard.length = 0;
        const isRead = got.some(({ subject, body: came }) =>
          // What is delivered comes under its own subject, and a direct answer names the stream.
          subject === answer
            ? came.includes('"message":{') || came.includes("Nats-Stream")
            : came !== "" && !came.startsWith("NATS/1.0 "),
        );
        return isRead ? `a record of ${stream} at ${server} was read` : null;
      },
    }));
}

/** All attempts of one user. */
const attemptsOf = (profile: Profile): Of[] => [
  ...targetsAt(profile.server).flatMap((target) => [
    ...appends(profile, target),
    ...reads(profile, target),
    ...requests(profile, target),
    ...carriedRequests(profile, target),
  ]),
  ...processAttempts(profile),
  ...readerAttempts(profile),
];

export const USER_ATTEMPTS: readonly Of[] = PROFILES.flatMap(attemptsOf);
