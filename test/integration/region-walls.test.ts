// Goal: a region that was taken over reads and changes nothing of another region or of the hub, whatever it sends.
// Method: real servers; a program that speaks the leaf protocol with eu's password. What it tries is shown to work
// where the wall is taken out: with a user that arrives in the hub's own account.
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { expect, test } from "vitest";
import { Bucket } from "../../platform/nats/client/bucket.ts";
import { eventually } from "../support/eventually.ts";
import { withOneAccount } from "../attack/nats/walls.ts";
import { FrameWriter } from "../support/nats-frames.ts";
import { type NatsWorld, passwordOf, startHubAndRegions } from "../support/nats.ts";
import type { RawMessage } from "../support/raw-connection.ts";
import { RawLeaf } from "../support/raw-leaf.ts";

const PASSWORD = passwordOf("leaf-eu");
const EVIL = JSON.stringify({ id: "evil" });
/** Everything that a region could want to hear. */
const EVERYTHING = [
  ...[">", "$JSC.R.>", "_INBOX.>", "_INBOX_hub.>", "_R_.>", "dlv.>", "dlv.us.>", "dlv.hub.>"],
  ...["live.>", "live.us.>", "$JS.>", "$JS.FC.>", "$JS.API.>", "$JS.us.API.>", "$KV.>"],
  ...["alerts.>", "commands.>", "telemetry.>", "replay.>", "audit.>", "$SYS.>"],
];

const REGIONS = ["eu", "us"];
const OUT = ["OUT_eu", "OUT_us"];

/** A hub where a user of the leaf listener arrives among everything: the state before there were walls. */
const withoutWall = (written: string): string =>
  withOneAccount(written, REGIONS).replace(
    "    users: [\n",
    `    users: [\n      { user: leaf-walls, password: ${PASSWORD}, allowed_connection_types: ["LEAFNODE"] }\n`,
  );

interface Delivery {
  readonly subject: string;
  readonly consumers: readonly string[];
}
/** Of mirrors in us and at the hub, by the stream. */
type Deliveries = Readonly<Record<"KV_devices" | "TELEMETRY_us", Delivery>>;

/**
 * Where a mirror is delivered to, as a region hears it: a heartbeat has the subject, and deliveries name the consumers
 * of mirrors of the stream. Nothing else tells.
 */
async function deliveriesOf(origin: NatsConnection, stream: string, into: string) {
  const consumers = new Set<string>();
  let subject = "";
  const subscription = origin.subscribe("dlv.>", {
    callback: (_, { subject: heard, reply = "" }) => {
      if (reply.startsWith(`$JS.ACK.${stream}.`)) consumers.add(reply.split(".")[3]!);
      if (heard.startsWith(`dlv.${into}.${stream}.`)) subject = heard;
    },
  });
  await origin.flush();
  return async (): Promise<Delivery> => {
    await eventually("the mirror is heard", () =>
      Promise.resolve(subject !== "" && consumers.size > 0),
    );
    subscription.unsubscribe();
    return { subject, consumers: [...consumers] };
  };
}

/** Messages that look like the next delivery of a mirror. */
const injected = (stream: keyof Deliveries, of: Deliveries, as: string): RawMessage[] => {
  const { subject, consumers } = of[stream];
  return consumers.flatMap((consumer) => {
    const ack = `$JS.ACK.${stream}.${consumer}.1.2.2.1700000000000000000.0`;
    return [
      { subject, reply: `${ack}@${as}`, body: EVIL },
      { subject, reply: ack, body: EVIL },
    ];
  });
};

