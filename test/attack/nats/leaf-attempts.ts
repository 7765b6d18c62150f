// What a region sends to the hub that was taken over: it keeps to no rights of its own, and speaks the protocol of
// leaf nodes itself.
import type { Attempt, Moot } from "../attempt.ts";
import type { RawMessage } from "../../support/raw-connection.ts";
import type { NatsArena } from "./arena.ts";
import { READ, READER } from "./arena-streams.ts";
import { harmOf } from "./by-user.ts";
import { FOREIGN } from "./foreign.ts";
import { PROFILES, type ServerName } from "./profiles.ts";
import { TARGETS, type Target } from "./targets.ts";

type Of = Attempt<NatsArena>;

/** Streams of eu of which others keep copies: it may write what it likes into those. */
const OWN = ["TELEMETRY_eu", "ALERTS_eu", "REJECTS_eu", "REPLIES_eu"];
/** Streams of the hub of which eu keeps copies. */
const MIRRORED = ["KV_devices", "KV_rules", "COMMANDS"];

const COMMON = {
  role: "region eu, taken over",
  wall: "leaf-accounts" as const,
  harmless: { appends: new Set(OWN) },
};

/** Newer servers close a connection at the first subject that is refused: each attempt has one. */
async function send(arena: NatsArena, ...messages: readonly RawMessage[]): Promise<null> {
  using leaf = await arena.leaf();
  for (const message of messages) leaf.say(message);
  await leaf.settled();
  return null;
}

const DOMAINS_APART: Moot = {
  why: "nats-server itself keeps requests to JetStream, and records of buckets, from crossing between two domains",
};
const ofOtherDomains = (pattern: string): boolean => /^\$(JS\.API|KV|JSC)\./.test(pattern);

const theirs = TARGETS.filter(({ server }) => server !== "eu");

const records = (target: Target): Of[] => {
  const { server, stream, subject, kind } = target;
  if (subject === null) return [];
  return [
    {
      ...COMMON,
      id: `leaf-eu/${server}-${stream}/publish`,
      tries: `write into stream ${stream} at ${server}`,
      trick: "a plain message over the leaf",
      harms: harmOf(stream),
      control: `leaf ${kind} publish`,
      ...(server === "us" && ofOtherDomains(subject) ? { moot: DOMAINS_APART } : {}),
      run: (arena) => send(arena, { subject, body: `{"forged":${arena.next()}}` }),
    },
  ];
};

const apisOf = (server: ServerName): string[] =>
  server === "hub" ? ["$JS.API", "$JS.hub.API"] : ["$JS.us.API"];

const requests = ({ server, stream, kind }: Target): Of[] =>
  apisOf(server).flatMap((api) =>
    // Buckets refuse to everybody that single messages are deleted.
    [
      ...["STREAM.PURGE", "STREAM.DELETE", "STREAM.UPDATE"],
      ...(stream.startsWith("KV_") ? [] : ["STREAM.MSG.DELETE"]),
    ].map((verb) => ({
      ...COMMON,
      harmless: {},
      id: `leaf-eu/${server}-${stream}/${api}.${verb}`,
      tries: `${verb} of ${stream} at ${server}`,
      trick: `a request under ${api}`,
      harms: harmOf(stream),
      control: `leaf ${kind} ${api} ${verb}`,
      run: async (arena) => {
        const is = (await arena.state()).get(`${server} ${stream}`);
        const bodies: Readonly<Record<string, object>> = {
          "STREAM.MSG.DELETE": { seq: typeof is === "object" ? is.lastSeq : 1 },
          "STREAM.UPDATE": { ...configOf(is), description: "attack" },
        };
        const body = bodies[verb] ? JSON.stringify(bodies[verb]) : "";
        return send(arena, { subject: `${api}.${verb}.${stream}`, body, reply: "_INBOX.evil.1" });
      },
    })),
  );

/** The configuration behind the time in what a state says of a stream. */
function configOf(is: unknown): object {
  const made = (is as { made?: string } | undefined)?.made ?? "";
  return JSON.parse(made.slice(made.indexOf("{")) || "{}") as object;
}

/** What a region may ask for, its mirrors' consumers, turned to subjects of others. */
const turned = ({ server, stream, subject, kind }: Target): Of[] => {
  if (subject === null || server !== "hub") return [];
  const create = (mirrored: string, config: object, reply: string): RawMessage => ({
    subject: `$JS.hub.API.CONSUMER.CREATE.${mirrored}`,
    body: JSON.stringify({ stream_name: mirrored, config: { ack_policy: "none", ...config } }),
    reply,
  });
  const attempt = (name: string, trick: string, message: (mirrored: string) => RawMessage): Of => ({
    ...COMMON,
    ...{ trick, harms: harmOf(stream) },
    id: `leaf-eu/${server}-${stream}/${name}`,
    tries: `write into stream ${stream} at ${server}`,
    control: `leaf ${kind} ${name}`,
    ...(name === "deliver" && ofOtherDomains(subject) ? { moot: DOMAINS_APART } : {}),
    run: async (arena) => {
      // A server delivers only where somebody listens by exactly that name; a stream listens by a pattern.
      using listener = await arena.leaf();
      listener.hear(subject);
      await listener.settled();
      await send(arena, ...MIRRORED.filter((one) => one !== stream).map(message));
      await arena.quietly();
      return null;
    },
  });
  return [
    attempt("deliver", "a mirror's consumer that delivers there", (one) =>
      create(one, { deliver_subject: subject, idle_heartbeat: 100_000_000 }, "$JSC.R.evil"),
    ),
    attempt("answer", "the answer to a mirror's request goes there", (one) =>
      create(one, { inactive_threshold: 1e9 }, subject),
    ),
  ];
};

