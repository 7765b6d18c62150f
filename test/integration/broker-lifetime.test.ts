// Goal: the gateway hears of every session that opens and, exactly once, of how it ended.
// Method: our broker, raw MQTT packets, each way in which a connection can end.
import { expect, test } from "vitest";
import type { BrokerHandlers } from "../../gateway/broker/broker.ts";
import { startTestBroker } from "../support/mqtt-broker.ts";
import { RawClient, publishPacket } from "../support/mqtt-client.ts";
import { eventually } from "../support/eventually.ts";

const will = { topic: "w", payload: Buffer.from("gone"), qos: 0, retain: false } as const;

/** What was told, as `client state`. */
function record(): { told: string[]; handlers: Partial<BrokerHandlers> } {
  const told: string[] = [];
  return {
    told,
    handlers: {
      connected: ({ clientId }) => void told.push(`${clientId} connected`),
      disconnected: ({ clientId }, reason) => void told.push(`${clientId} ${reason}`),
    },
  };
}

test.each<[string, 4 | 5, object, (client: RawClient) => void, string]>([
  ["DISCONNECT", 4, { will }, (c) => c.send({ cmd: "disconnect" }), "disconnect"],
  ["0x00", 5, { will }, (c) => c.send({ cmd: "disconnect", reasonCode: 0 }), "disconnect"],
  ["0x04", 5, { will }, (c) => c.send({ cmd: "disconnect", reasonCode: 4 }), "will"],
  ["0x80", 5, { will }, (c) => c.send({ cmd: "disconnect", reasonCode: 0x80 }), "will"],
  ["a closed socket", 4, {}, (c) => c.socket.destroy(), "connection_lost"],
  ["a reset socket", 5, {}, (c) => c.socket.resetAndDestroy(), "connection_lost"],
  ["a closed socket with a will", 5, { will }, (c) => c.socket.destroy(), "will"],
  ["a reset socket with a will", 4, { will }, (c) => c.socket.resetAndDestroy(), "will"],
  [
    "a closed socket with a will for later",
    5,
    {
      properties: { sessionExpiryInterval: 60 },
      will: { ...will, properties: { willDelayInterval: 60 } },
    },
    (c) => c.socket.destroy(),
    "connection_lost",
  ],
  ["silence", 4, { keepalive: 1, will }, () => undefined, "keep_alive"],
  ["a packet only servers send", 5, {}, (c) => c.send({ cmd: "pingresp" }), "closed"],
])("%s on MQTT %d", async (_, protocolVersion, options, end, reason) => {
  const { told, handlers } = record();
  await using world = await startTestBroker({}, handlers);
  using client = await RawClient.connect(world.port, {
    clientId: "a",
    protocolVersion,
    ...options,
  });
  expect(told).toEqual(["a connected"]);
  end(client);
  await eventually("its end is told", () => told.length > 1);
  await eventually("it is gone", () => world.broker.counters.connections === 0);
  expect(told).toEqual(["a connected", `a ${reason}`]);
  const published = world.received.filter(({ publication }) => publication.topic === "w");
  expect(published).toHaveLength(
    "will" in options && ["will", "keep_alive"].includes(reason) ? 1 : 0,
  );
});

test.each([4, 5] as const)(
  "MQTT %d: who is taken over ends before its successor begins",
  async (protocolVersion) => {
    const { told, handlers } = record();
    await using world = await startTestBroker({}, handlers);
    const options = { clientId: "a", protocolVersion, will } as const;
    using first = await RawClient.connect(world.port, options);
    using second = await RawClient.connect(world.port, options);
    await first.untilClosed();
    await second.settle();
    expect(told).toEqual(["a connected", "a taken_over", "a connected"]);
  },
);

test("revoked, and the broker's own end", async () => {
  const { told, handlers } = record();
  await using world = await startTestBroker({}, handlers);
  using first = await RawClient.connect(world.port, { clientId: "a", protocolVersion: 5 });
  using second = await RawClient.connect(world.port, { clientId: "b" });
  expect(world.broker.disconnect(({ clientId }) => clientId === "a", "not_authorized")).toBe(1);
  await first.untilClosed();
  await world.broker[Symbol.asyncDispose]();
  await second.untilClosed();
  expect(told).toEqual(["a connected", "b connected", "a closed", "b shutdown"]);
});

test("a refused CONNECT opens nothing; an empty client id is told as the one that it got", async () => {
  const { told, handlers } = record();
  await using world = await startTestBroker({ limits: { connectionsMax: 1 } }, handlers);
  using first = await RawClient.connect(world.port, { clientId: "" });
  using refused = await RawClient.connect(world.port, { clientId: "b" });
  await refused.untilClosed();
  await first.settle();
  expect(told).toHaveLength(1);
  expect(told[0]).toMatch(/^aedes_.+ connected$/);
});

test("handlers that throw cost no packet", async () => {
  const fail = (): never => {
    throw new Error("no");
  };
  await using world = await startTestBroker({}, { connected: fail, disconnected: fail });
  for (let round = 0; round < 2; round++) {
    using client = await RawClient.connect(world.port, { clientId: "a" });
    client.send(publishPacket(), { cmd: "disconnect" });
    await client.untilClosed();
    await eventually("it is gone", () => world.broker.counters.connections === 0);
  }
  expect(world.received).toHaveLength(2);
});

test("storms of takeovers and cut CONNECTs: every beginning has one end, in turn", async () => {
  const open = new Set<object>();
  let wrong = 0;
  let begun = 0;
  await using world = await startTestBroker(
    {},
    {
      connected: (client) => {
        begun += 1;
        if (open.has(client)) wrong += 1;
        open.add(client);
      },
      disconnected: (client) => {
        if (!open.delete(client)) wrong += 1;
      },
    },
  );
  for (let round = 0; round < 40; round++) {
    const clients = await Promise.all(
      [0, 1, 2].map(() => RawClient.open(world.port, round % 2 ? 5 : 4)),
    );
    for (const client of clients) {
      const connect = { cmd: "connect", protocolId: "MQTT", clean: true, keepalive: 0 } as const;
      client.send({ ...connect, protocolVersion: client.protocolVersion, clientId: "a" });
      if (round % 4 > 1) await new Promise(setImmediate);
    }
    if (round % 3) await clients[0]!.until(({ cmd }) => cmd === "connack").catch(() => undefined);
    for (const client of clients) client[Symbol.dispose]();
  }
  await eventually("all are gone", () => world.broker.counters.connections === 0);
  await eventually("all have ended", () => open.size === 0);
  expect(begun).toBeGreaterThan(20);
  expect(wrong).toBe(0);
});
