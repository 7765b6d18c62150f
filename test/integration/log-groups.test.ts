// Goal: a group reads the region's log itself: each reading is delivered at least once and acknowledged before the place
// moves, in the order of its device, through `kill -9` of gateways, members that come and go, and several gateways.
// Method: gateways on a real region; mqtt.js, mosquitto_sub and raw clients that write down what they get; a publisher
// whose acknowledged readings are what is owed.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { IPublishPacket, ISubackPacket } from "mqtt-packet";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { GatewayStatus, LogGroupStatus } from "../../contracts/messages/status.ts";
import { type Device, deviceKey } from "../../contracts/device.ts";
import { telemetryStream } from "../../contracts/names/subjects.ts";
import { generateSecret, secretCredential } from "../../gateway/identity/secrets.ts";
import { Bucket } from "../../platform/nats/client/bucket.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import { storedGroups } from "../../platform/nats/lanes/group-places.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { type Got, NumberedReadings, owed, startLogMember } from "../support/log-members.ts";
import { RawClient, connectPacket } from "../support/mqtt-client.ts";
import { type NatsUnderTest, startHubAndRegions } from "../support/nats.ts";
import { skerry } from "../support/skerry.ts";
import { type Service, startService } from "../support/services.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const DEVICES = Array.from({ length: 12 }, (_, at) => `device-${at}`);

const stack = new AsyncDisposableStack();
let eu: NatsUnderTest;
let hub: NatsUnderTest;
let directory: string;
let gateway: Service;
let port: number;

async function startGateway(id: string, at: number): Promise<Service> {
  const service = await startService("gateway/main.ts", {
    SKERRY_REGION: "eu",
    SKERRY_GATEWAY_ID: id,
    SKERRY_NATS_URL: eu.urlOf("gateway"),
    SKERRY_MQTT_PORT: String(at),
    SKERRY_DATA_DIR: join(directory, id),
    SKERRY_ANONYMOUS: "loopback",
    SKERRY_LOG_GROUPS_MAX: "20",
  });
  stack.use(service.process);
  return service;
}

beforeAll(async () => {
  directory = stack.use(await temporaryDirectory()).path;
  const nats = stack.use(await startHubAndRegions({ regions: ["eu"], partitions: 2 }));
  eu = nats.region("eu");
  hub = nats.hub;
  port = await freePort();
  gateway = await startGateway("gateway-1", port);
});
afterAll(() => stack.disposeAsync());

const groupOf = async (service: Service, name: string): Promise<LogGroupStatus | undefined> =>
  (await service.status<GatewayStatus>()).logGroups.find(({ group }) => group === name);

/** Until everything is delivered that is owed. */
const untilPaid = (got: readonly Got[], readings: NumberedReadings): Promise<true> =>
  eventually("everything is delivered", () => {
    const { missing } = owed(got, readings.acknowledged);
    if (missing.length > 0) throw new Error(`missing: ${missing.slice(0, 5).join(", ")}`);
    return true;
  });

test("a group has what came after it was made, as it was stored, and goes on where it was", async () => {
  await using readings = await NumberedReadings.start(port);
  await readings.publish(["before"]);
  const filter = "$share/one/$log/measurement";
  const first = await startLogMember(port, { id: "one-a", filter });
  await readings.publish(DEVICES);
  await eventually("all are there", () => first.got.length === DEVICES.length);
  await eventually(
    "all are done",
    async () => (await groupOf(gateway, "one"))?.reading?.oldestMs === null,
  );
  const [got] = first.got;
  expect(got!.topic).toBe(`$log/measurement/${got!.device}`);
  expect(got!.body).toEqual({
    ...{ region: "eu", contract: "measurement", version: 1, device: got!.device },
    position: expect.stringMatching(/^\d+\.\d+$/) as string,
    eventMs: expect.any(Number) as number,
    receivedMs: expect.any(Number) as number,
    storedMs: expect.any(Number) as number,
    identity: expect.any(Number) as number,
    values: { ts: expect.any(Number) as number, value: 0 },
  });
  expect(got!.properties).toMatchObject({
    position: got!.position,
    storedMs: String(got!.body["storedMs"]),
  });
  await first[Symbol.asyncDispose]();
  await readings.publish(DEVICES);
  await using second = await startLogMember(port, {
    ...{ id: "one-b", filter: "$share/one/$log/measurement/+" },
    options: { protocolVersion: 4 },
  });
  await eventually("the rest is there", () => second.got.length >= DEVICES.length);
  expect(new Set(second.got.map(({ value }) => value))).toEqual(new Set([1]));
});

