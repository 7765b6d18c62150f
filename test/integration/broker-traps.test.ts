// Goal: holding acknowledgements until the durable write is done has four traps;
// none of them is left.
// Method: stock aedes with the write inside `authorizePublish`, as one would first write it, falls
// into each; our broker, with the same publishes held in the test's hands, does not.
import type { IPubackPacket, Packet } from "mqtt-packet";
import { expect, test } from "vitest";
import { startTestBroker } from "../support/mqtt-broker.ts";
import { startStockAedes } from "../support/mqtt-child.ts";
import { RawClient, connectClient, publishPacket } from "../support/mqtt-client.ts";

const IDS = [1, 2, 3, 4, 5];
const burst = IDS.map((messageId) => publishPacket({ messageId }));
const ackedIds = (client: RawClient): (number | undefined)[] =>
  client.of<IPubackPacket>("puback").map(({ messageId }) => messageId);

test("trap 1, order: a write that takes longer does not let later answers pass", async () => {
  await using stock = await startStockAedes({ write: "slow-first" });
  using naive = await RawClient.connect(stock.port);
  naive.send(...burst);
  await naive.until(() => naive.of("puback").length === IDS.length);
  expect(ackedIds(naive)).not.toEqual(IDS);

  await using world = await startTestBroker({}, { hold: true });
  using client = await RawClient.connect(world.port);
  client.send(...burst);
  await world.untilReceived(5);
  for (const { settle } of world.received.slice(1)) settle(null);
  await client.settle();
  expect(ackedIds(client)).toEqual([]);
  world.received[0]!.settle(null);
  await client.until(() => client.of("puback").length === IDS.length);
  expect(ackedIds(client)).toEqual(IDS);
});

test("trap 2, storage failure: nothing is answered, least of all 'drop it', and nobody is closed", async () => {
  await using stock = await startStockAedes({ write: "fails" });
  using naive = await RawClient.connect(stock.port, { protocolVersion: 5 });
  naive.send(publishPacket());
  const answer = await naive.until<Packet & { reasonCode: number }>((p) => p.cmd === "puback");
  expect(answer.reasonCode).toBe(0x87); // The device drops its data.

  await using world = await startTestBroker({}, { hold: true });
  using client = await RawClient.connect(world.port, { protocolVersion: 5, keepalive: 1 });
  client.send(publishPacket());
  await world.untilReceived(1);
  await client.settle();
  expect(client.of("puback")).toEqual([]);
  world.received[0]!.settle(null); // The store is back.
  const late = await client.until<Packet & { reasonCode: number }>((p) => p.cmd === "puback");
  expect(late.reasonCode ?? 0).toBe(0);
});

test("trap 3, QoS 2 re-send: what is stored or being stored is not written again", async () => {
  await using stock = await startStockAedes({ write: "slow-first" });
  using naive = await RawClient.connect(stock.port, { clean: false });
  naive.send(publishPacket({ qos: 2, messageId: 9 }));
  await naive.until((packet) => packet.cmd === "pubrec");
  naive.send(publishPacket({ qos: 2, messageId: 9, dup: true }));
  await naive.until(() => naive.of("pubrec").length === 2);
  expect(stock.messages).toEqual([{ writes: 1 }, { writes: 2 }]);

  await using world = await startTestBroker({}, { hold: true });
  const id = { clientId: "twice", clean: false };
  using first = await RawClient.connect(world.port, id);
  first.send(publishPacket({ qos: 2, messageId: 9 }));
  await world.untilReceived(1);
  first.socket.destroy();
  await expect.poll(() => world.broker.counters.connections).toBe(0);

  // Not stored yet: the re-send over a new connection joins the first one.
  using second = await RawClient.connect(world.port, id);
  second.send(publishPacket({ qos: 2, messageId: 9, dup: true }));
  await second.settle();
  expect(second.of("pubrec")).toEqual([]);
  world.received[0]!.settle(null);
  await second.until((packet) => packet.cmd === "pubrec");

  // Stored: answered at once, without asking anybody.
  second.send(publishPacket({ qos: 2, messageId: 9, dup: true }));
  await second.until(() => second.of("pubrec").length === 2);
  expect(world.received).toHaveLength(1);

  // Released: the identifier is free for another publish.
  second.send({ cmd: "pubrel", messageId: 9 });
  await second.until((packet) => packet.cmd === "pubcomp");
  second.send(publishPacket({ qos: 2, messageId: 9 }));
  await world.untilReceived(2);
});

