// Goal: of a shared subscription each message goes to one member, on every version; what a member leaves behind goes to
// another, and nothing is lost by it.
// Method: the broker with raw and mqtt.js clients; members that vanish with messages unacknowledged; a restart.
import type { IPublishPacket, ISubackPacket } from "mqtt-packet";
import { expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { startTestBroker } from "../support/mqtt-broker.ts";
import { RawClient, connectClient, connectPacket } from "../support/mqtt-client.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const FILTER = "$share/workers/jobs/#";

async function member(
  port: number,
  clientId: string,
  { version = 5, kept = false, qos = 1, filter = FILTER, identifier = 0 } = {},
): Promise<RawClient> {
  const client = await RawClient.open(port, version as 4 | 5);
  client.send(
    connectPacket({
      ...{ clientId, protocolVersion: version as 4 | 5, clean: !kept },
      ...(kept && version === 5 ? { properties: { sessionExpiryInterval: 600 } } : {}),
    }),
  );
  await client.until(({ cmd }) => cmd === "connack");
  client.send({
    cmd: "subscribe",
    messageId: 1,
    subscriptions: [{ topic: filter, qos: qos as 0 | 1 | 2, rh: 0 }],
    ...(identifier > 0 ? { properties: { subscriptionIdentifier: identifier } } : {}),
  });
  const { granted } = await client.until<ISubackPacket>(({ cmd }) => cmd === "suback");
  expect(granted).toEqual([qos]);
  return client;
}

const got = (client: RawClient): string[] =>
  client.of<IPublishPacket>("publish").map(({ payload }) => payload.toString());

const numbers = (count: number): string[] => Array.from({ length: count }, (_, at) => String(at));

/** Publishes each number on a topic of its own. */
async function publishAll(port: number, count: number, qos: 0 | 1 | 2 = 1): Promise<void> {
  await using publisher = await connectClient(port, { clientId: "publisher" });
  await Promise.all(
    numbers(count).map((text) => publisher.publishAsync(`jobs/${text}`, text, { qos })),
  );
}

test.each([4, 5])(
  "MQTT %i: each message goes to one member, and to every other subscriber",
  async (version) => {
    await using world = await startTestBroker();
    using a = await member(world.port, "a", { version });
    using b = await member(world.port, "b", { version, identifier: version === 5 ? 7 : 0 });
    using other = await member(world.port, "c", { version, filter: "$share/auditors/jobs/+" });
    using plain = await member(world.port, "d", { version, filter: "jobs/#" });
    await publishAll(world.port, 60);
    await eventually("all have come", () => got(plain).length === 60 && got(other).length === 60);
    const [first, second] = [got(a), got(b)];
    expect([...first, ...second].sort()).toEqual(numbers(60).sort());
    expect(Math.min(first.length, second.length)).toBeGreaterThan(10);
    if (version === 5)
      expect(b.of<IPublishPacket>("publish")[0]!.properties).toMatchObject({
        subscriptionIdentifier: 7,
      });
  },
);

test("what is retained is not sent on subscribing, and No Local is a protocol error", async () => {
  await using world = await startTestBroker();
  await using publisher = await connectClient(world.port);
  await publisher.publishAsync("jobs/1", "kept", { qos: 1, retain: true });
  using a = await member(world.port, "a");
  await a.settle();
  expect(got(a)).toEqual([]);
  a.send({
    cmd: "subscribe",
    messageId: 2,
    subscriptions: [{ topic: FILTER, qos: 1, nl: true, rh: 0 }],
  });
  await a.untilClosed();
  expect(a.of("disconnect")).toMatchObject([{ reasonCode: 0x82 }]);
});

test("in turns, where that is configured", async () => {
  await using world = await startTestBroker({ sharedStrategy: "round_robin" });
  using a = await member(world.port, "a");
  using b = await member(world.port, "b");
  await using publisher = await connectClient(world.port);
  for (const text of numbers(10)) await publisher.publishAsync("jobs/same", text, { qos: 1 });
  await eventually("all have come", () => got(a).length + got(b).length === 10);
  expect([got(a).length, got(b).length]).toEqual([5, 5]);
});

test.each([
  ["with its session", false],
  ["and may come back", true],
])("a member that goes %s leaves what it has not acknowledged to another", async (_, kept) => {
  await using world = await startTestBroker({ limits: { deliveriesInFlightMax: 5 } });
  using a = await member(world.port, "a", { kept });
  using b = await member(world.port, "b", { kept });
  await publishAll(world.port, 40);
  await eventually(
    "both have their windows full",
    () => got(a).length === 5 && got(b).length === 5,
  );
  const answered = got(a).slice(0, 2);
  for (const { messageId } of a.of<IPublishPacket>("publish").slice(0, 2))
    a.send({ cmd: "puback", messageId: messageId! });
  await a.settle();
  a.socket.destroy();
  const acknowledge = (): void => {
    for (const { messageId } of b.of<IPublishPacket>("publish").slice(-5))
      b.send({ cmd: "puback", messageId: messageId! });
  };
  await eventually("the other one has all the rest", () => {
    acknowledge();
    return new Set([...answered, ...got(b)]).size === 40;
  });
  expect(got(b)).toHaveLength(38);
  expect(world.broker.counters.dropped).toEqual({});
  if (!kept) return;
  using again = await member(world.port, "a", { kept });
  await again.settle();
  expect(got(again)).toEqual([]);
});

test("what was sent at QoS 2 waits for the member that has it, and the rest does not", async () => {
  await using world = await startTestBroker({ limits: { deliveriesInFlightMax: 3 } });
  using a = await member(world.port, "a", { kept: true, qos: 2 });
  await publishAll(world.port, 10, 2);
  await eventually("it has three", () => got(a).length === 3);
  a.send({ cmd: "pubrec", messageId: a.of<IPublishPacket>("publish")[0]!.messageId! });
  await a.until(({ cmd }) => cmd === "pubrel");
  using b = await member(world.port, "b", { qos: 1 });
  a.socket.destroy();
  await eventually("the rest has come", () => {
    for (const { messageId } of b.of<IPublishPacket>("publish").slice(-3))
      b.send({ cmd: "puback", messageId: messageId! });
    return new Set(got(b)).size === 7;
  });
  using again = await member(world.port, "a", { kept: true, qos: 2 });
  await again.until(({ cmd }) => cmd === "pubrel");
  await again.settle();
  expect([...got(again), ...got(b)].sort()).toEqual(
    numbers(10)
      .filter((one) => one !== got(a)[0])
      .sort(),
  );
});

test("with nobody there what comes waits for a member that may come back, through a restart, and dies with the last", async () => {
  await using directory = await temporaryDirectory();
  const dataDirectory = directory.path;
  {
    await using world = await startTestBroker({ dataDirectory });
    (await member(world.port, "a", { kept: true })).socket.destroy();
    (await member(world.port, "b")).socket.destroy();
    await eventually("they are gone", () => world.broker.counters.connections === 0);
    await publishAll(world.port, 20);
  }
  await using world = await startTestBroker({ dataDirectory });
  await publishAll(world.port, 1);
  using a = await member(world.port, "a", { kept: true });
  await eventually("all of it has come", () => got(a).length === 21);
  const reset = await RawClient.connect(world.port, {
    clientId: "a",
    protocolVersion: 5,
    clean: true,
  });
  reset.socket.destroy();
  expect(world.broker.counters.dropped).toEqual({});
});
