// Goal: the limits hold for whoever oversteps them, and for nobody else; the rules of MQTT about
// identifiers, keep-alive, aliases, retained messages and expiry are kept.
// Method: raw sockets against a broker with small limits.
import type { IConnackPacket, IPublishPacket, Packet, QoS } from "mqtt-packet";
import { expect, onTestFinished, test, vi } from "vitest";
import { asRecords, startTestBroker } from "../support/mqtt-broker.ts";
import { RawClient, connectPacket, publishPacket } from "../support/mqtt-client.ts";

const connack = (client: RawClient): IConnackPacket => client.packets[0] as IConnackPacket;
const published = (client: RawClient): string[] =>
  client.of<IPublishPacket>("publish").map(({ payload }) => payload.toString());
const subscription = (
  topic: string,
  qos: QoS = 0,
  more: object = {},
): { cmd: "subscribe"; messageId: number; subscriptions: { topic: string; qos: QoS }[] } => ({
  cmd: "subscribe",
  messageId: 1,
  subscriptions: [{ topic, qos, ...more }],
});
const subscribed = (client: RawClient): Promise<Packet> =>
  client.until((packet) => packet.cmd === "suback");

test("connections: one too many is refused with its reason, a takeover is not", async () => {
  await using world = await startTestBroker({ limits: { connectionsMax: 1 } });
  using _first = await RawClient.connect(world.port, { clientId: "first" });
  using second = await RawClient.connect(world.port, { clientId: "second", protocolVersion: 5 });
  expect(connack(second).reasonCode).toBe(0x97);
  using third = await RawClient.connect(world.port, { clientId: "third" });
  expect(connack(third).returnCode).toBe(3);
  using again = await RawClient.connect(world.port, { clientId: "first" });
  expect(connack(again).returnCode).toBe(0);
  expect(world.broker.counters.refused).toEqual({ connections: 2 });
});

test("packet size: an oversized packet ends its connection before its body is collected", async () => {
  await using world = await startTestBroker({ limits: { packetBytesMax: 1000 } });
  using client = await RawClient.connect(world.port, { protocolVersion: 5 });
  expect(connack(client).properties?.maximumPacketSize).toBe(1000);
  const bytes = client.bytes(publishPacket({ payload: "x".repeat(5000) }));
  client.socket.write(bytes.subarray(0, 20));
  expect(await client.until((packet) => packet.cmd === "disconnect")).toMatchObject({
    reasonCode: 0x95,
  });
  using early = await RawClient.open(world.port);
  early.socket.write(Buffer.from([0x10, 0xff, 0xff, 0x7f]));
  await early.untilClosed();
  expect(world.received).toEqual([]);
});

test("publish rate: a client over it is slowed down, not disconnected, and loses nothing", async () => {
  const limits = { publishRatePerSecond: 100, publishBurst: 50 };
  await using world = await startTestBroker({ limits }, asRecords);
  using fast = await RawClient.connect(world.port, { clientId: "fast", keepalive: 1 });
  using other = await RawClient.connect(world.port, { clientId: "other" });
  const startedMs = performance.now();
  const payload = "x".repeat(1000); // So that the bound is looked at within the burst.
  for (let messageId = 1; messageId <= 150; messageId++)
    fast.send(publishPacket({ messageId, payload }));
  await other.settle();
  await fast.until((packet) => packet.messageId === 150, { timeoutMs: 10_000 });
  expect(performance.now() - startedMs).toBeGreaterThan(700);
  expect(world.broker.counters.paused.rate).toBeGreaterThan(0);
  expect(world.broker.counters.closed).toEqual({});
});

test("topics and filters: malformed ones end the connection, too deep ones get their code", async () => {
  await using world = await startTestBroker({ limits: { topicLevelsMax: 3, subscriptionsMax: 2 } });
  const codeOf = async (packet: Packet): Promise<unknown> => {
    using client = await RawClient.connect(world.port, { protocolVersion: 5 });
    client.send(packet);
    const { reasonCode } = await client.until<Packet & { reasonCode: number }>(
      ({ cmd }) => cmd === "disconnect",
    );
    return reasonCode;
  };
  expect(await codeOf(publishPacket({ topic: "a/b/c/d" }))).toBe(0x90);
  for (const topic of ["a/+/b", "#", "a\0b"])
    expect(await codeOf(publishPacket({ topic })), topic).toBe(0x81);
  for (const filter of ["a#", "+a", "a/#/b", ""])
    expect(await codeOf(subscription(filter)), filter).toBe(0x81);
  using client = await RawClient.connect(world.port, { protocolVersion: 5 });
  const filters = ["a/b/c/d", "ok", "ok/+", "more"];
  client.send({
    cmd: "subscribe",
    messageId: 1,
    subscriptions: filters.map((topic) => ({ topic, qos: 1 as const })),
  });
  const { granted } = (await subscribed(client)) as Packet & { granted: number[] };
  expect(granted).toEqual([0x8f, 1, 1, 0x97]);
});