const hearing: Of[] = [...FOREIGN, "dlv.us.>", "dlv.hub.>", "$JS.us.API.>"].map((pattern) => ({
  ...COMMON,
  id: `leaf-eu/hear/${pattern}`,
  tries: `hear ${pattern} at the hub`,
  trick: "a leaf's subscription",
  harms: "the secrecy of what other regions and the hub say",
  control: `leaf hear ${pattern}`,
  comparesState: false as const,
  ...(ofOtherDomains(pattern) ? { moot: DOMAINS_APART } : {}),
  run: async (arena) => {
    using leaf = await arena.leaf();
    leaf.hear(pattern);
    await leaf.settled();
    // Region eu is not told what it may hear of itself.
    await arena.traffic({ server: "hub", user: "admin" });
    await arena.traffic({ server: "us", user: "admin" });
    await arena.quietly();
    if (leaf.isOpen) await leaf.settled();
    const others = leaf.heard.filter(({ subject }) => !isOfOwn(subject));
    return others.length === 0 ? null : `${others.length} messages, first ${others[0]!.subject}`;
  },
}));

/** Deliveries of eu's own mirrors, and questions of the hub about its streams. */
const isOfOwn = (subject: string): boolean =>
  /^(dlv\.eu\.|\$JS\.eu\.|\$JS\.FC\.\w+_eu\.|replay\.eu\.|live\.eu\.|\$LDS)/.test(subject);

/** Deliveries of mirrors of others, forged. */
const injected: Of[] = (
  [
    ["us", "KV_devices", "$KV.devices.evil"],
    ["us", "COMMANDS", "commands.evil.1"],
    ["us", "KV_rules", "$KV.rules.evil"],
    ["hub", "TELEMETRY_us", "telemetry.us.0"],
    ["hub", "ALERTS_us", "alerts.us.evil.1"],
  ] as const
).flatMap(([into, stream, as]) =>
  ["with its subject behind the place", "without"].map((how, at): Of => ({
    ...COMMON,
    id: `leaf-eu/${into}-${stream}/inject-${at}`,
    tries: `write into the copy of ${stream} at ${into}`,
    trick: `the next delivery of its mirror, forged, ${how}; where it is delivered to is known`,
    harms: harmOf(stream),
    control: `leaf inject ${into} ${stream} ${at}`,
    comparesState: false,
    run: async (arena) => {
      const { subject, consumers, next } = await arena.deliveryOf(into, stream);
      const messages = consumers.map((consumer): RawMessage => {
        const reply = `$JS.ACK.${stream}.${consumer}.1.${next}.${next}.1700000000000000000.0`;
        return { subject, body: '{"id":"evil"}', reply: at === 0 ? `${reply}@${as}` : reply };
      });
      await send(arena, ...messages);
      await arena.quietly();
      return (await arena.isUndone(into, stream, next)) ? null : `${stream} at ${into} holds it`;
    },
  })),
);

/** Where a message from the hub does harm: records, and requests. */
const COMMANDED = [
  ...["commands.evil.1", "$KV.devices.evil", "audit.evil", "alerts.hub.evil.1"],
  ...["PURGE.AUDIT", "PURGE.KV_devices", "DELETE.KV_contracts", "DELETE.COMMANDS"].map(
    (request) => `$JS.API.STREAM.${request}`,
  ),
  ...["PURGE.TELEMETRY_us", "DELETE.ALERTS_us", "DELETE.REPLIES_us"].map(
    (request) => `$JS.API.STREAM.${request}`,
  ),
];
/** The hub's own copies of what eu writes: before 2.14.10 and 2.15.3 eu can take them away, and nobody else's. */
const OF_ITS_OWN = ["PURGE.TELEMETRY_eu", "DELETE.REJECTS_eu"].map(
  (request) => `$JS.API.STREAM.${request}`,
);

/** Messages by which an origin has its mirror send one to a subject. */
const STATUSES: Readonly<Record<string, (to: string) => Omit<RawMessage, "subject">>> = {
  "flow-control": (reply) => ({
    ...{ headers: "NATS/1.0 100 FlowControl Request\r\n\r\n", reply, body: "" },
  }),
  stalled: (to) => ({
    headers: `NATS/1.0 100 Idle Heartbeat\r\nNats-Consumer-Stalled: ${to}\r\n\r\n`,
    body: "",
  }),
};

