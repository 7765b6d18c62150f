// Goal: subscriptions, queued QoS 1/2 messages, QoS 2 identifiers, retained messages and wills
// survive `kill -9` of the broker, with their MQTT 5 properties, and expire when they must.
// Method: our broker in a child process on a temporary directory, killed with SIGKILL right after
// the answers that promise something.
import type { IConnackPacket, IPublishPacket } from "mqtt-packet";
import { expect, onTestFinished, test, vi } from "vitest";
import { eventually } from "../support/eventually.ts";
import type { Broker } from "../../gateway/broker/broker.ts";
import { asRecords, startTestBroker } from "../support/mqtt-broker.ts";
import { startServedBroker } from "../support/mqtt-child.ts";
import { RawClient, connectPacket, publishPacket } from "../support/mqtt-client.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const properties = {
  contentType: "application/json",
  responseTopic: "replies/1",
  correlationData: Buffer.from([1, 2, 3]),
  payloadFormatIndicator: true,
  userProperties: { traceparent: "00-1-2-01", list: ["a", "b"] },
};

const sleeper = {
  protocolVersion: 5 as const,
  clientId: "sleeper",
  clean: false,
  properties: { sessionExpiryInterval: 3600 },
};

async function subscribed(client: RawClient, topic: string, qos: 0 | 1 | 2): Promise<void> {
  client.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic, qos }] });
  await client.until((packet) => packet.cmd === "suback");
}

const publishes = (client: RawClient): IPublishPacket[] => client.of<IPublishPacket>("publish");

test("kill -9: subscriptions, queued and retained messages come back with their properties", async () => {
  await using directory = await temporaryDirectory();
  const options = { dataDirectory: directory.path };
  await using before = await startServedBroker(options);
  {
    using client = await RawClient.connect(before.port, sleeper);
    await subscribed(client, "queue/#", 2);
  }
  using publisher = await RawClient.connect(before.port, {
    protocolVersion: 5,
    clientId: "publisher",
  });
  const expiring = { ...properties, messageExpiryInterval: 60 };
  publisher.send(
    publishPacket({ topic: "queue/1", payload: "one", messageId: 1, properties: expiring }),
    publishPacket({ topic: "queue/2", payload: "two", messageId: 2 }),
    publishPacket({
      topic: "queue/3",
      payload: "late",
      messageId: 3,
      properties: { messageExpiryInterval: 1 },
    }),
    publishPacket({
      topic: "kept/1",
      payload: "kept",
      messageId: 4,
      retain: true,
      properties: expiring,
    }),
    publishPacket({
      topic: "kept/2",
      payload: "gone",
      messageId: 5,
      retain: true,
      properties: { messageExpiryInterval: 1 },
    }),
  );
  await publisher.until((packet) => packet.cmd === "puback" && packet.messageId === 5);
  await before.kill("SIGKILL");
  // Two of the five have expired by its clock.
  await using after = await startServedBroker({ ...options, clockAheadMs: 1200 });
  using client = await RawClient.connect(after.port, sleeper);
  expect(client.packets[0] as IConnackPacket).toMatchObject({ sessionPresent: true });
  await client.until(() => publishes(client).length === 2);
  client.send({ cmd: "subscribe", messageId: 2, subscriptions: [{ topic: "kept/+", qos: 0 }] });
  await client.until(() => publishes(client).length === 3);
  await client.settle();
  const [one, two, kept] = publishes(client);
  expect(publishes(client)).toHaveLength(3);
  expect(one).toMatchObject({ topic: "queue/1", qos: 1, retain: false });
  expect(one!.payload.toString()).toBe("one");
  expect(two!.payload.toString()).toBe("two");
  expect(kept).toMatchObject({ topic: "kept/1", retain: true });
  for (const packet of [one, kept]) {
    const { messageExpiryInterval, userProperties, ...rest } = packet!.properties!;
    const { userProperties: sentUser, ...sent } = properties;
    expect(rest).toEqual(sent);
    expect({ ...userProperties }).toEqual(sentUser);
    expect(messageExpiryInterval).toBeLessThan(60);
    expect(messageExpiryInterval).toBeGreaterThan(30);
  }
});