test("client ids: an empty one is assigned where the version allows it", async () => {
  await using world = await startTestBroker({ limits: { clientIdBytesMax: 20 } });
  using modern = await RawClient.connect(world.port, { clientId: "", protocolVersion: 5 });
  const assigned = connack(modern).properties?.assignedClientIdentifier;
  expect(assigned).toMatch(/./);
  modern.send(publishPacket());
  await world.untilReceived(1);
  expect(world.received[0]!.publication.clientId).toBe(assigned);
  using clean = await RawClient.connect(world.port, { clientId: "", clean: true });
  expect(connack(clean).returnCode).toBe(0);
  using durable = await RawClient.open(world.port);
  durable.socket.write(Buffer.from("100c00044d5154540400000000000000".slice(0, 28), "hex"));
  await durable.until((packet) => packet.cmd === "connack");
  expect(connack(durable).returnCode).toBe(2);
  for (const clientId of ["x".repeat(21), "a\u0001b"]) {
    using long = await RawClient.connect(world.port, { clientId, protocolVersion: 5 });
    expect(connack(long).reasonCode).toBe(0x85);
  }
});

test("protocol version: an unknown one is answered before hanging up", async () => {
  await using world = await startTestBroker();
  using client = await RawClient.open(world.port);
  client.socket.write(Buffer.from("100c00044d51545409020000000000", "hex").subarray(0, 14));
  await client.until((packet) => packet.cmd === "connack");
  expect(connack(client).returnCode).toBe(1);
  await client.untilClosed();
});

test("keep-alive: silence ends a connection, the server's own limit is announced", async () => {
  await using world = await startTestBroker({ limits: { keepAliveSecondsMax: 1 } });
  using silent = await RawClient.connect(world.port, { protocolVersion: 5, keepalive: 600 });
  expect(connack(silent).properties?.serverKeepAlive).toBe(1);
  using talking = await RawClient.connect(world.port, { clientId: "talking", keepalive: 1 });
  const pings = setInterval(() => talking.send({ cmd: "pingreq" }), 300);
  try {
    expect(await silent.until((packet) => packet.cmd === "disconnect")).toMatchObject({
      reasonCode: 0x8d,
    });
  } finally {
    clearInterval(pings);
  }
  await talking.settle();
});

test("a socket that never says CONNECT is closed", async () => {
  await using world = await startTestBroker({ limits: { connectTimeoutMs: 200 } });
  using client = await RawClient.open(world.port);
  await client.untilClosed();
});

test("topic aliases stand for their topic and are not forwarded; unknown ones are a violation", async () => {
  await using world = await startTestBroker();
  using subscriber = await RawClient.connect(world.port, { clientId: "s", protocolVersion: 5 });
  subscriber.send(subscription("#"));
  await subscribed(subscriber);
  using client = await RawClient.connect(world.port, { protocolVersion: 5 });
  const properties = { topicAlias: 3 };
  client.send(
    publishPacket({ topic: "long/topic", payload: "1", messageId: 1, properties }),
    publishPacket({ topic: "", payload: "2", messageId: 2, properties }),
  );
  await subscriber.until(() => published(subscriber).length === 2);
  expect(subscriber.of("publish")).toMatchObject([
    { topic: "long/topic" },
    { topic: "long/topic" },
  ]);
  expect(subscriber.of<IPublishPacket>("publish")[0]!.properties?.topicAlias).toBeUndefined();
  client.send(publishPacket({ topic: "", messageId: 3, properties: { topicAlias: 4 } }));
  expect(await client.until((packet) => packet.cmd === "disconnect")).toMatchObject({
    reasonCode: 0x82, // MQTT 5, 3.3.4
  });
});

