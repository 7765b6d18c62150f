// Goal: clients exchange ordinary messages through a gateway as through any broker, by rights, through `kill -9` and a
// store that fails; what is Skerry's own is never relayed, and telemetry is what it was.
// Method: a gateway process on a real region; mqtt.js, mosquitto_pub and raw clients; records written at the hub; a
// limit on the size of files that the kernel sets on the running process.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import type { MqttClient } from "mqtt";
import type { IPublishPacket } from "mqtt-packet";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Streams } from "../../platform/nats/client/streams.ts";
import { eventually } from "../support/eventually.ts";
import {
  type IdentityWorld,
  measuredValues,
  say,
  startIdentityWorld,
} from "../support/identity-world.ts";
import { RawClient, connectClient, connectPacket } from "../support/mqtt-client.ts";

const MAPPING = {
  name: "thermometers",
  topic: "zigbee2mqtt/{device}",
  contract: "measurement",
  when: [{ pointer: "/temperature" }],
  time: "arrival",
  fields: { value: { pointer: "/temperature" } },
};

let world: IdentityWorld;

beforeAll(async () => {
  world = await startIdentityWorld([MAPPING], { SKERRY_IGNORE: "zigbee2mqtt/quiet" });
});
afterAll(() => world[Symbol.asyncDispose]());

/** What a client hears: topic, payload and retain flag. */
function heardBy(client: MqttClient): string[] {
  const heard: string[] = [];
  client.on("message", (topic, payload, { retain }) =>
    heard.push(`${topic} ${payload.toString()}${retain ? " retained" : ""}`),
  );
  return heard;
}

const measured = (value: number): string => JSON.stringify({ ts: Date.now(), value });

const rejects = async (): Promise<number> =>
  (await new Streams(world.connection).state("REJECTS_eu")).messages;

test("Home Assistant hears of Zigbee2MQTT what it would from any broker, and readings are stored", async () => {
  const before = await rejects();
  await using bridge = await connectClient(world.port, { clientId: "zigbee2mqtt" });
  const config = "homeassistant/sensor/th1/config";
  await bridge.publishAsync(config, '{"name":"th1"}', { qos: 1, retain: true });
  await using home = await connectClient(world.port, { clientId: "home-assistant" });
  const heard = heardBy(home);
  await home.subscribeAsync(["homeassistant/#", "zigbee2mqtt/#"], { qos: 1 });
  await bridge.publishAsync("zigbee2mqtt/bridge/state", "online", { qos: 1 });
  await bridge.publishAsync("zigbee2mqtt/th1", '{"temperature":21.5}', { qos: 1 });
  await bridge.publishAsync("zigbee2mqtt/lamp", '{"state":"ON"}', { qos: 2 });
  await bridge.publishAsync("zigbee2mqtt/quiet", '{"temperature":99}', { qos: 1 });
  await expect
    .poll(() => heard)
    .toEqual([
      `${config} {"name":"th1"} retained`,
      "zigbee2mqtt/bridge/state online",
      'zigbee2mqtt/th1 {"temperature":21.5}',
      'zigbee2mqtt/lamp {"state":"ON"}',
      'zigbee2mqtt/quiet {"temperature":99}',
    ]);
  const commands = heardBy(bridge);
  await bridge.subscribeAsync("zigbee2mqtt/+/set");
  await home.publishAsync("zigbee2mqtt/lamp/set", '{"state":"OFF"}', { qos: 1 });
  await expect.poll(() => commands).toEqual(['zigbee2mqtt/lamp/set {"state":"OFF"}']);
  expect(await measuredValues(world.connection, "th1")).toEqual([21.5]);
  expect(await measuredValues(world.connection, "quiet")).toEqual([]);
  expect(await rejects()).toBe(before);
});

test("a reading that breaks its contract is a reject as ever, and subscribers get it all the same", async () => {
  const before = await rejects();
  await using home = await connectClient(world.port);
  const heard = heardBy(home);
  await home.subscribeAsync("zigbee2mqtt/#", { qos: 1 });
  const { client } = await world.login({ version: 5, clientId: "z2m" });
  expect(await say(client, { topic: "zigbee2mqtt/th2", payload: '{"temperature":"hot"}' })).toBe(
    0x99,
  );
  await expect.poll(() => heard).toEqual(['zigbee2mqtt/th2 {"temperature":"hot"}']);
  expect(await rejects()).toBe(before + 1);
});