test("kill -9 in the middle of deliveries: they are repeated under their identifiers, QoS 2 once", async () => {
  await using directory = await temporaryDirectory();
  const options = { dataDirectory: directory.path };
  await using before = await startServedBroker(options);
  using first = await RawClient.connect(before.port, sleeper);
  await subscribed(first, "t", 2);
  using publisher = await RawClient.connect(before.port, { clientId: "publisher" });
  publisher.send(
    publishPacket({ qos: 1, messageId: 1, payload: "1" }),
    publishPacket({ qos: 2, messageId: 2, payload: "2" }),
    publishPacket({ qos: 2, messageId: 3, payload: "3" }),
  );
  await first.until(() => publishes(first).length === 3);
  const [one, two, three] = publishes(first).map(({ messageId }) => messageId!);
  first.send({ cmd: "pubrec", messageId: two! });
  await first.until((packet) => packet.cmd === "pubrel" && packet.messageId === two);
  await first.settle();
  await before.kill("SIGKILL");

  await using after = await startServedBroker(options);
  using again = await RawClient.connect(after.port, sleeper);
  await again.until((packet) => packet.cmd === "pubrel");
  await again.until(() => publishes(again).length === 2);
  expect(publishes(again)).toMatchObject([
    { messageId: one, dup: true, qos: 1 },
    { messageId: three, dup: true, qos: 2 },
  ]);
  again.send(
    { cmd: "puback", messageId: one! },
    { cmd: "pubcomp", messageId: two! },
    { cmd: "pubrec", messageId: three! },
  );
  await again.until((packet) => packet.cmd === "pubrel" && packet.messageId === three);
  again.send({ cmd: "pubcomp", messageId: three! });
  await again.settle();
  again.socket.destroy();
  using last = await RawClient.connect(after.port, sleeper);
  await last.settle();
  expect(last.packets.map(({ cmd }) => cmd)).toEqual(["connack", "pingresp"]);
});

test("kill -9 between PUBREC and PUBREL: the re-send is answered and not handed over again", async () => {
  await using directory = await temporaryDirectory();
  const options = { dataDirectory: directory.path, report: true };
  await using before = await startServedBroker(options);
  const publisher = { ...sleeper, clientId: "publisher" };
  using first = await RawClient.connect(before.port, publisher);
  first.send(publishPacket({ qos: 2, messageId: 5, payload: "once" }));
  await first.until((packet) => packet.cmd === "pubrec");
  await before.kill("SIGKILL");

  await using after = await startServedBroker(options);
  using again = await RawClient.connect(after.port, publisher);
  // It has no subscription; its identifiers alone make a session.
  expect(again.packets[0] as IConnackPacket).toMatchObject({ sessionPresent: true });
  again.send(publishPacket({ qos: 2, messageId: 5, payload: "once", dup: true }));
  await again.until((packet) => packet.cmd === "pubrec");
  again.send({ cmd: "pubrel", messageId: 5 });
  await again.until((packet) => packet.cmd === "pubcomp");
  again.send(publishPacket({ qos: 2, messageId: 5, payload: "next" }));
  await again.until(() => again.of("pubrec").length === 2);
  await eventually("the next one is handed over", () => after.messages.length > 0);
  expect(after.messages).toEqual([{ handed: "next" }]);
});

test("kill -9: the will of a client that does not come back is published after the grace period", async () => {
  await using directory = await temporaryDirectory();
  const options = { dataDirectory: directory.path, limits: { willGraceMs: 700 } };
  await using before = await startServedBroker(options);
  const will = (payload: string): object => ({
    will: { topic: "wills", payload: Buffer.from(payload), qos: 1, retain: false },
  });
  const back = { clientId: "back", ...will("back") };
  using _lost = await RawClient.connect(before.port, { clientId: "lost", ...will("lost") });
  using _back = await RawClient.connect(before.port, back);
  await before.kill("SIGKILL");

  await using after = await startServedBroker(options);
  using subscriber = await RawClient.connect(after.port, { clientId: "subscriber" });
  await subscribed(subscriber, "wills", 1);
  using _again = await RawClient.connect(after.port, back);
  await subscriber.until((packet) => packet.cmd === "publish");
  await subscriber.settle();
  expect(publishes(subscriber).map(({ payload }) => payload.toString())).toEqual(["lost"]);
});

