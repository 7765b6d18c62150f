// Goal: the promises broker.ts/B1 and broker.ts/B2, over real sockets.
// Method: publishes are held in the test's hands; clients are mqtt.js and raw sockets.
import type { IPubackPacket } from "mqtt-packet";
import { expect, test } from "vitest";
import { startBroker } from "../../gateway/broker/start-broker.ts";
import { startTestBroker } from "../support/mqtt-broker.ts";
import { RawClient, connectClient, publishPacket } from "../support/mqtt-client.ts";

test.for([4, 5] as const)("MQTT %i: PUBACK and PUBREC wait for settle", async (protocolVersion) => {
  await using world = await startTestBroker({}, { hold: true });
  using client = await RawClient.connect(world.port, { protocolVersion });
  client.send(publishPacket({ qos: 1, messageId: 1 }), publishPacket({ qos: 2, messageId: 2 }));
  await world.untilReceived(2);
  await client.settle();
  expect(client.of("puback")).toEqual([]);
  expect(client.of("pubrec")).toEqual([]);

  for (const { settle } of world.received) settle(null);
  await client.until((packet) => packet.cmd === "pubrec" && packet.messageId === 2);
  expect(client.of("puback")).toMatchObject([{ messageId: 1 }]);
  client.send({ cmd: "pubrel", messageId: 2 });
  await client.until((packet) => packet.cmd === "pubcomp" && packet.messageId === 2);
});

test("answers leave in the order of the publishes, whatever order they are stored in", async () => {
  await using world = await startTestBroker({}, { hold: true });
  using client = await RawClient.connect(world.port);
  const ids = Array.from({ length: 50 }, (_, index) => index + 1);
  client.send(...ids.map((messageId) => publishPacket({ messageId })));
  await world.untilReceived(50);
  for (const { settle } of world.received.toReversed()) settle(null);
  await client.until((packet) => packet.cmd === "puback" && packet.messageId === 50);
  expect(client.of<IPubackPacket>("puback").map(({ messageId }) => messageId)).toEqual(ids);
});

test("a refused publish hears its reason at QoS 1 of MQTT 5, else a plain answer, and is not forwarded", async () => {
  await using world = await startTestBroker(
    {},
    {
      publish: ({ payload }, settle) =>
        settle(
          payload.toString() === "bad" ? { reason: "payload_invalid", detail: "not_json" } : null,
        ),
    },
  );
  await using subscriber = await connectClient(world.port, { clientId: "subscriber" });
  const heard: string[] = [];
  subscriber.on("message", (_topic, payload) => heard.push(payload.toString()));
  await subscriber.subscribeAsync("#", { qos: 1 });

  using modern = await RawClient.connect(world.port, { protocolVersion: 5, clientId: "modern" });
  modern.send(
    publishPacket({ payload: "bad", messageId: 1 }),
    publishPacket({ payload: "bad", qos: 2, messageId: 2 }),
    publishPacket({ payload: "good 5", messageId: 3 }),
  );
  await modern.until((packet) => packet.messageId === 3);
  expect(modern.of("puback")[0]).toMatchObject({
    reasonCode: 0x99,
    properties: { reasonString: "not_json" },
  });
  expect(modern.of("pubrec")).toMatchObject([{ reasonCode: 0 }]);
  modern.send({ cmd: "pubrel", messageId: 2 });
  expect(await modern.until((packet) => packet.cmd === "pubcomp")).toMatchObject({ reasonCode: 0 });

  using classic = await RawClient.connect(world.port, { clientId: "classic" });
  classic.send(
    publishPacket({ payload: "bad", messageId: 1 }),
    publishPacket({ payload: "good 4", messageId: 2 }),
  );
  await classic.until((packet) => packet.messageId === 2);
  expect(classic.of("puback")).toMatchObject([{ messageId: 1 }, { messageId: 2 }]);
  await expect.poll(() => heard).toEqual(["good 5", "good 4"]);
});

test("the gateway's own publishes are retained for later subscribers", async () => {
  await using world = await startTestBroker();
  await world.broker.publish("alerts/hot/boiler", "firing", { retain: true });
  await using subscriber = await connectClient(world.port);
  const heard = new Promise<string>((resolve) =>
    subscriber.on("message", (topic, payload, { retain }) =>
      resolve(`${topic} ${payload.toString()} ${retain}`),
    ),
  );
  await subscriber.subscribeAsync("alerts/#", { qos: 1 });
  expect(await heard).toBe("alerts/hot/boiler firing true");
});

test("an address in use is named in the error", async () => {
  await using world = await startTestBroker();
  const taken = { host: "127.0.0.1", port: world.port };
  await expect(
    startBroker({ listeners: { mqtt: taken } }, { publish: () => undefined }),
  ).rejects.toMatchObject({
    code: "ADDRESS_IN_USE",
    message: expect.stringContaining(`127.0.0.1:${world.port}`) as string,
  });
});
