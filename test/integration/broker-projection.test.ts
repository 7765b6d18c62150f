// Goal: what the gateway itself retains expires to the millisecond, goes without a message to anybody,
// is told from what clients retain, and can be put right before any client is let in.
// Method: our broker on a temporary directory, started twice; raw clients, so that every packet counts.
import type { IPublishPacket } from "mqtt-packet";
import { expect, test } from "vitest";
import type { RetainedTopics } from "../../gateway/broker/broker.ts";
import { startTestBroker } from "../support/mqtt-broker.ts";
import { RawClient, publishPacket } from "../support/mqtt-client.ts";
import { eventually } from "../support/eventually.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const ALL = "devices/#";
const topicsOf = (projection: RetainedTopics): string[] =>
  [...projection.retained(ALL).keys()].sort();

async function subscriber(port: number, clientId: string): Promise<RawClient> {
  const client = await RawClient.connect(port, { protocolVersion: 5, clientId });
  client.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: ALL, qos: 1 }] });
  await client.until((packet) => packet.cmd === "suback");
  await client.settle();
  return client;
}

const received = (client: RawClient): [string, string, boolean][] =>
  client
    .of<IPublishPacket>("publish")
    .map(({ topic, payload, retain }) => [topic, payload.toString(), retain]);

test("the gateway's retained messages", async () => {
  await using directory = await temporaryDirectory();
  {
    await using before = await startTestBroker({ dataDirectory: directory.path });
    const { broker, port } = before;
    using watching = await subscriber(port, "watching");
    using client = await RawClient.connect(port, { protocolVersion: 5, clientId: "client" });
    client.send(publishPacket({ topic: "devices/its-own", retain: true, messageId: 1 }));
    await client.until((packet) => packet.cmd === "puback");
    const options = { retain: true, expirySeconds: 60.5 };
    for (const name of ["a", "b"]) await broker.publish(`devices/${name}`, name, options);
    await broker.publish("devices/soon", "soon", { retain: true, expirySeconds: 0.2 });
    await eventually("it expired", () => !broker.retained(ALL).has("devices/soon"));
    broker.unretain("devices/b");
    broker.unretain("devices/none");
    expect(topicsOf(broker)).toEqual(["devices/a"]);
    expect(broker.retained("devices/a").get("devices/a")?.toString()).toBe("a");
    await watching.settle();
    expect(received(watching)).toEqual([
      ["devices/its-own", "x", false],
      ["devices/a", "a", false],
      ["devices/b", "b", false],
      ["devices/soon", "soon", false],
    ]);
    using later = await subscriber(port, "later");
    expect(received(later).sort()).toEqual([
      ["devices/a", "a", true],
      ["devices/its-own", "x", true],
    ]);
    const [a] = later.of<IPublishPacket>("publish").filter(({ topic }) => topic === "devices/a");
    expect(a?.properties?.messageExpiryInterval).toBeGreaterThan(50);
  }
  let prepared = false;
  const prepare = async (projection: RetainedTopics): Promise<void> => {
    expect(topicsOf(projection)).toEqual(["devices/a"]);
    projection.unretain("devices/a");
    await projection.publish("devices/c", "c", { retain: true });
    prepared = true;
  };
  await using after = await startTestBroker({ dataDirectory: directory.path }, { prepare });
  expect(prepared).toBe(true);
  using client = await subscriber(after.port, "next");
  expect(received(client).sort()).toEqual([
    ["devices/c", "c", true],
    ["devices/its-own", "x", true],
  ]);
});

test("a broker whose preparation fails does not start, and lets its directory go", async () => {
  await using directory = await temporaryDirectory();
  const options = { dataDirectory: directory.path };
  const prepare = (): Promise<void> => Promise.reject(new Error("not today"));
  await expect(startTestBroker(options, { prepare })).rejects.toThrow("not today");
  await using _broker = await startTestBroker(options);
});