test("QoS 1 re-send: one publish until its PUBACK is written, another one from then on", async () => {
  await using world = await startTestBroker({}, { hold: true });
  const id = { clientId: "bridge", clean: false };
  using first = await RawClient.connect(world.port, id);
  first.send(publishPacket({ qos: 1, messageId: 9 }), publishPacket({ qos: 1, messageId: 10 }));
  await world.untilReceived(2);
  // Impatient: over the same connection.
  first.send(publishPacket({ qos: 1, messageId: 9, dup: true }));
  await first.settle();
  first.socket.destroy();
  await expect.poll(() => world.broker.counters.connections).toBe(0);

  // One is not stored yet, the other is by now: neither had a PUBACK.
  world.received[0]!.settle(null);
  using second = await RawClient.connect(world.port, id);
  second.send(
    publishPacket({ qos: 1, messageId: 9, dup: true }),
    publishPacket({ qos: 1, messageId: 10, dup: true }),
  );
  await second.until((packet) => packet.cmd === "puback" && packet.messageId === 9);
  await second.settle();
  expect(second.of("puback")).toHaveLength(1);
  world.received[1]!.settle(null);
  await second.until((packet) => packet.cmd === "puback" && packet.messageId === 10);
  expect(world.received).toHaveLength(2);

  // [MQTT-4.3.2-5]: a new publish, whatever its DUP flag says.
  second.send(publishPacket({ qos: 1, messageId: 9, dup: true }));
  await world.untilReceived(3);
  second.send(publishPacket({ qos: 1, messageId: 10 }));
  await world.untilReceived(4);
});

test("trap 4, a stall: pings are answered while writes are outstanding", async () => {
  await using stock = await startStockAedes({ write: "never" });
  using naive = await RawClient.connect(stock.port);
  naive.send(...burst);
  await expect.poll(() => stock.messages.length).toBe(5);
  naive.send({ cmd: "pingreq" });
  await expect(
    naive.until((packet) => packet.cmd === "pingresp", { timeoutMs: 500 }),
  ).rejects.toThrow("timed out");

  await using world = await startTestBroker({}, { hold: true });
  using client = await RawClient.connect(world.port);
  client.send(...burst);
  await world.untilReceived(5);
  await client.settle();
});

test("past its in-flight bound a client is not read, not timed out, and goes on afterwards", async () => {
  await using world = await startTestBroker({ limits: { inFlightMax: 10 } }, { hold: true });
  using client = await RawClient.connect(world.port, { keepalive: 1 });
  using other = await RawClient.connect(world.port, { clientId: "other", keepalive: 1 });
  const payload = "x".repeat(10_000);
  const ids = Array.from({ length: 200 }, (_, index) => index + 1);
  client.send(...ids.map((messageId) => publishPacket({ messageId, payload })));
  await world.untilReceived(11);
  client.send({ cmd: "pingreq" });
  // Longer than the keep-alive, in which the other one, silent, is closed.
  await other.untilClosed(10_000);
  expect(world.broker.counters.closed).toEqual({ keep_alive: 1 });
  expect(world.received.length).toBeLessThan(20);
  expect(client.closed).toBe(false);
  expect(client.of("pingresp")).toEqual([]);

  for (let settled = 0; settled < 200; settled++) {
    await world.untilReceived(settled + 1);
    world.received[settled]!.settle(null);
  }
  await client.until((packet) => packet.cmd === "pingresp");
  expect(ackedIds(client)).toEqual(ids);
});

test("over the bound of all clients together, only those with something in flight wait", async () => {
  await using world = await startTestBroker(
    { limits: { heldBytesMax: 100_000, inFlightBytesMax: 1_000_000 } },
    { hold: true },
  );
  using heavy = await RawClient.connect(world.port, { clientId: "heavy" });
  const payload = "x".repeat(20_000);
  for (let messageId = 1; messageId <= 20; messageId++)
    heavy.send(publishPacket({ messageId, payload }));
  await expect.poll(() => world.broker.counters.paused).toEqual({ held_bytes: 1 });
  expect(world.broker.counters.publishesHeldBytes).toBeLessThan(150_000);
  await using idle = await connectClient(world.port, { clientId: "idle" });
  await idle.subscribeAsync("t");
  for (let settled = 0; settled < 20; settled++) {
    await world.untilReceived(settled + 1);
    world.received[settled]!.settle(null);
  }
  await heavy.until((packet) => packet.messageId === 20);
  expect(world.broker.counters.publishesHeldBytes).toBe(0);
});