test("properties of MQTT 5 come through, and the expiry as what is left of it", async () => {
  await using subscriber = await connectClient(world.port, { protocolVersion: 5 });
  const packets: IPublishPacket[] = [];
  subscriber.on("message", (_topic, _payload, packet) => packets.push(packet));
  await subscriber.subscribeAsync("rpc/#", { qos: 2 });
  await using publisher = await connectClient(world.port, { protocolVersion: 5 });
  const properties = {
    payloadFormatIndicator: true,
    messageExpiryInterval: 60,
    contentType: "application/json",
    responseTopic: "rpc/answers",
    correlationData: Buffer.from([0, 1, 254]),
    userProperties: { first: "1", twice: ["a", "b"] },
  };
  for (const qos of [0, 1, 2] as const)
    await publisher.publishAsync("rpc/ask", String(qos), { qos, properties });
  await expect.poll(() => packets.map(({ qos }) => qos)).toEqual([0, 1, 2]);
  for (const { properties: got } of packets) expect(got).toEqual(properties);
});

test("user properties keep their order, duplicates included, also for who is away", async () => {
  const pairs = [
    ...[
      ["b", "1"],
      ["10", "2"],
      ["a", "3"],
      ["b", "4"],
    ],
  ] as const;
  const text = (of: string): number[] => [0, of.length, ...Buffer.from(of)];
  const properties = pairs.flatMap(([name, value]) => [0x26, ...text(name), ...text(value)]);
  const wanted = Buffer.from(properties);
  const { client: away } = await world.login({ version: 5, clientId: "ordered", isKept: true });
  away.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "ordered/#", qos: 1 }] });
  await away.until(({ cmd }) => cmd === "suback");
  away.socket.destroy();
  await away.untilClosed();
  const { client: publisher } = await world.login({ version: 5, clientId: "in-order" });
  const body = [...text("ordered/t"), 0, 7, properties.length, ...properties, ...Buffer.from("x")];
  publisher.socket.write(Buffer.from([0x33, body.length, ...body])); // QoS 1, RETAIN.
  await publisher.until(({ cmd }) => cmd === "puback");
  await world.gateway.process.restart();
  for (const clientId of ["ordered", "ordered-later"]) {
    using client = await RawClient.open(world.port, 5);
    const chunks: Buffer[] = [];
    client.socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    const kept = { clean: false, properties: { sessionExpiryInterval: 60 } };
    client.send(connectPacket({ clientId, protocolVersion: 5, ...kept }));
    await client.until(({ cmd }) => cmd === "connack");
    // One has it in its queue, the other one is told what is retained.
    const subscriptions = [{ topic: "ordered/#", qos: 1 as const }];
    if (clientId !== "ordered") client.send({ cmd: "subscribe", messageId: 1, subscriptions });
    await client.until(({ cmd }) => cmd === "publish");
    expect(Buffer.concat(chunks).includes(wanted), clientId).toBe(true);
  }
});

test("what is Skerry's own is not relayed: nobody fakes an alert, a command to others, or $SYS", async () => {
  const secret = await world.put("meter", { relay: { publish: ["#"], subscribe: ["#"] } });
  await using listener = await connectClient(world.port, { protocolVersion: 5 });
  const heard = heardBy(listener);
  await listener.subscribeAsync(["#", "$SYS/#", "alerts/#", "devices/#"], { qos: 1 });
  const { client } = await world.login({ version: 5, clientId: "meter", as: "meter", secret });
  const denied = ["alerts/hot/boiler", "devices/pump/commands/1", "devices/pump/x", "$SYS/broker"];
  for (const [at, topic] of denied.entries())
    expect(await say(client, { topic, retain: true, messageId: at + 1 }), topic).toBe(0x87);
  // Its own name, and no telemetry: a reject, as before.
  expect(await say(client, { topic: "devices/meter/notes", messageId: 9 })).toBe(0x99);
  expect(await say(client, { topic: "notes/meter", messageId: 10 })).toBe(0);
  await expect.poll(() => heard.filter((one) => one !== "")).toContain("notes/meter x");
  expect(heard.filter((one) => /^(alerts|\$SYS|devices\/(pump|meter))\S* x/.test(one))).toEqual([]);
});

