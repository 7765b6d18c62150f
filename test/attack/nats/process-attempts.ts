// Attempts against the other processes of a server: speaking to them as somebody else, hearing what is theirs, making
// streams that take their words.
import type { Attempt } from "../attempt.ts";
import type { NatsArena } from "./arena.ts";
import { ownEntry, say } from "./carriers.ts";
import {
  OF_ADMINISTRATORS,
  PROFILES,
  type Profile,
  REGIONS,
  type ServerName,
  sharedStreams,
} from "./profiles.ts";
import { by, harmOf } from "./by-user.ts";
import { FOREIGN } from "./foreign.ts";

type Of = Attempt<NatsArena>;

const isHeard = ({ hears }: Profile, pattern: string): boolean => hears.includes(pattern);

function hearing(profile: Profile): Of[] {
  const { server, user } = profile;
  return FOREIGN.filter((pattern) => !isHeard(profile, pattern)).map((pattern) => ({
    ...by(profile),
    id: `${server}-${user}/hear/${pattern}`,
    tries: `hear ${pattern} at ${server}`,
    trick: "a subscription",
    harms: "the secrecy of what processes say and ask",
    control: `${server} hear ${pattern}`,
    comparesState: false,
    run: async (arena) => {
      const client = await arena.as(server, user);
      const { sid, stop } = client.hear(pattern);
      await client.settled();
      await arena.traffic(profile);
      await arena.quiet(client);
      stop();
      const others = client.heard.filter(
        (one) => one.rest[0] === sid && !arena.isOwn(profile, one.subject),
      );
      client.heard.length = 0;
      return others.length === 0 ? null : `${others.length} messages, first ${others[0]!.subject}`;
    },
  }));
}

/** Speaking to another process. */
function speaking(profile: Profile): Of[] {
  const { server, user } = profile;
  const others = PROFILES.filter((one) => one.server === server && one.user !== user);
  const attempt = (what: string, subject: (arena: NatsArena) => string, harms: string): Of => ({
    ...by(profile),
    id: `${server}-${user}/say/${what}`,
    tries: `say something to ${what}`,
    trick: "a plain publish",
    harms,
    control: `${server} say ${what}`,
    run: (arena) => say(arena, profile, { subject: subject(arena), body: "{}" }),
  });
  return [
    ...others.map((other) =>
      attempt(
        `${other.user}, who waits for an answer`,
        (arena) => `${arena.bystanders.of(other).inbox}.1`,
        "whatever the process asked for: the forged answer counts",
      ),
    ),
    ...others
      .flatMap(({ hears }) => hears)
      .filter((heard) => heard !== "live.>")
      .map((subject) => attempt(subject, () => subject, "what a process is asked to do again")),
    ...liveOf(server, user).map((subject) =>
      attempt(subject, () => subject, "what people see of processes and devices"),
    ),
  ];
}

/** The live lane as it is said by others; that of a region is heard at the hub. */
const liveOf = (server: ServerName, user: string): string[] => [
  ...(user === "gateway" ? [] : ["readings", "topics", "events"].map((kind) => `live.eu.${kind}`)),
  ...PROFILES.filter((other) => other.server === server && other.user !== user).map(
    (other) => `live.${server}.process.${other.user}.forged`,
  ),
];

/** Streams of one's own making. */
const MADE: Readonly<Record<string, object>> = {
  "that takes answers": { subjects: ["_INBOX.evil.>"] },
  "that takes questions": { subjects: ["replay.>"] },
  "that takes the live lane": { subjects: ["live.>"] },
  "that copies what it may not read": { sources: [{ name: "KV_evil-source" }] },
  "that mirrors what it may not read": { mirror: { name: "KV_evil-source" } },
  "that says again what it takes": {
    subjects: ["evil.>"],
    republish: { src: "evil.>", dest: "live.evil.>" },
  },
  "that fills the disk": { subjects: ["evil2.>"], storage: "memory", max_bytes: 1_000_000 },
};

function making(profile: Profile): Of[] {
  const { server, user } = profile;
  return Object.entries(MADE).map(([what, config]) => ({
    ...by(profile),
    id: `${server}-${user}/make/${what.replaceAll(" ", "-")}`,
    tries: `make a stream ${what} at ${server}`,
    trick: "STREAM.CREATE",
    harms: "whoever speaks there, and the disk of all",
    control: `${server} make ${what}`,
    run: (arena) => {
      const source = server === "hub" ? "KV_leases" : "KV_presence";
      const name = `EVIL_${arena.next()}`;
      const body = JSON.stringify({ name, storage: "file", num_replicas: 1, ...config });
      const sent = body.replaceAll("KV_evil-source", source);
      return say(arena, profile, { subject: `$JS.API.STREAM.CREATE.${name}`, body: sent });
    },
  }));
}

