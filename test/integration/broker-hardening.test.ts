// Goal: no gap of stock aedes 2.0.0-beta.1 is left open.
// Method: every hostile input goes first to stock aedes in a child process, where it must do its
// harm, and then to our broker, where it must not, while a bystander goes on publishing.
import type { IConnackPacket, IPublishPacket, Packet } from "mqtt-packet";
import { expect, test } from "vitest";
import { type ChildBroker, startStockAedes } from "../support/mqtt-child.ts";
import { startTestBroker } from "../support/mqtt-broker.ts";
import { RawClient, connectPacket, publishPacket } from "../support/mqtt-client.ts";

/** Inputs after which stock aedes' process is gone. */
const KILLERS: Record<string, (port: number) => Promise<void>> = {
  "a client id that is a name of Object.prototype": async (port) => {
    using client = await RawClient.open(port);
    client.send(connectPacket({ clientId: "constructor" }));
    await client.until((packet) => packet.cmd === "connack");
    await client.settle();
  },
  "PUBREL twice in one packet burst": async (port) => {
    using client = await RawClient.connect(port);
    client.send(publishPacket({ qos: 2, messageId: 7 }));
    await client.until((packet) => packet.cmd === "pubrec");
    client.send({ cmd: "pubrel", messageId: 7 }, { cmd: "pubrel", messageId: 7 });
    await client.until((packet) => packet.cmd === "pubcomp");
    await client.settle();
  },
  "a SUBSCRIBE to __proto__ among others": async (port) => {
    using client = await RawClient.connect(port, { protocolVersion: 5 });
    client.send({
      cmd: "subscribe",
      messageId: 1,
      subscriptions: [
        { topic: "__proto__", qos: 0 },
        { topic: "a", qos: 0 },
      ],
    });
    await client.until((packet) => packet.cmd === "suback");
  },
  "a SUBSCRIBE to names of Object.prototype": async (port) => {
    using client = await RawClient.connect(port, { clean: false });
    for (const topic of ["constructor", "toString", "__proto__"]) {
      client.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic, qos: 1 }] });
      client.send(publishPacket({ topic, qos: 1, messageId: 2 }));
      client.send({ cmd: "unsubscribe", messageId: 3, unsubscriptions: [topic] });
    }
    await client.settle();
  },
};

/** Alive, and serving: a fresh client gets its PUBACK. */
async function serves(port: number): Promise<boolean> {
  try {
    using bystander = await RawClient.connect(port, { clientId: "bystander" });
    bystander.send(publishPacket({ topic: "bystander", messageId: 1 }));
    await bystander.until((packet) => packet.cmd === "puback", { timeoutMs: 2000 });
    return true;
  } catch {
    return false;
  }
}

test.for(Object.entries(KILLERS))("survives %s", async ([, attack]) => {
  await using stock = await startStockAedes();
  await Promise.race([attack(stock.port).catch(() => undefined), stock.exited]);
  expect(await serves(stock.port)).toBe(false);

  await using ours = await startTestBroker();
  await attack(ours.port).catch(() => undefined);
  expect(await serves(ours.port)).toBe(true);
});

async function onBoth<T>(
  options: { receiveMaximum?: number },
  observe: (port: number) => Promise<T>,
): Promise<{ stock: T; ours: T }> {
  await using stock: ChildBroker = await startStockAedes({ aedes: options });
  await using ours = await startTestBroker({
    limits: options.receiveMaximum ? { inFlightMax: options.receiveMaximum } : {},
  });
  return { stock: await observe(stock.port), ours: await observe(ours.port) };
}

test("QoS 2 publishes that are never released are bounded by the Receive Maximum", async () => {
  const { stock, ours } = await onBoth({ receiveMaximum: 10 }, async (port) => {
    using client = await RawClient.connect(port, { protocolVersion: 5 });
    for (let messageId = 1; messageId <= 50; messageId++)
      client.send(publishPacket({ qos: 2, messageId }));
    await client
      .until((packet) => packet.cmd === "disconnect" || packet.messageId === 50)
      .catch(() => undefined);
    return client.of<Packet & { reasonCode: number }>("disconnect").map((p) => p.reasonCode);
  });
  expect(stock).toEqual([]);
  expect(ours).toEqual([0x93]);
});