const requests = (): RawMessage[] => {
  const streams = [
    "KV_devices",
    "KV_rules",
    "KV_positions",
    "COMMANDS",
    "TELEMETRY_us",
    "ALERTS_us",
  ];
  const apis = ["$JS.API", "$JS.hub.API", "$JS.us.API"];
  return apis.flatMap((api) =>
    streams.flatMap((stream) => [
      ...["PURGE", "DELETE"].map((verb) => ({
        subject: `${api}.STREAM.${verb}.${stream}`,
        body: "",
      })),
      { subject: `${api}.STREAM.MSG.DELETE.${stream}`, body: '{"seq":1}' },
      {
        subject: `${api}.STREAM.UPDATE.${stream}`,
        body: JSON.stringify({ name: stream, subjects: ["x"], storage: "file" }),
      },
      ...["commands.forged.by-consumer", "audit.hub", "$KV.devices.evil"].map((deliver) => ({
        subject: `${api}.CONSUMER.CREATE.${stream}`,
        reply: "$JSC.R.attack",
        body: JSON.stringify({
          stream_name: stream,
          config: { deliver_subject: deliver, ack_policy: "none" },
        }),
      })),
      {
        subject: `${api}.DIRECT.GET.${stream}`,
        reply: "$KV.devices.copied",
        body: '{"seq":1}',
      },
    ]),
  );
};

const records: RawMessage[] = [
  ...["$KV.devices.evil", "$KV.rules.evil", "$KV.contracts.evil", "$KV.positions.aggregator.us.0"],
  ...["commands.valve.1", "alerts.us.rule.key", "alerts.hub.rule.key", "telemetry.us.0"],
  ...["rejects.us.a.b", "rejects.hub.a.b", "replies.us.a.b", "audit.hub", "setaside.hub.x"],
].map((subject) => ({ subject, body: EVIL }));

async function worldOf(hubConfiguration?: (written: string) => string): Promise<NatsWorld> {
  const regions = REGIONS;
  const options = hubConfiguration ? { hubConfiguration } : {};
  return startHubAndRegions({ regions, copies: [], violationsExpected: true, ...options });
}

/** Every stream of the hub and of us, with what is in it. */
async function stateOf(world: NatsWorld): Promise<Record<string, string>> {
  const all: Record<string, string> = {};
  const [hub, us] = [await world.hub.connect(), await world.region("us").connect()];
  for (const [where, connection, account] of [
    ["hub", hub, "hub"],
    ...["IN_eu", "IN_us"].map((one) => ["hub", hub, one] as const),
    ...OUT.map((one) => [one, hub, one] as const),
    ["us", us, "us"],
  ] as const) {
    const { streams } = await connection.jetstreamManager({ domain: account });
    for await (const { config, state } of streams.list())
      all[`${where} ${config.name}`] =
        `${state.messages} messages, last ${state.last_seq}, ${JSON.stringify(config.subjects)}`;
  }
  return all;
}

async function fill(world: NatsWorld): Promise<Deliveries> {
  const hub = await world.hub.connect();
  const us = await world.region("us").connect();
  const devices = await Bucket.open(hub, "devices");
  const ofDevices = await deliveriesOf(us, "KV_devices", "us");
  const ofLog = await deliveriesOf(us, "TELEMETRY_us", "hub");
  await devices.put("boiler", "{}");
  await new FrameWriter({ region: "us", partition: 0 }).publish(us, [], 1);
  const level = async (): Promise<boolean> => {
    const state = await stateOf(world);
    return [state["us KV_devices"], state["hub TELEMETRY_us"]].every((one) =>
      one?.startsWith("1 "),
    );
  };
  await eventually("the mirrors have it", level);
  return { KV_devices: await ofDevices(), TELEMETRY_us: await ofLog() };
}

const attempts = (deliveries: Deliveries): RawMessage[] => [
  ...records,
  ...requests(),
  ...injected("KV_devices", deliveries, "$KV.devices.evil"),
  ...injected("TELEMETRY_us", deliveries, "telemetry.us.0"),
];

test("eu's password is no other region's, and none of a client", async () => {
  await using world = await worldOf();
  for (const user of ["leaf-us", "admin", "sys", "aggregator", "steward", "console"]) {
    using leaf = await RawLeaf.connect(world.leafPort, user, PASSWORD);
    await eventually(`${user} is refused`, () => Promise.resolve(!leaf.isOpen));
    expect(leaf.errors.join()).toContain("Authorization Violation");
  }
  using own = await RawLeaf.connect(world.leafPort, "leaf-eu", PASSWORD);
  expect(own.isOpen).toBe(true);
});

