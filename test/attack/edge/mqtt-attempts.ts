// What devices, bridges and clients without credentials try by MQTT.
import type { IPublishPacket, Packet } from "mqtt-packet";
import { type RawClient, publishPacket } from "../../support/mqtt-client.ts";
import type { Attempt, WallName } from "../attempt.ts";
import type { EdgeArena } from "./arena.ts";

type Of = Attempt<EdgeArena>;
type Version = 4 | 5;

const VERSIONS = [4, 5] as const;
/** Ways to say one thing. */
const MANNERS = ["QoS 1", "QoS 2, retained", "QoS 0", "as a will"] as const;
type Manner = (typeof MANNERS)[number];

const FORGED = (): string => JSON.stringify({ ts: Date.now(), value: 666 });
const LOST = (): string =>
  JSON.stringify({ ts: Date.now(), state: "offline", reason: "will", gateway: "forged" });

/** Somebody with a way in: a record, or none. */
interface Way {
  readonly name: string;
  readonly role: string;
  readonly in: (arena: EdgeArena, version: Version, will?: Will) => Promise<RawClient>;
}
type Will = { readonly topic: string; readonly payload: string };

const record = (id: string, what: string): Way => ({
  name: id,
  role: what,
  in: (arena, version, will) => arena.as(id, version, will ? { will } : {}),
});
const DEVICE = record("mallory", "a registered device");
const BRIDGE = record("relay", "a bridge that names other devices");
const GRANTED = record("plug", "a device that was granted topics of its own");
const GUEST: Way = {
  name: "guest",
  role: "an anonymous client, where they are let in",
  in: (arena, version, will) => arena.guest(version, will ? { will } : {}),
};

/** Waits for the last answer that a publish has. */
async function say(client: RawClient, packet: Partial<IPublishPacket>): Promise<void> {
  const { qos = 1, messageId = 1 } = packet;
  client.send(publishPacket({ qos, messageId, ...packet }));
  const until = (cmd: Packet["cmd"]): Promise<unknown> =>
    client.until((one) => one.cmd === cmd).catch(() => undefined);
  if (qos === 1) await until("puback");
  if (qos === 2) {
    await until("pubrec");
    client.send({ cmd: "pubrel", messageId });
    await until("pubcomp");
  }
  if (!client.closed) await client.settle().catch(() => undefined);
}

async function sayIn(
  arena: EdgeArena,
  { way, version, manner, said }: { way: Way; version: Version; manner: Manner; said: Will },
): Promise<null> {
  if (manner === "as a will") {
    const client = await way.in(arena, version, said);
    client.socket.destroy();
    await arena.wills();
    return null;
  }
  const client = await way.in(arena, version);
  const qos = manner === "QoS 1" ? 1 : manner === "QoS 0" ? 0 : 2;
  await say(client, { ...said, qos, retain: qos === 2 });
  client.socket.destroy();
  return null;
}

interface Said {
  readonly way: Way;
  readonly wall: WallName;
  readonly topic: string;
  readonly payload: () => string;
  readonly harms: string;
}

const READINGS = "the readings of another device, and its alerts";
const ACTUATORS = "an actuator: it obeys a command of nobody's";