test("a QoS 2 identifier of an ended session does not swallow the next session's publish", async () => {
  const { stock, ours } = await onBoth({}, async (port) => {
    using subscriber = await RawClient.connect(port, { clientId: "subscriber" });
    subscriber.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "t", qos: 0 }] });
    await subscriber.until((packet) => packet.cmd === "suback");
    for (const payload of ["first", "second"]) {
      using client = await RawClient.connect(port, { clientId: "publisher" });
      client.send(publishPacket({ qos: 2, messageId: 7, payload }));
      await client.until((packet) => packet.cmd === "pubrec");
      client.socket.destroy();
    }
    await subscriber.settle();
    return subscriber.of<IPublishPacket>("publish").map(({ payload }) => payload.toString());
  });
  expect(stock).toEqual(["first"]);
  expect(ours).toEqual(["first", "second"]);
});

test("resuming a session with expiry 0 still delivers what was queued", async () => {
  const { stock, ours } = await onBoth({}, async (port) => {
    const id = { protocolVersion: 5 as const, clientId: "sleeper" };
    using first = await RawClient.connect(port, {
      ...id,
      properties: { sessionExpiryInterval: 60 },
    });
    first.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "t", qos: 1 }] });
    await first.until((packet) => packet.cmd === "suback");
    first.socket.destroy();
    await first.untilClosed();
    using publisher = await RawClient.connect(port, { clientId: "publisher" });
    publisher.send(publishPacket({ payload: "queued" }));
    await publisher.until((packet) => packet.cmd === "puback");
    using again = await RawClient.connect(port, { ...id, clean: false });
    await again.settle();
    await again.settle();
    return again.of<IPublishPacket>("publish").length;
  });
  expect({ stock, ours }).toEqual({ stock: 0, ours: 1 });
});

test("a delayed will arrives after its delay, without the delay in it", async () => {
  const { stock, ours } = await onBoth({}, async (port) => {
    using subscriber = await RawClient.connect(port, { protocolVersion: 5, clientId: "s" });
    subscriber.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "w", qos: 0 }] });
    await subscriber.until((packet) => packet.cmd === "suback");
    using client = await RawClient.connect(port, {
      protocolVersion: 5,
      properties: { sessionExpiryInterval: 60 },
      will: {
        topic: "w",
        payload: Buffer.from("gone"),
        qos: 0,
        retain: false,
        properties: { willDelayInterval: 1, contentType: "text/plain" },
      },
    });
    client.socket.destroy();
    const will = await subscriber
      .until<IPublishPacket>((packet) => packet.cmd === "publish", { timeoutMs: 3000 })
      .catch(() => undefined);
    return will?.properties;
  });
  expect(stock).not.toEqual({ contentType: "text/plain" });
  expect(ours).toEqual({ contentType: "text/plain" });
});

test("a client's Maximum Packet Size is honoured", async () => {
  const { stock, ours } = await onBoth({}, async (port) => {
    using subscriber = await RawClient.connect(port, {
      protocolVersion: 5,
      clientId: "small",
      properties: { maximumPacketSize: 100 },
    });
    subscriber.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "t", qos: 1 }] });
    await subscriber.until((packet) => packet.cmd === "suback");
    using publisher = await RawClient.connect(port, { clientId: "publisher" });
    publisher.send(
      publishPacket({ payload: "x".repeat(200), messageId: 1 }),
      publishPacket({ payload: "small", messageId: 2 }),
    );
    await subscriber.until((packet) => (packet as IPublishPacket).payload?.toString() === "small");
    return subscriber.of<IPublishPacket>("publish").length;
  });
  expect({ stock, ours }).toEqual({ stock: 2, ours: 1 });
});

test("a client's Receive Maximum is honoured, and everything arrives in order in the end", async () => {
  const { stock, ours } = await onBoth({}, async (port) => {
    using subscriber = await RawClient.connect(port, {
      protocolVersion: 5,
      clientId: "narrow",
      properties: { receiveMaximum: 3 },
    });
    subscriber.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "t", qos: 1 }] });
    await subscriber.until((packet) => packet.cmd === "suback");
    using publisher = await RawClient.connect(port, { clientId: "publisher" });
    for (let messageId = 1; messageId <= 10; messageId++)
      publisher.send(publishPacket({ payload: `${messageId}`, messageId }));
    await publisher.until((packet) => packet.messageId === 10);
    await subscriber.settle();
    await subscriber.settle();
    const unacknowledged = subscriber.of("publish").length;
    for (let index = 0; index < 10; index++) {
      await subscriber.until(() => subscriber.of("publish").length > index);
      const { messageId } = subscriber.of<IPublishPacket>("publish")[index]!;
      subscriber.send({ cmd: "puback", messageId: messageId! });
    }
    const payloads = subscriber.of<IPublishPacket>("publish").map((p) => Number(p.payload));
    return { unacknowledged, payloads };
  });
  expect(stock.unacknowledged).toBe(10);
  expect(ours.unacknowledged).toBe(3);
  expect(ours.payloads).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});