test("whatever eu's leaf sends, the hub and us have what they had", async () => {
  await using world = await worldOf();
  const deliveries = await fill(world);
  const before = await stateOf(world);
  const tried = attempts(deliveries);
  // Newer servers close the connection at the first subject that is refused: each attempt has one.
  for (const message of tried) {
    using leaf = await RawLeaf.connect(world.leafPort, "leaf-eu", PASSWORD);
    leaf.say(message);
    await leaf.settled();
  }
  const connection = await world.hub.connect();
  const devices = await Bucket.open(connection, "devices");
  await devices.put("next", "{}");
  const devicesOf = ["hub", ...OUT, "us"].map((where) => `${where} KV_devices`);
  for (const name of devicesOf)
    before[name] = before[name]!.replace("1 messages, last 1", "2 messages, last 2");
  await eventually("us gets the next record", async () => {
    const now = await stateOf(world);
    return devicesOf.every((name) => now[name] === before[name]);
  });
  expect(await stateOf(world)).toEqual(before);
  const us = await Bucket.open(await world.region("us").connect(), "devices");
  expect(await us.get("evil")).toBeNull();
});

test("without the wall each kind of attempt does its harm", async () => {
  await using world = await worldOf(withoutWall);
  const deliveries = await fill(world);
  using leaf = await RawLeaf.connect(world.leafPort, "leaf-walls", PASSWORD);
  for (const message of [...injected("KV_devices", deliveries, "$KV.devices.evil"), ...records])
    leaf.say(message);
  await eventually("a device is forged at the hub", async () => {
    const devices = await Bucket.open(await world.hub.connect(), "devices");
    return (await devices.get("evil")) !== null;
  });
  await eventually("a command is forged", async () => {
    const state = await stateOf(world);
    return state["hub COMMANDS"]!.startsWith("1 ");
  });
  for (const message of requests()) leaf.say(message);
  await eventually("streams are gone", async () => !("hub KV_rules" in (await stateOf(world))));
});

test("eu's leaf hears nothing of us and of the hub's processes", async () => {
  const heardBy = async (world: NatsWorld, user: string, subjects: string[]): Promise<string[]> => {
    using leaf = await RawLeaf.connect(world.leafPort, user, PASSWORD);
    for (const subject of subjects) {
      if (!leaf.isOpen) break;
      leaf.hear(subject);
    }
    // Mirrors made anew tell the secrets of their consumers, a request its inbox.
    const us = world.region("us");
    await us.process.kill();
    await us.process.start();
    const devices = await Bucket.open(await world.hub.connect(), "devices");
    await devices.put("boiler", `{"secret":"of-us"}`);
    const usNow = await us.connect();
    await new FrameWriter({ region: "us", partition: 0 }, "g2").publish(usNow, [], 1);
    await eventually(
      "the mirrors go on",
      async () => {
        const state = await stateOf(world);
        return (
          state["us KV_devices"]?.startsWith("1 messages, last 2") === true &&
          state["hub TELEMETRY_us"]?.startsWith("2 ") === true
        );
      },
      60_000,
    );
    // Its own copies it hears, and the requests of the hub's.
    return leaf.heard
      .map(({ subject }) => subject)
      .filter((subject) => !/^(dlv\.eu\.|\$JS\.eu\.|\$JS\.FC\.\w+_eu\.)/.test(subject));
  };
  await using walled = await worldOf();
  await fill(walled);
  expect(await heardBy(walled, "leaf-eu", EVERYTHING)).toEqual([]);
  await using open = await worldOf(withoutWall);
  await fill(open);
  expect(await heardBy(open, "leaf-walls", ["$JSC.R.>", "dlv.us.>"])).not.toEqual([]);
}, 180_000);