test("mosquitto_sub reads a contract of a device from the beginning, and what else there is not", async () => {
  await using readings = await NumberedReadings.start(port);
  await readings.publish(["mosquitto", "other"]);
  await readings.publish(["mosquitto", "other"]);
  const args = ["-h", "127.0.0.1", "-p", String(port), "-V", "5", "-q", "1", "-c", "-i", "msub"];
  const filter = "$share/mosquitto/$log/measurement/mosquitto";
  const since = ["-D", "SUBSCRIBE", "user-property", "since", "beginning"];
  const { stdout } = await promisify(execFile)(
    "mosquitto_sub",
    [...args, "-t", filter, ...since, "-C", "2", "-W", "15", "-F", "%t %p"],
    { encoding: "utf8" },
  );
  const lines = stdout.trim().split("\n");
  expect(lines.map((line) => line.split(" ")[0])).toEqual(
    Array(2).fill("$log/measurement/mosquitto"),
  );
  expect(lines.map((line) => /"value":(\d+)/.exec(line)?.[1])).toEqual(["0", "1"]);
});

test("members have whole devices between them, and a group of its own has everything again", async () => {
  const got: Got[] = [];
  const filter = "$share/shares/$log/measurement";
  await using _a = await startLogMember(port, { id: "share-a", filter, got });
  await using _b = await startLogMember(port, { id: "share-b", filter, got });
  await using other = await startLogMember(port, {
    ...{ id: "audit", filter: "$share/audit/$log/#" },
  });
  await using readings = await NumberedReadings.start(port);
  for (let n = 0; n < 20; n++) await readings.publish(DEVICES);
  await untilPaid(got, readings);
  await untilPaid(
    other.got.filter(({ topic }) => topic.startsWith("$log/measurement/")),
    readings,
  );
  const members = new Map<string, Set<string>>();
  for (const { device, member } of got)
    members.set(device, (members.get(device) ?? new Set()).add(member));
  expect([...members.values()].every(({ size }) => size === 1)).toBe(true);
  expect(new Set([...members.values()].flatMap((one) => [...one])).size).toBe(2);
  expect(owed(got, readings.acknowledged).disordered).toEqual([]);
});

test("kill -9 of the gateway under load, again and again: nothing is skipped, and each device keeps its order", async () => {
  const got: Got[] = [];
  const filter = "$share/killed/$log/measurement";
  await using _a = await startLogMember(port, { id: "killed-a", filter, got });
  await using _b = await startLogMember(port, { id: "killed-b", filter, got });
  await using readings = await NumberedReadings.start(port);
  let isOver = false;
  const publishing = (async () => {
    while (!isOver) await readings.publish(DEVICES);
  })();
  for (let kills = 0; kills < 3; kills++) {
    const before = got.length;
    await eventually("some are delivered", () => got.length > before + 500);
    await gateway.process.restart();
  }
  isOver = true;
  await publishing;
  await untilPaid(got, readings);
  expect(owed(got, readings.acknowledged)).toEqual({ missing: [], disordered: [] });
  expect(got.length).toBeGreaterThan(1_500);
});

