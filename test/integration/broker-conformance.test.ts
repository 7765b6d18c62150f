// Goal: the parts of MQTT that few clients use are as the standard and other brokers have them.
// Method: the broker, a raw client for each of them.
import type { IConnackPacket, IDisconnectPacket, IPublishPacket } from "mqtt-packet";
import { expect, test } from "vitest";
import { startTestBroker } from "../support/mqtt-broker.ts";
import { RawClient, connectClient, connectPacket } from "../support/mqtt-client.ts";

const subscribe = (topic: string, qos: 0 | 1 | 2 = 1, more: object = {}) => ({
  cmd: "subscribe" as const,
  messageId: 1,
  subscriptions: [{ topic, qos, rh: 0, ...more }],
});

const publishes = (client: RawClient): IPublishPacket[] => client.of<IPublishPacket>("publish");

test("CONNACK says what is so: shared subscriptions are to be had, and the terms are there", async () => {
  await using world = await startTestBroker({ limits: { keepAliveSecondsMax: 60 } });
  using client = await RawClient.connect(world.port, {
    protocolVersion: 5,
    clientId: "",
    keepalive: 120,
  });
  const { reasonCode, sessionPresent, properties } = client.packets[0] as IConnackPacket;
  expect([reasonCode, sessionPresent]).toEqual([0, false]);
  expect(properties).toEqual({
    assignedClientIdentifier: expect.stringMatching(/./) as string,
    serverKeepAlive: 60,
    receiveMaximum: 1024,
    maximumPacketSize: 262_144,
    topicAliasMaximum: 16,
  });
});

test("a topic that comes again is an alias for a client that takes some, anew for each connection", async () => {
  await using world = await startTestBroker();
  const connect = { clientId: "aliases", protocolVersion: 5 as const, clean: false };
  const properties = { topicAliasMaximum: 2, sessionExpiryInterval: 60 };
  using client = await RawClient.connect(world.port, { ...connect, properties });
  client.send(subscribe("#", 1));
  await client.until(({ cmd }) => cmd === "suback");
  for (const topic of ["a", "b", "a", "c", "b", "c"])
    await world.broker.publish(topic, topic, { retain: false });
  await client.until(() => publishes(client).length === 6);
  const seen = publishes(client).map(({ topic, payload, properties: of }) => [
    topic,
    payload.toString(),
    of?.topicAlias,
  ]);
  expect(seen).toEqual([
    ["a", "a", 1],
    ["b", "b", 2],
    ["", "a", 1],
    ["c", "c", undefined],
    ["", "b", 2],
    ["c", "c", undefined],
  ]);
  client.socket.destroy();
  using again = await RawClient.connect(world.port, { ...connect, properties });
  await again.until(() => publishes(again).length === 6);
  expect(publishes(again).map(({ topic, dup }) => [topic, dup])).toEqual([
    ["a", true],
    ["b", true],
    ["", true],
    ["c", true],
    ["", true],
    ["c", true],
  ]);
  using plain = await RawClient.connect(world.port, { clientId: "plain", protocolVersion: 5 });
  plain.send(subscribe("#", 0));
  await plain.until(({ cmd }) => cmd === "suback");
  for (let at = 0; at < 3; at++) await world.broker.publish("a", "x", { retain: false });
  await plain.until(() => publishes(plain).length === 3);
  for (const { topic, properties: of } of publishes(plain))
    expect([topic, of?.topicAlias]).toEqual(["a", undefined]);
});

test("a topic whose packet was not sent has no alias: the next one names it", async () => {
  await using world = await startTestBroker();
  using client = await RawClient.connect(world.port, {
    ...{ clientId: "small", protocolVersion: 5 },
    properties: { topicAliasMaximum: 2, maximumPacketSize: 60 },
  });
  client.send(subscribe("a", 0));
  await client.until(({ cmd }) => cmd === "suback");
  await world.broker.publish("a", "x".repeat(100), { retain: false });
  for (const payload of ["1", "2"]) await world.broker.publish("a", payload, { retain: false });
  await client.until(() => publishes(client).length === 2);
  expect(publishes(client).map(({ topic }) => topic)).toEqual(["a", ""]);
});

test("a bridge of before hears RETAIN as it was published, and nothing of its own", async () => {
  await using world = await startTestBroker();
  using bridge = await RawClient.open(world.port, 4);
  const bytes = bridge.bytes(connectPacket({ clientId: "bridge" }));
  bytes[bytes.indexOf("MQTT") + 4] = 0x84;
  bridge.socket.write(bytes);
  await bridge.until(({ cmd }) => cmd === "connack");
  bridge.send(subscribe("#", 0), {
    cmd: "publish",
    topic: "own",
    payload: "x",
    qos: 0,
    retain: false,
    dup: false,
  });
  await bridge.until(({ cmd }) => cmd === "suback");
  await using other = await connectClient(world.port);
  await other.publishAsync("kept", "1", { qos: 1, retain: true });
  await other.publishAsync("fleeting", "1", { qos: 1 });
  await bridge.until(() => publishes(bridge).length === 2);
  expect(publishes(bridge).map(({ topic, retain }) => [topic, retain])).toEqual([
    ["kept", true],
    ["fleeting", false],
  ]);
});

test("enhanced authentication is refused in its own words, and so is AUTH out of the blue", async () => {
  await using world = await startTestBroker();
  using client = await RawClient.open(world.port, 5);
  client.send(
    connectPacket({
      clientId: "a",
      protocolVersion: 5,
      properties: { authenticationMethod: "SCRAM-SHA-1", authenticationData: Buffer.from("n,,") },
    }),
  );
  await client.untilClosed();
  expect(client.packets).toMatchObject([{ cmd: "connack", reasonCode: 0x8c }]);
  using late = await RawClient.connect(world.port, { clientId: "b", protocolVersion: 5 });
  late.socket.write(Buffer.from([0xf0, 0x02, 0x18, 0x00]));
  await late.untilClosed();
  expect(late.of<IDisconnectPacket>("disconnect")).toMatchObject([{ reasonCode: 0x82 }]);
});

test("the last word reaches a client that goes on sending", async () => {
  await using world = await startTestBroker({ limits: { inFlightMax: 8 } });
  using client = await RawClient.connect(world.port, { clientId: "eager", protocolVersion: 5 });
  client.socket.pause();
  for (let messageId = 1; messageId <= 9; messageId++)
    client.send({
      ...{ cmd: "publish", topic: "t", payload: "x", qos: 2, messageId },
      ...{ retain: false, dup: false },
    });
  await expect.poll(() => world.broker.counters.closed).toEqual({ receive_maximum: 1 });
  // What comes behind the end of a connection resets a socket that is closed.
  for (let messageId = 1; messageId <= 8; messageId++) client.send({ cmd: "pubrel", messageId });
  client.send({ cmd: "pingreq" });
  await expect.poll(() => client.socket.bytesWritten > 0 && client.socket.writableLength).toBe(0);
  client.socket.resume();
  await client.untilClosed();
  expect(client.of<IDisconnectPacket>("disconnect")).toMatchObject([{ reasonCode: 0x93 }]);
});