test("retain handling, retain as published, no local, subscription identifiers, QoS of both sides", async () => {
  await using world = await startTestBroker();
  await world.broker.publish("r", "kept", { retain: true });
  using client = await RawClient.connect(world.port, { protocolVersion: 5 });
  const expectRetained = async (count: number, more: object): Promise<void> => {
    const from = client.packets.length;
    client.send(subscription("r", 0, more));
    await client.until((packet) => packet.cmd === "suback", { from });
    await client.settle();
    expect(published(client)).toHaveLength(count);
  };
  await expectRetained(0, { rh: 2 });
  await expectRetained(0, { rh: 1 });
  await expectRetained(1, { rh: 0 });
  expect(client.of("publish")[0]).toMatchObject({ retain: true, qos: 0 });

  client.send(
    { ...subscription("live/#", 1, { rap: true }), properties: { subscriptionIdentifier: 5 } },
    { ...subscription("live/+", 2), properties: { subscriptionIdentifier: 6 } },
    subscription("own", 0, { nl: true }),
    publishPacket({ topic: "own", qos: 0, payload: "own" }),
    publishPacket({ topic: "live/1", qos: 2, messageId: 9, payload: "live", retain: true }),
  );
  await client.until(() => published(client).length === 2);
  expect(client.of("publish")[1]).toMatchObject({
    retain: true,
    qos: 2,
    properties: { subscriptionIdentifier: [5, 6] },
  });
  await world.broker.publish("r", "", { retain: true });
  using late = await RawClient.connect(world.port, { clientId: "late" });
  late.send(subscription("r"));
  await subscribed(late);
  await late.settle();
  expect(published(late)).toEqual([]);
});

test("message expiry: what waited too long is not delivered", async () => {
  await using world = await startTestBroker();
  const sleeper = { clientId: "sleeper", clean: false };
  using first = await RawClient.connect(world.port, sleeper);
  first.send(subscription("t", 1));
  await subscribed(first);
  first.socket.destroy();
  await expect.poll(() => world.broker.counters.connections).toBe(0);
  using client = await RawClient.connect(world.port, { protocolVersion: 5 });
  client.send(
    publishPacket({ messageId: 1, payload: "short", properties: { messageExpiryInterval: 1 } }),
    publishPacket({ messageId: 2, payload: "long" }),
  );
  await client.until((packet) => packet.messageId === 2);
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 1100 });
  onTestFinished(() => void vi.useRealTimers());
  using again = await RawClient.connect(world.port, sleeper);
  await again.until((packet) => packet.cmd === "publish");
  await again.settle();
  expect(published(again)).toEqual(["long"]);
  expect(world.broker.counters.dropped).toEqual({ expired: 1 });
});

test("a will is admitted like any publish, and forgotten after a proper DISCONNECT", async () => {
  await using world = await startTestBroker(
    {},
    {
      publish: ({ topic }, settle) =>
        settle(topic.startsWith("$SYS/") ? { reason: "not_authorized", detail: "reserved" } : null),
    },
  );
  using subscriber = await RawClient.connect(world.port, { clientId: "s" });
  subscriber.send(subscription("#"), subscription("$SYS/#"));
  await subscribed(subscriber);
  const leave = async (topic: string, how: "close" | "disconnect"): Promise<void> => {
    const will = { topic, payload: Buffer.from(topic), qos: 1 as const, retain: false };
    using client = await RawClient.connect(world.port, { clientId: topic, will });
    if (how === "disconnect") client.send({ cmd: "disconnect" });
    else client.socket.end();
    await client.untilClosed();
  };
  await leave("$SYS/x", "close");
  await leave("polite", "disconnect");
  await leave("lost", "close");
  await subscriber.until((packet) => packet.cmd === "publish");
  await subscriber.settle();
  expect(published(subscriber)).toEqual(["lost"]);
});

test("a second CONNECT, a packet of servers, and a packet before CONNECT end the connection", async () => {
  await using world = await startTestBroker();
  for (const packet of [
    connectPacket({ protocolVersion: 5 }),
    { cmd: "pingresp" } as const,
    publishPacket({ messageId: 0 }),
  ]) {
    using client = await RawClient.connect(world.port, { protocolVersion: 5 });
    client.send(packet);
    await client.untilClosed();
  }
  using early = await RawClient.open(world.port);
  early.send(publishPacket());
  await early.untilClosed();
  expect(world.received).toEqual([]);
});

test("a payload that trips a bug in admission costs only its sender the connection", async () => {
  await using world = await startTestBroker(
    {},
    {
      publish: ({ payload }, settle) => {
        if (payload.toString() === "bug") throw new Error("a bug");
        settle(null);
      },
    },
  );
  using client = await RawClient.connect(world.port, { protocolVersion: 5 });
  client.send(publishPacket({ payload: "bug" }));
  expect(await client.until((packet) => packet.cmd === "disconnect")).toMatchObject({
    reasonCode: 0x83,
  });
  using other = await RawClient.connect(world.port);
  other.send(publishPacket());
  await other.until((packet) => packet.cmd === "puback");
  expect(world.broker.counters.publishesHeld).toBe(0);
});