test("sessions end: by Clean Start, by their expiry, and at the latest after the limit", async () => {
  const limits = { sessionExpirySecondsMax: 1 };
  await using world = await startTestBroker({ limits });
  using first = await RawClient.connect(world.port, sleeper);
  expect((first.packets[0] as IConnackPacket).properties?.sessionExpiryInterval).toBe(1);
  await subscribed(first, "t", 1);
  first.send({ cmd: "disconnect", reasonCode: 0 });
  await first.untilClosed();
  using second = await RawClient.connect(world.port, { ...sleeper });
  expect((second.packets[0] as IConnackPacket).sessionPresent).toBe(true);
  second.socket.destroy();
  using fresh = await RawClient.connect(world.port, { ...sleeper, clean: true });
  expect((fresh.packets[0] as IConnackPacket).sessionPresent).toBe(false);
  fresh.socket.destroy();
  await expect.poll(() => world.broker.counters.connections).toBe(0);
  // It has ended by the clock, whether or not it has been cleared away by then.
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 1100 });
  onTestFinished(() => void vi.useRealTimers());
  using late = await RawClient.connect(world.port, sleeper);
  expect((late.packets[0] as IConnackPacket).sessionPresent).toBe(false);
});

test("sessions beyond the bound for absent clients end when their client leaves", async () => {
  await using world = await startTestBroker({ limits: { pendingSessionsMax: 1 } }, asRecords);
  for (const clientId of ["a", "b"]) {
    using client = await RawClient.connect(world.port, { clientId, clean: false });
    await subscribed(client, "t", 1);
    client.send({ cmd: "disconnect" });
    await client.untilClosed();
  }
  expect(world.broker.counters.dropped).toEqual({ session_quota: 1 });
  const present: boolean[] = [];
  for (const clientId of ["b", "a"]) {
    using client = await RawClient.connect(world.port, { clientId, clean: false });
    present.push((client.packets[0] as IConnackPacket).sessionPresent);
  }
  expect(present).toEqual([false, true]);
});

test("an MQTT 3.1 client resumes its session, and hears of it in no reserved byte", async () => {
  await using world = await startTestBroker();
  const old = { protocolVersion: 3 as const, clientId: "old", clean: false };
  {
    using client = await RawClient.connect(world.port, old);
    await subscribed(client, "t", 1);
  }
  using publisher = await RawClient.connect(world.port, { clientId: "publisher" });
  publisher.send(publishPacket());
  await publisher.until(({ cmd }) => cmd === "puback");
  {
    using again = await RawClient.connect(world.port, old);
    expect((again.packets[0] as IConnackPacket).sessionPresent).toBe(false);
    await again.until(({ cmd }) => cmd === "publish");
  }
  // The id is free of it afterwards.
  using newer = await RawClient.connect(world.port, { clientId: "old", clean: false });
  expect((newer.packets[0] as IConnackPacket).sessionPresent).toBe(true);
});

test("a second connection takes the session over, and the first is told so", async () => {
  await using world = await startTestBroker();
  using first = await RawClient.connect(world.port, sleeper);
  await subscribed(first, "t", 1);
  using second = await RawClient.connect(world.port, sleeper);
  expect(await first.until((packet) => packet.cmd === "disconnect")).toMatchObject({
    reasonCode: 0x8e,
  });
  await first.untilClosed();
  await world.broker.publish("t", "x", { retain: false });
  await second.until((packet) => packet.cmd === "publish");
  expect(world.broker.counters.connections).toBe(1);
});

test("a queue for an absent client is bounded, and what is dropped is counted", async () => {
  await using world = await startTestBroker({ limits: { queuedMessagesMax: 5 } });
  using client = await RawClient.connect(world.port, sleeper);
  await subscribed(client, "t", 1);
  client.socket.destroy();
  await expect.poll(() => world.broker.counters.connections).toBe(0);
  for (let index = 0; index < 8; index++)
    await world.broker.publish("t", `${index}`, { retain: false });
  expect(world.broker.counters.dropped).toEqual({ queue_full: 3 });
  using again = await RawClient.connect(world.port, sleeper);
  await again.until(() => publishes(again).length === 5);
  expect(publishes(again).map(({ payload }) => payload.toString())).toEqual([
    "0",
    "1",
    "2",
    "3",
    "4",
  ]);
});