const SAID: readonly Said[] = [
  ...[
    ["devices/victim/telemetry/measurement", READINGS],
    ["devices/victim/commands/open", ACTUATORS],
    ["devices/victim/commands/c1/reply", "what is known of a command"],
  ].flatMap(([topic, harms]) =>
    [DEVICE, GUEST].map((way) => ({
      ...{ way, wall: "topics" as const, topic: topic!, harms: harms! },
      payload: FORGED,
    })),
  ),
  ...[DEVICE, BRIDGE, GUEST, GRANTED].map((way) => ({
    ...{ way, wall: "topics" as const, topic: "alerts/forged/victim", payload: FORGED },
    harms: "whoever believes an alert",
  })),
  {
    ...{ way: BRIDGE, wall: "topics", topic: "devices/victim/commands/open", payload: FORGED },
    harms: ACTUATORS,
  },
  ...[DEVICE, BRIDGE, GRANTED].map((way) => ({
    ...{ way, wall: "topics" as const, topic: "home/alice/door", payload: FORGED },
    harms: "whoever is told so by ordinary MQTT, and what is retained for them",
  })),
  ...[
    [BRIDGE, "devices/victim/telemetry/measurement"],
    [BRIDGE, "devices/victim/commands/c1/reply"],
    [BRIDGE, "tele/victim/SENSOR"],
    [GRANTED, "tele/victim/SENSOR"],
    [GRANTED, "tele/room-1/SENSOR"],
    [GUEST, "tele/victim/SENSOR"],
    [GUEST, "tele/boiler/SENSOR"],
  ].map(([way, topic]) => ({
    ...{ way: way as Way, wall: "speech" as const, topic: topic as string },
    ...{ payload: FORGED, harms: READINGS },
  })),
  ...[
    [BRIDGE, "devices/room-1/telemetry/presence"],
    [BRIDGE, "devices/room-1/telemetry/presence/v1"],
    [GUEST, "devices/room-2/telemetry/presence"],
    [GUEST, "devices/room-2/telemetry/presence/v1"],
  ].map(([way, topic]) => ({
    ...{ way: way as Way, wall: "presence" as const, payload: LOST },
    ...{ topic: topic as string, harms: "whether a loss is noticed" },
  })),
];

const saying: Of[] = SAID.flatMap(({ way, wall, topic, payload, harms }) =>
  VERSIONS.flatMap((version) =>
    MANNERS.map((manner) => ({
      ...{ wall, harms, role: way.role },
      id: `mqtt/${way.name}/say/${topic}/${version}/${manner}`,
      tries: `say something on ${topic}`,
      trick: `${manner}, MQTT ${version === 5 ? "5" : "3.1.1"}`,
      control: `${way.name} ${wall} ${topic} ${manner}`,
      run: (arena) => sayIn(arena, { way, version, manner, said: { topic, payload: payload() } }),
    })),
  ),
);

/** A topic alias that is first of one's own topic, then of another's. */
const aliased: Of = {
  ...{ role: DEVICE.role, wall: "topics", harms: ACTUATORS },
  id: "mqtt/mallory/say/alias",
  tries: "say something on devices/victim/commands/open",
  trick: "a topic alias that is made one's own first",
  control: "alias",
  run: async (arena) => {
    const client = await DEVICE.in(arena, 5);
    const to = (topic: string, messageId: number): Promise<void> =>
      say(client, { topic, messageId, payload: "{}", properties: { topicAlias: 1 } });
    await to("devices/mallory/telemetry/x", 1);
    await to("devices/victim/commands/open", 2);
    await to("", 3);
    client.socket.destroy();
    return null;
  },
};

const FILTERS = [
  ...["#", "+/#", "devices/#", "devices/victim/#", "devices/+/telemetry/#", "devices/+/commands/+"],
  ...[
    "+/victim/#",
    "devices/victim/commands/+",
    "devices/+/commands/+/reply",
    "alerts/#",
    "+/+/+/+",
  ],
  // Ordinary MQTT of others, groups that others may be in, and what the gateway says of itself.
  ...["home/alice/#", "home/+/state", "home/#", "+/alice/+", "$SYS/#", "$SYS/broker/clients/#"],
  ...["devices/victim/#", "#", "home/alice/#"].map((filter) => `$share/work/${filter}`),
];