const NOT_ANSWERED: Moot = {
  why: "from nats-server 2.14.10 and 2.15.3 on a mirror answers only to the subjects of its own flow control",
  from: "2.15.3",
};

/** What the hub's own copy of eu sends by itself, to a subject that a flow control message of eu names. */
const flowControlled: Of[] = Object.entries(STATUSES).flatMap(([name, status]) =>
  [...COMMANDED, ...OF_ITS_OWN].map((to): Of => ({
    ...COMMON,
    wall: "hub-mirrors",
    id: `leaf-eu/${name}/${to}`,
    tries: `have the hub send a message to ${to}`,
    trick: `${name === "stalled" ? "a heartbeat that says it is stalled" : "flow control"} in the deliveries of eu's own mirror: the hub answers where it says`,
    harms: "whatever the account of that mirror may do",
    control: `leaf ${name} ${to}`,
    // From 2.14.10 in its line.
    ...(OF_ITS_OWN.includes(to) ? { since: "2.15.3" } : {}),
    moot: NOT_ANSWERED,
    run: async (arena) => {
      const { subject } = await arena.deliveryOf("hub", "TELEMETRY_eu");
      await send(arena, { subject, ...status(to) });
      await arena.quietly();
      return null;
    },
  })),
);

/** Speaking to processes of the hub and of other regions. */
const speaking: Of[] = [
  ...PROFILES.filter(({ server }) => server === "hub").map((other) => ({
    what: `${other.user} of the hub, who waits for an answer`,
    subject: (arena: NatsArena) => `${arena.bystanders.of(other).inbox}.1`,
  })),
  ...[
    ...["retry-setaside.hub.aggregator", "retry-setaside.hub.notifier", "live.us.readings"],
    ...["live.us.process.gateway.x", "live.hub.process.console.x", "live.hub.process.steward.x"],
  ].map((subject) => ({ what: subject, subject: () => subject })),
].map(({ what, subject }) => ({
  ...COMMON,
  id: `leaf-eu/say/${what}`,
  tries: `say something to ${what}`,
  trick: "a plain message over the leaf",
  harms: "what the hub's processes and people believe of others",
  control: `leaf say ${what}`,
  run: (arena: NatsArena) => send(arena, { subject: subject(arena), body: "{}" }),
}));

const readers: Of[] = READ.filter(([server]) => server === "hub").flatMap(([server, stream]) =>
  apisOf(server).flatMap((api) =>
    ["CONSUMER.DELETE", "CONSUMER.MSG.NEXT"].map((verb) => ({
      ...COMMON,
      id: `leaf-eu/reader-of-${stream}/${api}.${verb}`,
      tries: `${verb === "CONSUMER.DELETE" ? "remove" : "take a message of"} a reader of ${stream} at the hub`,
      trick: `a request under ${api}`,
      harms: `whoever reads ${stream}`,
      control: `leaf reader ${stream} ${api} ${verb}`,
      run: (arena: NatsArena) =>
        send(arena, { subject: `${api}.${verb}.${stream}.${READER}`, body: "", reply: "_R_.evil" }),
    })),
  ),
);

/** Processes' passwords at the port of the leaves, where older servers check no rights. */
const asLeaf: Of[] = PROFILES.filter(({ server }) => server === "hub").flatMap(
  ({ user, appends }) =>
    ["COMMANDS", "KV_devices", "KV_contracts", "AUDIT", "DEADLETTERS_hub"]
      .filter((stream) => !appends.includes(stream))
      .flatMap((stream) => {
        const target = TARGETS.find((one) => one.server === "hub" && one.stream === stream)!;
        const messages = { publish: target.subject!, purge: `$JS.API.STREAM.PURGE.${stream}` };
        return Object.entries(messages).map(([what, subject]): Of => ({
          role: `nats user ${user} of hub, at the leaf port`,
          wall: "accounts",
          id: `hub-${user}/as-leaf/${stream}/${what}`,
          tries: `${what === "purge" ? "empty" : "write into"} stream ${stream} at hub`,
          trick: "logs in as a leaf node: the server may not check what a leaf says",
          harms: harmOf(stream),
          control: `as leaf ${stream} ${what}`,
          run: async (arena) => {
            using leaf = await arena.leaf(user, arena.passwordFor(user, user));
            if (!leaf.isOpen) return null;
            leaf.say({ subject, body: what === "purge" ? "" : `{"forged":${arena.next()}}` });
            await leaf.settled();
            return null;
          },
        }));
      }),
);

export const LEAF_ATTEMPTS: readonly Of[] = [
  ...theirs.flatMap((target) => [...records(target), ...requests(target), ...turned(target)]),
  ...[...hearing, ...injected, ...flowControlled, ...speaking, ...readers, ...asLeaf],
];