test("what waits for all absent clients together is bounded, and for one, through restarts and when a session ends", async () => {
  await using directory = await temporaryDirectory();
  const options = {
    dataDirectory: directory.path,
    // Room for four messages of 744 bytes with their 256 besides.
    limits: { queuedBytesOfAllMax: 4000 },
  };
  const publishEight = async ({ broker }: { broker: Broker }): Promise<void> => {
    for (let index = 0; index < 8; index++)
      await broker.publish("t", Buffer.alloc(744), { retain: false });
  };
  {
    await using world = await startTestBroker(options, asRecords);
    for (const clientId of ["a", "b", "c"]) {
      using client = await RawClient.connect(world.port, { ...sleeper, clientId });
      await subscribed(client, "t", 1);
      client.socket.destroy();
    }
    await expect.poll(() => world.broker.counters.connections).toBe(0);
    await publishEight(world);
    // Two for the first, which is half of the room, and one for each of the others.
    expect(world.broker.counters.dropped).toEqual({ device_queues_full: 6, queues_full: 14 });
  }
  await using again = await startTestBroker(options, asRecords);
  await publishEight(again);
  expect(again.broker.counters.dropped).toEqual({ device_queues_full: 8, queues_full: 16 });
  // The session of one of them ends, and its two places are free.
  using ended = await RawClient.connect(again.port, {
    ...connectPacket({ clientId: "a", clean: true }),
  });
  ended.socket.destroy();
  await expect.poll(() => again.broker.counters.connections).toBe(0);
  await publishEight(again);
  expect(again.broker.counters.dropped).toEqual({ device_queues_full: 22, queues_full: 16 });
  for (const clientId of ["b", "c"]) {
    using client = await RawClient.connect(again.port, { ...sleeper, clientId });
    await client.until(() => publishes(client).length === 2);
  }
});

test("a client that takes a frozen connection over and vanishes leaves its queue to the next", async () => {
  await using world = await startTestBroker({ limits: { drainTimeoutMs: 500 } });
  using frozen = await RawClient.connect(world.port, sleeper);
  await subscribed(frozen, "t", 1);
  frozen.socket.pause();
  const payload = Buffer.alloc(200_000);
  for (let index = 0; index < 40; index++)
    await world.broker.publish("t", payload, { retain: false });
  await new Promise((resolve) => setTimeout(resolve, 100));
  using hasty = await RawClient.open(world.port, 5);
  hasty.send(connectPacket(sleeper));
  await new Promise((resolve) => setTimeout(resolve, 50));
  hasty.socket.resetAndDestroy();
  await expect.poll(() => world.broker.counters.connections, { timeout: 5000 }).toBe(0);

  using again = await RawClient.connect(world.port, sleeper);
  expect((again.packets[0] as IConnackPacket).sessionPresent).toBe(true);
  for (let index = 0; index < 40; index++) {
    await again.until(() => publishes(again).length > index);
    again.send({ cmd: "puback", messageId: publishes(again)[index]!.messageId! });
  }
  expect(world.broker.counters.dropped).toEqual({});
});

test("what waits in sessions is told: how many, how much, and how full the fullest is", async () => {
  const limits = { queuedMessagesMax: 10 };
  await using world = await startTestBroker({ limits });
  const { broker, port } = world;
  {
    using client = await RawClient.connect(port, sleeper);
    await subscribed(client, "queue/#", 1);
    expect(broker.queues()).toMatchObject({ sessions: { connected: 1, away: 0 }, filled: 0 });
  }
  using publisher = await RawClient.connect(port, { protocolVersion: 5, clientId: "publisher" });
  for (const messageId of [1, 2, 3])
    publisher.send(publishPacket({ topic: "queue/1", payload: "12345", messageId }));
  await publisher.until((packet) => packet.cmd === "puback" && packet.messageId === 3);
  expect(broker.queues()).toEqual({
    sessions: { connected: 0, away: 1 },
    filled: 1,
    messages: 3,
    bytes: 3 * (5 + 256),
    fullest: 0.3,
  });
  using back = await RawClient.connect(port, sleeper);
  await back.until(() => publishes(back).length === 3);
  // Sent, and not acknowledged yet: they would be sent again.
  expect(broker.queues()).toMatchObject({ sessions: { connected: 1, away: 0 }, messages: 3 });
  for (const { messageId } of publishes(back)) back.send({ cmd: "puback", messageId: messageId! });
  await eventually("nothing waits", () => broker.queues().messages === 0);
  expect(broker.queues()).toMatchObject({ filled: 0, bytes: 0, fullest: 0 });
});