test("clients that vanish in the middle of their CONNECT leave nothing behind", async () => {
  await using world = await startTestBroker();
  for (let index = 0; index < 200; index++) {
    using client = await RawClient.open(world.port);
    client.send(connectPacket({ clientId: `hasty-${index}`, clean: index % 2 === 0 }));
    if (index % 3 > 0) await new Promise((resolve) => setImmediate(resolve));
    if (index % 3 > 1) await new Promise((resolve) => setImmediate(resolve));
    client.socket.resetAndDestroy();
  }
  await expect.poll(() => world.broker.counters.connections).toBe(0);
  using late = await RawClient.connect(world.port, { clientId: "late" });
  await late.settle();
  expect(world.broker.counters.connections).toBe(1);
});

test("reject rate: a client with many rejects is read more slowly, loses none, and nobody else waits", async () => {
  const refusal = { reason: "payload_invalid", detail: "" } as const;
  await using world = await startTestBroker(
    { limits: { rejectRatePerSecond: 20, rejectBurst: 10 } },
    { ...asRecords, publish: (_message, settle) => settle(refusal) },
  );
  using fast = await RawClient.connect(world.port, { clientId: "fast" });
  using other = await RawClient.connect(world.port, { clientId: "other" });
  const startedMs = performance.now();
  for (let messageId = 1; messageId <= 30; messageId++) fast.send(publishPacket({ messageId }));
  await fast.until((packet) => packet.cmd === "puback" && packet.messageId === 30);
  await other.settle();
  const otherMs = performance.now() - startedMs;
  await fast.settle();
  expect(performance.now() - startedMs).toBeGreaterThan(900);
  expect(otherMs).toBeLessThan(900);
  expect(fast.of("puback")).toHaveLength(30);
  expect(world.broker.counters.paused).toHaveProperty("rejects");
});

test("one holder's bounds hold over all its client ids, and others have their own", async () => {
  const limits = { addressConnectionsMax: 2, deviceConnectionsMax: 2, deviceSubscriptionsMax: 3 };
  await using anonymous = await startTestBroker({ limits });
  using _first = await RawClient.connect(anonymous.port, { clientId: "a" });
  using _second = await RawClient.connect(anonymous.port, { clientId: "b" });
  using third = await RawClient.connect(anonymous.port, { clientId: "c", protocolVersion: 5 });
  expect(connack(third).reasonCode).toBe(0x97);
  using again = await RawClient.connect(anonymous.port, { clientId: "a" });
  expect(connack(again).returnCode).toBe(0);
  expect(anonymous.broker.counters.refused).toEqual({ address_connections: 1 });

  await using world = await startTestBroker({ limits }, asRecords);
  const granted = async (clientId: string, ...topics: string[]): Promise<unknown> => {
    const client = await RawClient.connect(world.port, { clientId, protocolVersion: 5 });
    onTestFinished(() => client[Symbol.dispose]());
    const subscriptions = topics.map((topic) => ({ topic, qos: 0 as const }));
    client.send({ cmd: "subscribe", messageId: 1, subscriptions });
    return ((await subscribed(client)) as Packet & { granted: number[] }).granted;
  };
  expect(await granted("boiler/1", "1", "2")).toEqual([0, 0]);
  expect(await granted("boiler/2", "3", "4", "3")).toEqual([0, 0x97, 0]);
  expect(await granted("pump", "4")).toEqual([0]);
  using refused = await RawClient.connect(world.port, { clientId: "boiler/3" });
  expect(connack(refused).returnCode).toBe(3);
  const { counters } = world.broker;
  expect(counters.filtersRefused).toEqual({ device_subscription_quota: 1 });
  expect(counters.refused).toEqual({ device_connections: 1 });
});

test("the publish rate is one of messages and KiB, over all client ids of a device", async () => {
  const limits = { publishRatePerSecond: 100, publishBurst: 100 };
  await using world = await startTestBroker({ limits }, asRecords);
  using one = await RawClient.connect(world.port, { clientId: "boiler/1" });
  using two = await RawClient.connect(world.port, { clientId: "boiler/2" });
  const startedMs = performance.now();
  one.send(publishPacket({ messageId: 1, payload: Buffer.alloc(150 * 1024) }));
  await one.until(({ cmd }) => cmd === "puback");
  two.send(publishPacket({ messageId: 1 }));
  await two.until(({ cmd }) => cmd === "puback");
  await two.settle();
  expect(performance.now() - startedMs).toBeGreaterThan(400);
  expect(world.broker.counters.paused.rate).toBe(2);
});