test("a shared subscription is one on both versions, and a $share that is none is refused", async () => {
  const observe = async (port: number, protocolVersion: 4 | 5): Promise<unknown> => {
    using client = await RawClient.connect(port, { protocolVersion });
    client.send({
      cmd: "subscribe",
      messageId: 1,
      subscriptions: [
        { topic: "$share/group", qos: 1 },
        { topic: "$share/group/t", qos: 1 },
      ],
    });
    const suback = await client.until<Packet & { granted: number[] }>((p) => p.cmd === "suback");
    await client.settle();
    return suback.granted;
  };
  const v3 = await onBoth({}, (port) => observe(port, 4));
  expect(v3).toEqual({ stock: [1, 1], ours: [0x80, 1] });
  const v5 = await onBoth({}, (port) => observe(port, 5));
  expect(v5.ours).toEqual([0x8f, 1]);
});

test("a will that nobody could publish is refused at CONNECT", async () => {
  const observe = async (port: number, protocolVersion: 4 | 5): Promise<unknown> => {
    using client = await RawClient.open(port, protocolVersion);
    const will = { topic: "a/#", payload: Buffer.from("x"), qos: 0 as const, retain: false };
    client.send(connectPacket({ protocolVersion, will }));
    await expect.poll(() => client.closed || client.packets.length > 0).toBe(true);
    const answer = client.packets[0] as IConnackPacket | undefined;
    return answer ? (answer.reasonCode ?? answer.returnCode) : "closed";
  };
  // A topic name with a wildcard is malformed [MQTT-3.1.3-11]; on MQTT 3 that closes (3.1.1, 4.8).
  expect(await onBoth({}, (port) => observe(port, 5))).toEqual({ stock: 0, ours: 0x81 });
  expect(await onBoth({}, (port) => observe(port, 4))).toEqual({ stock: 0, ours: "closed" });
});

test("SUBACK has one code per filter, in their order", async () => {
  const { stock, ours } = await onBoth({}, async (port) => {
    using client = await RawClient.connect(port);
    client.send({
      cmd: "subscribe",
      messageId: 1,
      subscriptions: [
        { topic: "b", qos: 1 },
        { topic: "7", qos: 2 },
        { topic: "b", qos: 0 },
      ],
    });
    return (await client.until<Packet & { granted: number[] }>((p) => p.cmd === "suback")).granted;
  });
  expect(stock).toEqual([2, 0]);
  expect(ours).toEqual([1, 2, 0]);
});

test("a refused subscription is not stored with the granted ones", async () => {
  await using world = await startTestBroker(
    {},
    { authorizeSubscribe: (_, filter) => filter === "mine" },
  );
  const id = { clientId: "curious", clean: false };
  using first = await RawClient.connect(world.port, id);
  first.send({
    cmd: "subscribe",
    messageId: 1,
    subscriptions: [
      { topic: "mine", qos: 1 },
      { topic: "secret", qos: 1 },
    ],
  });
  const suback = await first.until<Packet & { granted: number[] }>((p) => p.cmd === "suback");
  expect(suback.granted).toEqual([1, 0x80]);
  first.socket.destroy();
  await expect.poll(() => world.broker.counters.connections).toBe(0);
  await world.broker.publish("secret", "s", { retain: false });
  await world.broker.publish("mine", "m", { retain: false });
  using again = await RawClient.connect(world.port, id);
  expect((again.packets[0] as IConnackPacket).sessionPresent).toBe(true);
  await again.until((packet) => packet.cmd === "publish");
  await again.settle();
  expect(again.of<IPublishPacket>("publish").map(({ topic }) => topic)).toEqual(["mine"]);
});