test("what a member does not acknowledge is another's when it leaves, and never more than it said it takes", async () => {
  const filter = "$share/windows/$log/measurement";
  using slow = await RawClient.open(port, 5);
  const properties = { sessionExpiryInterval: 60, receiveMaximum: 3 };
  slow.send(connectPacket({ clientId: "slow", protocolVersion: 5, clean: false, properties }));
  await slow.until(({ cmd }) => cmd === "connack");
  slow.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: filter, qos: 2 }] });
  const { granted } = await slow.until<ISubackPacket>(({ cmd }) => cmd === "suback");
  expect(granted).toEqual([1]);
  await using readings = await NumberedReadings.start(port);
  for (let n = 0; n < 5; n++) await readings.publish(["slow-1", "slow-2"]);
  const heard = (): IPublishPacket[] => slow.of<IPublishPacket>("publish");
  await eventually("its window is full", () => heard().length === 3);
  await slow.settle();
  expect(heard()).toHaveLength(3);
  slow.send({ cmd: "puback", messageId: heard()[0]!.messageId! });
  await eventually("one more is given", () => heard().length === 4);
  const got: Got[] = [];
  await using _other = await startLogMember(port, { id: "quick", filter, got });
  slow.socket.destroy();
  await eventually("the rest is given", () => got.length === 9);
  expect(new Set(got.map(({ device, value }) => `${device} ${value}`)).size).toBe(9);
});

test("another gateway of the region goes on when the one that read is killed", async () => {
  const got: Got[] = [];
  const filter = "$share/spare/$log/measurement";
  const sparePort = await freePort();
  const spare = await startGateway("gateway-2", sparePort);
  await using readings = await NumberedReadings.start(sparePort);
  const first = await startLogMember(port, { id: "spare-a", filter, got });
  await eventually("it reads", async () => (await groupOf(gateway, "spare"))?.reading !== null);
  await using _b = await startLogMember(sparePort, { id: "spare-b", filter, got });
  for (let n = 0; n < 10; n++) await readings.publish(DEVICES);
  await untilPaid(got, readings);
  expect(new Set(got.map(({ member }) => member))).toEqual(new Set(["spare-a"]));
  expect(await groupOf(spare, "spare")).toMatchObject({ members: 1, reading: null });
  await gateway.process.kill();
  for (let n = 0; n < 10; n++) await readings.publish(DEVICES);
  await untilPaid(got, readings);
  expect(owed(got, readings.acknowledged).disordered).toEqual([]);
  await first[Symbol.asyncDispose]();
  await gateway.process.start();
  await spare.process.stop();
});

test("frames that retention removed are told with the next reading, and counted", async () => {
  const filter = "$share/behind/$log/measurement";
  const first = await startLogMember(port, { id: "behind-a", filter });
  await using readings = await NumberedReadings.start(port);
  await readings.publish(["behind"]);
  await eventually("the first is there", () => first.got.length === 1);
  await eventually(
    "it is done",
    async () => (await groupOf(gateway, "behind"))?.reading?.oldestMs === null,
  );
  await first[Symbol.asyncDispose]();
  await eventually("nobody reads", async () => (await groupOf(gateway, "behind")) === undefined);
  await readings.publish(["behind"]);
  const streams = new Streams(await eu.connect());
  const { lastSeq } = await streams.state(telemetryStream("eu"));
  await streams.purge(telemetryStream("eu"), { before: lastSeq + 1 });
  await readings.publish(["behind"]);
  await using second = await startLogMember(port, { id: "behind-b", filter });
  await eventually("the next is there", () => second.got.length === 1);
  const [got] = second.got;
  const lost = got!.body["lost"] as { from: number; until: number };
  expect(got!.value).toBe(2);
  expect(lost.until).toBeGreaterThanOrEqual(lastSeq);
  expect(got!.properties["lost"]).toBe(`${lost.from}-${lost.until}`);
  const { reading } = (await groupOf(gateway, "behind"))!;
  expect(reading?.lostFrames).toBe(lost.until - lost.from + 1);
  await eventually("its place says so", async () => {
    const groups = await storedGroups(await eu.connect());
    return groups.find(({ group }) => group === "behind")?.place.lostFrames === reading?.lostFrames;
  });
});