test("a record relays what it is granted, and its # hears nothing of Skerry's own", async () => {
  const secret = await world.put("anna", {
    relay: { publish: ["house/+/set"], subscribe: ["#", "+/+/set"] },
  });
  const plain = await world.put("plain");
  const { client } = await world.login({ version: 5, clientId: "anna", as: "anna", secret });
  const { client: other } = await world.login({
    version: 5,
    clientId: "plain",
    as: "plain",
    secret: plain,
  });
  const subscribe = async (who: typeof client, ...filters: string[]) => {
    const subscriptions = filters.map((topic) => ({ topic, qos: 1 as const, rh: 0 }));
    who.send({ cmd: "subscribe", messageId: 77, subscriptions });
    const suback = await who.until(({ cmd }) => cmd === "suback");
    return (suback as { granted: number[] }).granted;
  };
  await using boiler = await connectClient(world.port);
  await boiler.publishAsync("devices/boiler/telemetry/measurement", measured(1), {
    qos: 1,
    retain: true,
  });
  await boiler.publishAsync("house/hall", "before", { qos: 1, retain: true });
  expect(await subscribe(client, "#", "devices/#", "alerts/#", "$SYS/#")).toEqual([
    1, 0x87, 0x87, 0x87,
  ]);
  expect(await subscribe(other, "#", "house/#")).toEqual([0x87, 0x87]);
  expect(await say(client, { topic: "house/hall", messageId: 1 })).toBe(0x87);
  expect(await say(other, { topic: "house/hall/set", messageId: 1 })).toBe(0x87);
  expect(await say(client, { topic: "house/hall/set", messageId: 2 })).toBe(0);
  await boiler.publishAsync("devices/boiler/telemetry/measurement", measured(2), { qos: 1 });
  await boiler.publishAsync("house/last", "now", { qos: 1 });
  await client.until((packet) => (packet as IPublishPacket).topic === "house/last");
  const topics = client.of<IPublishPacket>("publish").map(({ topic }) => topic);
  expect(topics.filter((topic) => topic.startsWith("house/"))).toEqual([
    "house/hall",
    "house/hall/set",
    "house/last",
  ]);
  expect(topics.filter((topic) => topic.startsWith("devices/"))).toEqual([]);
});

test("$SYS tells those who may hear it: operators, observers, and whoever is let in without credentials", async () => {
  const wanted = "$SYS/broker/#";
  const granted = async (id: string, role: "observer" | "device") => {
    const secret = await world.put(id, { role });
    const client = await eventually("the region knows the record", async () => {
      const login = await world.login({ version: 5, clientId: id, as: id, secret });
      return login.code === 0 && login.client;
    });
    client.send({
      cmd: "subscribe",
      messageId: 5,
      subscriptions: [{ topic: wanted, qos: 0, rh: 0 }],
    });
    const suback = await client.until(({ cmd }) => cmd === "suback");
    return { client, code: (suback as { granted: number[] }).granted[0] };
  };
  expect((await granted("gauge", "device")).code).toBe(0x87);
  const { client, code } = await granted("watcher", "observer");
  expect(code).toBe(0);
  const version = await client.until<IPublishPacket>(
    (packet) => (packet as IPublishPacket).topic === "$SYS/broker/version",
  );
  expect(version.payload.toString()).toMatch(/^skerry version \d/);
  const connected = await client.until<IPublishPacket>(
    (packet) => (packet as IPublishPacket).topic === "$SYS/broker/clients/connected",
  );
  expect(connected.payload.toString()).toMatch(/^\d+$/);
  await using anybody = await connectClient(world.port);
  const heard = heardBy(anybody);
  await anybody.subscribeAsync("$SYS/broker/uptime");
  await expect.poll(() => heard[0]).toMatch(/^\$SYS\/broker\/uptime \d+ seconds retained$/);
});

test("mosquitto_pub and mosquitto_sub are any other client", async () => {
  const at = ["-h", "127.0.0.1", "-p", String(world.port)];
  const sub = spawn("mosquitto_sub", [
    ...at,
    "-V",
    "5",
    "-q",
    "2",
    "-t",
    "tools/#",
    "-C",
    "2",
    "-v",
    "-W",
    "20",
  ]);
  const ended = once(sub, "exit");
  let text = "";
  sub.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
  execFileSync("mosquitto_pub", [...at, "-q", "1", "-r", "-t", "tools/a", "-m", "kept"]);
  await eventually("it has subscribed", () => {
    execFileSync("mosquitto_pub", [...at, "-q", "2", "-t", "tools/b", "-m", "now"]);
    return sub.exitCode !== null;
  });
  expect(await ended).toEqual([0, null]);
  expect(text).toContain("tools/a kept\n");
});

/** A session that stays, of a client that has gone. */
async function away(clientId: string, filter: string): Promise<void> {
  const { client } = await world.login({ version: 5, clientId, isKept: true });
  client.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: filter, qos: 2 }] });
  await client.until(({ cmd }) => cmd === "suback");
  client.send({ cmd: "disconnect" });
  await client.untilClosed();
}

/** What waited for it, in the order of its coming. */
async function backWith(clientId: string, count: number): Promise<string[]> {
  const { client, sessionPresent } = await world.login({ version: 5, clientId, isKept: true });
  expect(sessionPresent).toBe(true);
  await eventually("all of it has come", () => {
    const got = client.of<IPublishPacket>("publish");
    for (const { messageId, qos } of got.slice(-256))
      client.send(
        qos === 1
          ? { cmd: "puback", messageId: messageId! }
          : { cmd: "pubrec", messageId: messageId! },
      );
    return got.length >= count;
  });
  client[Symbol.dispose]();
  return client.of<IPublishPacket>("publish").map(({ payload }) => payload.toString());
}