const hearing: Of[] = [DEVICE, GRANTED].flatMap((way) =>
  VERSIONS.flatMap((version) =>
    FILTERS.map((filter): Of => ({
      ...{ role: way.role, wall: "topics" },
      id: `mqtt/${way.name}/hear/${filter}/${version}`,
      tries: `hear ${filter}`,
      trick: `a subscription, MQTT ${version === 5 ? "5" : "3.1.1"}`,
      harms: "the secrecy of readings, commands and alerts of others",
      control: `${way.name} hear ${filter}`,
      comparesState: false,
      run: async (arena) => {
        const client = await way.in(arena, version);
        client.send({
          ...{ cmd: "subscribe", messageId: 1 },
          subscriptions: [{ topic: filter, qos: 1 }],
        });
        await client.settle().catch(() => undefined);
        await arena.traffic();
        if (!client.closed) await client.settle().catch(() => undefined);
        const heard = client.of("publish") as { topic: string }[];
        const theirs = heard.filter(({ topic }) => /victim|boiler|alerts|alice|^\$SYS/.test(topic));
        client.socket.destroy();
        return theirs[0] ? `${theirs.length} messages, first ${theirs[0].topic}` : null;
      },
    })),
  ),
);

/** Names and secrets that are none of one's own; undefined: that part is not sent. */
const LOGINS: readonly {
  readonly what: string;
  readonly wall: WallName;
  readonly username?: string;
  readonly password?: (arena: EdgeArena) => string;
  readonly clientId: string;
  readonly atOpen?: true;
}[] = [
  {
    what: "victim with one's own secret",
    ...{ wall: "secrets", username: "victim", clientId: "victim/evil" },
    password: (arena) => arena.secretOf("mallory"),
  },
  {
    what: "victim with a guessed secret",
    ...{ wall: "secrets", username: "victim", clientId: "victim/evil" },
    password: () => "AAAAAAAAAAAAAAAAAAAAAA",
  },
  {
    what: "an operator with one's own secret",
    ...{ wall: "secrets", username: "op", clientId: "op/evil" },
    password: (arena) => arena.secretOf("mallory"),
  },
  {
    what: "a revoked device with its secret",
    ...{ wall: "secrets", username: "gone", clientId: "gone" },
    password: (arena) => arena.secretOf("gone"),
  },
  ...["victim", "victim/steady", "op", "room-1/x"].map((clientId) => ({
    what: `client id ${clientId} with one's own record`,
    ...{ wall: "client-ids" as const, username: "mallory", clientId },
    password: (arena: EdgeArena) => arena.secretOf("mallory"),
  })),
  ...["victim", "victim/new", "gone"].map((clientId) => ({
    what: `client id ${clientId} without credentials`,
    ...{ wall: "client-ids" as const, clientId, atOpen: true as const },
  })),
  ...["stranger", "victim", "op"].map((clientId) => ({
    what: `${clientId} without credentials, where nobody is let in`,
    ...{ wall: "anonymous" as const, clientId },
  })),
  {
    what: "nobody, with an empty name and password",
    ...{ wall: "anonymous", username: "", clientId: "stranger" },
    password: () => "",
  },
];

const loggingIn: Of[] = LOGINS.flatMap(({ what, wall, username, password, clientId, atOpen }) =>
  VERSIONS.map((version): Of => ({
    ...{ wall, role: username === "mallory" ? DEVICE.role : "anybody in the network" },
    id: `mqtt/login/${what}/${version}`,
    tries: `log in as ${what}`,
    trick: `CONNECT, MQTT ${version === 5 ? "5" : "3.1.1"}`,
    harms: "everything that the other may say and hear, and its session",
    control: `login ${what}`,
    run: async (arena) => {
      const { client, code } = await arena.login({
        ...{ version, clientId },
        ...(username === undefined ? {} : { username }),
        ...(password === undefined ? {} : { password: password(arena) }),
        ...(atOpen ? { atOpen } : {}),
      });
      client.socket.destroy();
      return code === 0 ? `let in as ${what}` : null;
    },
  })),
);

export const MQTT_ATTEMPTS: readonly Of[] = [...saying, aliased, ...hearing, ...loggingIn];