test("the command line lists groups and removes one, which begins anew for a member that is there", async () => {
  await using readings = await NumberedReadings.start(port);
  const filter = "$share/listed/$log/measurement/listed";
  await using member = await startLogMember(port, { id: "listed", filter });
  await readings.publish(["listed"]);
  await eventually("it is there", () => member.got.length === 1);
  const at = ["--region", "eu", "--nats", eu.url];
  const listed = await skerry(["groups", "list", ...at]);
  expect(listed.out).toMatch(/^listed {2}\$log\/measurement\/listed {2}\d+ frames? behind$/m);
  const named = ["listed", "$log/measurement/listed"];
  expect(await skerry(["groups", "remove", ...named, ...at])).toMatchObject({
    code: 0,
    out: expect.stringContaining("listed is removed") as string,
  });
  const unknown = await skerry(["groups", "remove", "nobody", named[1]!, ...at]);
  expect(unknown.code).toBe(1);
  await readings.publish(["listed"]);
  await eventually("it has a place again", async () =>
    (await storedGroups(await eu.connect())).some(({ group }) => group === "listed"),
  );
  await readings.publish(["listed"]);
  await eventually("the newest is there", () => member.got.some(({ value }) => value === 2));
});

test("a record reads what it is granted, and nothing by its role", async () => {
  const devices = await Bucket.open(await hub.connect(), "devices");
  const secret = generateSecret();
  const put = async (id: string, over: Partial<Device>): Promise<void> => {
    const credentials = [secretCredential(secret)];
    const record = { id, role: "operator", credentials, createdAtMs: Date.now(), ...over };
    await devices.put(deviceKey(id), JSON.stringify(record));
  };
  await put("anna", {});
  await put("worker", { role: "device", readsLog: ["measurement/plant"] });
  const codeOf = async (id: string, topic: string): Promise<number> => {
    const login = { clientId: id, username: id, password: Buffer.from(secret) };
    using client = await RawClient.connect(port, { ...login, protocolVersion: 5 });
    client.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic, qos: 1 }] });
    const { granted } = await client.until<ISubackPacket>(({ cmd }) => cmd === "suback");
    return granted[0] as number;
  };
  const own = "$share/granted/$log/measurement/plant";
  await eventually("the records count", async () => (await codeOf("worker", own)) === 1);
  expect(await codeOf("worker", "$share/granted/$log/measurement")).toBe(0x87);
  expect(await codeOf("anna", own)).toBe(0x87);
  const groups = await storedGroups(await eu.connect());
  expect(groups.filter(({ group }) => group === "granted")).toHaveLength(1);
});

test("what cannot be is refused in words: a filter, a beginning, one group too many", async () => {
  using client = await RawClient.connect(port, { clientId: "wrong", protocolVersion: 5 });
  let messageId = 0;
  const ask = async (topic: string, since?: string): Promise<[number, string | undefined]> => {
    messageId += 1;
    const from = client.packets.length;
    client.send({
      ...{ cmd: "subscribe" as const, messageId, subscriptions: [{ topic, qos: 1 as const }] },
      ...(since === undefined ? {} : { properties: { userProperties: { since } } }),
    });
    const suback = await client.until<ISubackPacket>(({ cmd }) => cmd === "suback", { from });
    return [suback.granted[0] as number, suback.properties?.reasonString];
  };
  expect(await ask("$log/measurement")).toEqual([0x8f, undefined]);
  expect(await ask("$share/wrong/$log/a/b/c")).toEqual([0x8f, undefined]);
  expect(await ask("$share/wrong/$log/measurement", "yesterday")).toEqual([
    0x83,
    'since is "yesterday": it must be an ISO 8601 time with its zone, such as 2026-11-28T06:00:00Z, or beginning, or now',
  ]);
  const groups = (await storedGroups(await eu.connect())).length;
  for (let n = groups; n < 20; n++)
    expect(await ask(`$share/many-${n}/$log/measurement`)).toEqual([1, undefined]);
  const [code, why] = await ask("$share/too-many/$log/measurement");
  expect(code).toBe(0x97);
  expect(why).toContain("SKERRY_LOG_GROUPS_MAX is 20");
});