test.each([1, 2] as const)(
  "QoS %i: what was acknowledged waits for a session that is away, through kill -9 and retained too",
  async (qos) => {
    await away(`absent-${qos}`, `kept/${qos}/#`);
    const { client } = await world.login({ version: 4, clientId: `sender-${qos}` });
    const answered = new Set<number>();
    const ids = Array.from({ length: 120 }, (_, at) => at + 1);
    for (const messageId of ids)
      client.send({
        cmd: "publish",
        ...{ topic: `kept/${qos}/${messageId}`, payload: String(messageId), qos, messageId },
        ...{ retain: true, dup: false },
      });
    await client.until(
      ({ cmd, messageId }) => cmd === (qos === 1 ? "puback" : "pubrec") && messageId === 40,
    );
    await world.gateway.process.kill();
    for (const { messageId } of client.of(qos === 1 ? "puback" : "pubrec"))
      answered.add(messageId!);
    await world.gateway.process.start();
    expect(answered.size).toBeGreaterThanOrEqual(40);
    const got = new Set(await backWith(`absent-${qos}`, answered.size));
    expect([...answered].filter((id) => !got.has(String(id)))).toEqual([]);
    await using late = await connectClient(world.port);
    const heard = heardBy(late);
    await late.subscribeAsync(`kept/${qos}/#`, { qos: 1 });
    await expect.poll(() => heard.length).toBeGreaterThanOrEqual(answered.size);
    for (const id of answered) expect(heard).toContain(`kept/${qos}/${id} ${id} retained`);
  },
);

test("while the store cannot be written nothing relayed is acknowledged, readings are, and then it goes on", async () => {
  await away("absent-disk", "disk/#");
  const limit = (bytes: string): void =>
    void execFileSync("prlimit", ["--pid", String(world.gateway.process.pid), `--fsize=${bytes}`]);
  const { client } = await world.login({ version: 5, clientId: "sender-disk" });
  const { client: device } = await world.login({ version: 5, clientId: "room-disk" });
  limit("1:unlimited");
  try {
    client.send({
      cmd: "publish",
      topic: "disk/1",
      payload: "1",
      qos: 1,
      messageId: 1,
      retain: false,
      dup: false,
    });
    await client.untilClosed();
    expect(client.of("puback")).toEqual([]);
    expect(client.of("disconnect")).toMatchObject([{ reasonCode: 0x83 }]);
    expect(
      await say(device, {
        topic: "devices/room-disk/telemetry/measurement",
        payload: measured(7),
      }),
    ).toBe(0);
  } finally {
    limit("unlimited:unlimited");
  }
  const { client: again } = await world.login({ version: 5, clientId: "sender-disk" });
  expect(await say(again, { topic: "disk/1", payload: "1" })).toBe(0);
  expect(await measuredValues(world.connection, "room-disk")).toEqual([7]);
  await world.gateway.process.restart();
  expect(await backWith("absent-disk", 1)).toContain("1");
});

test("a relay subscriber that reads nothing delays nobody, and leaves room for what is ours", async () => {
  const { client: stuck } = await world.login({ version: 5, clientId: "stuck" });
  stuck.send({
    cmd: "subscribe",
    messageId: 1,
    subscriptions: [
      { topic: "flood/#", qos: 1 },
      { topic: "devices/room-flood/#", qos: 1 },
    ],
  });
  await stuck.until(({ cmd }) => cmd === "suback");
  await using other = await connectClient(world.port);
  const heard = heardBy(other);
  await other.subscribeAsync("flood/#", { qos: 0 });
  await using sender = await connectClient(world.port);
  const count = 2_000;
  await Promise.all(
    Array.from({ length: count }, (_, at) =>
      sender.publishAsync("flood/x", String(at), { qos: 1 }),
    ),
  );
  await expect.poll(() => heard.length).toBe(count);
  // It acknowledges nothing: 256 are on their way, further ones wait up to three quarters of its queue.
  await sender.publishAsync("devices/room-flood/telemetry/measurement", measured(3), { qos: 1 });
  const publishes = () => stuck.of<IPublishPacket>("publish");
  await eventually("the reading comes behind what was before it", () => {
    for (const { messageId } of publishes().slice(-256))
      stuck.send({ cmd: "puback", messageId: messageId! });
    return publishes().at(-1)!.topic.startsWith("devices/");
  });
  expect(publishes().length).toBeLessThanOrEqual(256 + 750 + 1);
});