/** A copy that is made again as something else, by those who may make it again. */
function remaking(profile: Profile): Of[] {
  const { server, user } = profile;
  const copy = server === "hub" ? "TELEMETRY_eu" : "TELEMETRY_us";
  // Of the steward it is a right (RIGHTS).
  if (!profile.shortens.includes(copy) || user === "steward") return [];
  return [
    {
      ...by(profile),
      id: `${server}-${user}/make/copy-of-its-own`,
      tries: `make ${copy} at ${server} again as a stream that takes answers`,
      trick: "STREAM.DELETE, STREAM.CREATE",
      harms: "whoever waits for an answer; everything that the stream's rights reach",
      control: `${server} remake ${copy}`,
      run: (arena) =>
        say(
          arena,
          profile,
          { subject: `$JS.API.STREAM.DELETE.${copy}`, body: "" },
          {
            subject: `$JS.API.STREAM.CREATE.${copy}`,
            body: JSON.stringify({
              ...{ name: copy, subjects: ["_INBOX.evil.>"], allow_direct: true },
              ...{ storage: "file", num_replicas: 1 },
            }),
          },
        ),
    },
  ];
}

/** Entries of others in buckets that several write. */
function entries(profile: Profile): Of[] {
  const { server, user } = profile;
  const shared = sharedStreams(server).filter((stream) => stream.startsWith("KV_"));
  const isOwn = (bucket: string, key: string): boolean => profile.entries[bucket] === key;
  const others = PROFILES.filter((one) => one.server === server && one.user !== user)
    .flatMap((one) => Object.entries(one.entries))
    .filter(([bucket, key]) => shared.includes(`KV_${bucket}`) && !isOwn(bucket, key));
  // Two may have the same right.
  const theirs = new Map(others.map((one) => [one.join("/"), one])).values().toArray();
  for (const one of OF_ADMINISTRATORS)
    if (one.server === server) theirs.push([one.bucket, one.key]);
  const own = ownEntry(profile);
  const common = (stream: string) => ({ ...by(profile), harms: harmOf(stream) });
  const written = theirs.flatMap(([bucket, key]): Of[] =>
    ["", "NATS/1.0\r\nKV-Operation: PURGE\r\nNats-Rollup: sub\r\n\r\n"].map((headers) => ({
      ...common(`KV_${bucket}`),
      id: `${server}-${user}/entry/${bucket}/${key}${headers === "" ? "" : "/purge"}`,
      tries: `${headers === "" ? "write" : "remove"} ${key} in bucket ${bucket} at ${server}`,
      trick: headers === "" ? "a plain publish" : "a publish with the header of a purge",
      control: `${server} entry ${headers.length}`,
      run: (arena) =>
        say(arena, profile, {
          ...{ subject: `$KV.${bucket}.${key}`, body: `forged ${arena.next()}`, headers },
        }),
    })),
  );
  const rolled = shared.filter((stream) => own?.stream === stream);
  return [
    ...written,
    ...rolled.map((stream): Of => ({
      ...{ ...common(stream), wall: "rollups" },
      id: `${server}-${user}/entry/${stream}/rollup`,
      tries: `remove all entries of others in ${stream} at ${server}`,
      trick: "an entry of one's own with the header Nats-Rollup: all",
      control: `${server} rollup ${stream}`,
      run: (arena) =>
        say(arena, profile, {
          ...{ subject: own!.subject, body: "", headers: "NATS/1.0\r\nNats-Rollup: all\r\n\r\n" },
        }),
    })),
  ];
}

/** Requests to the JetStream of another server, over the leaf. */
function beyond(profile: Profile): Of[] {
  const others = profile.server === "hub" ? REGIONS : (["hub", "us"] as const);
  return others.flatMap((other) =>
    (other === "hub"
      ? ["KV_devices", "COMMANDS", "ALERTS_hub"]
      : [`TELEMETRY_${other}`, `ALERTS_${other}`, "KV_leases"]
    ).flatMap((stream) =>
      ["STREAM.PURGE", "STREAM.DELETE"].map((verb): Of => ({
        ...by(profile),
        wall: "leaf-accounts",
        id: `${profile.server}-${profile.user}/${other}-${stream}/${verb}`,
        tries: `${verb === "STREAM.PURGE" ? "empty" : "delete"} stream ${stream} at ${other}`,
        trick: "the API of the other domain, over the leaf",
        harms: harmOf(stream),
        control: `${profile.server} to ${other} ${verb}`,
        run: (arena) =>
          say(arena, profile, { subject: `$JS.${other}.API.${verb}.${stream}`, body: "" }),
      })),
    ),
  );
}

export const processAttempts = (profile: Profile): Of[] => [
  ...hearing(profile),
  ...speaking(profile),
  ...entries(profile),
  ...making(profile),
  ...remaking(profile),
  ...beyond(profile),
];
