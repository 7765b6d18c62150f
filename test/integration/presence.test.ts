// Goal: the region's log says of each device when it came and how it went, and of nobody else.
// Method: a real nats-server and gateway process, a raw client for each way to go.
import { cp } from "node:fs/promises";
import { join } from "node:path";
import type { IConnackPacket } from "mqtt-packet";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Device, deviceKey } from "../../contracts/device.ts";
import { decodeFrame } from "../../contracts/messages/frame.ts";
import { partitionOf } from "../../contracts/names/partition.ts";
import {
  telemetryFilter,
  telemetryStream,
  telemetrySubject,
} from "../../contracts/names/subjects.ts";
import { generateSecret, secretCredential } from "../../gateway/identity/secrets.ts";
import { readSlice } from "../../platform/nats/client/stream-reader.ts";
import { makeLogger } from "../../platform/runtime/logger.ts";
import { RawClient, connectClient, publishPacket } from "../support/mqtt-client.ts";
import { type NatsWorld, startHubAndRegions } from "../support/nats.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { type Service, startService } from "../support/services.ts";

const PARTITIONS = 4;
const logger = makeLogger({}, "silent");
const stack = new AsyncDisposableStack();
let world: NatsWorld;
let nats: NatsConnection;
let gateway: Service;
let port: number;

const startGateway = async (env: Record<string, string> = {}): Promise<Service> => {
  port = await freePort();
  const service = await startService("gateway/main.ts", {
    SKERRY_REGION: "eu",
    SKERRY_NATS_URL: world.region("eu").urlOf("gateway"),
    SKERRY_MQTT_PORT: String(port),
    SKERRY_ANONYMOUS: "loopback",
    SKERRY_PARTITIONS: String(PARTITIONS),
    ...env,
  });
  stack.use(service.process);
  return service;
};

beforeAll(async () => {
  world = stack.use(await startHubAndRegions({ regions: ["eu"], partitions: PARTITIONS }));
  nats = await world.region("eu").connect();
  gateway = await startGateway();
});
afterAll(() => stack.disposeAsync());

interface Logged {
  readonly device: string;
  readonly words: string;
}

/** Every presence reading so far, in the order of the log. */
async function presenceLog(): Promise<Logged[]> {
  const { streams } = await nats.jetstreamManager();
  const stream = telemetryStream("eu");
  const { state } = await streams.info(stream);
  const found: Logged[] = [];
  const enough = new AbortController();
  const slice = { stream, subject: telemetryFilter("eu"), from: 1 };
  for await (const { seq, subject, data } of readSlice(nats, slice, logger, enough.signal)) {
    for (const { device, contract, version, payload, receivedAtMs } of decodeFrame(data).readings) {
      if (contract !== "presence") continue;
      expect(subject).toBe(telemetrySubject("eu", partitionOf(device, PARTITIONS)));
      expect({ version, ts: payload["ts"] }).toEqual({ version: 1, ts: receivedAtMs });
      expect(payload["gateway"]).toBe("gateway-1");
      found.push({ device, words: `${String(payload["state"])} ${String(payload["reason"])}` });
    }
    if (seq >= state.last_seq) break;
  }
  enough.abort();
  return found;
}

const presenceOf = async (device: string): Promise<string[]> =>
  (await presenceLog()).filter((one) => one.device === device).map(({ words }) => words);

const environment = { temperature: 20, humidity: 40, light: 1, co2: 500, occupancy: 0 };
const readingOf = (device: string, seq = 1) =>
  publishPacket({
    topic: `devices/${device}/telemetry/environment`,
    payload: JSON.stringify({ seq, ...environment }),
    messageId: seq,
  });

/** Connects as an anonymous device and publishes one reading, whose PUBACK it waits for. */
async function startDevice(
  device: string,
  connect: Parameters<typeof RawClient.connect>[1] = {},
): Promise<RawClient> {
  const client = await RawClient.connect(port, { clientId: device, ...connect });
  client.send(readingOf(device));
  await client.until(({ cmd }) => cmd === "puback");
  return client;
}

const willOf = (device: string) => ({
  topic: `devices/${device}/telemetry/environment`,
  payload: Buffer.from(JSON.stringify({ seq: 99, ...environment })),
  qos: 1 as const,
  retain: false,
});

test.each<[string, 4 | 5, string, object, (client: RawClient) => void]>([
  ["disconnect", 4, "orderly-v4", {}, (c) => c.send({ cmd: "disconnect" })],
  ["disconnect", 5, "orderly-v5", {}, (c) => c.send({ cmd: "disconnect", reasonCode: 0 })],
  [
    "will",
    5,
    "with-will",
    { will: willOf("with-will") },
    (c) => c.send({ cmd: "disconnect", reasonCode: 4 }),
  ],
  ["will", 4, "lost-with-will", { will: willOf("lost-with-will") }, (c) => c.socket.destroy()],
  ["connection_lost", 4, "lost", {}, (c) => c.socket.destroy()],
  ["connection_lost", 5, "reset", {}, (c) => c.socket.resetAndDestroy()],
  ["keep_alive", 4, "silent", { keepalive: 1 }, () => undefined],
  ["closed", 5, "malformed", {}, (c) => c.socket.write(Buffer.from([0xff, 0xff, 0xff, 0xff]))],
])("%s on MQTT %d: %s", async (reason, protocolVersion, device, options, end) => {
  using client = await startDevice(device, { protocolVersion, ...options });
  end(client);
  const expected = ["online connected", `offline ${reason}`];
  await eventually("its end is in the log", async () => (await presenceOf(device)).length >= 2);
  expect(await presenceOf(device)).toEqual(expected);
});

test("a device that takes its own connection over stays online", async () => {
  using first = await startDevice("taken");
  using second = await RawClient.connect(port, { clientId: "taken", protocolVersion: 5 });
  await first.untilClosed();
  second.send(readingOf("taken", 2));
  await second.until(({ cmd }) => cmd === "puback");
  second.send({ cmd: "disconnect", reasonCode: 0 });
  await eventually("its end is in the log", async () => (await presenceOf("taken")).length >= 2);
  expect(await presenceOf("taken")).toEqual(["online connected", "offline disconnect"]);
});

test("who only subscribes, or publishes for others or nonsense, is no device", async () => {
  const before = (await presenceLog()).length;
  {
    await using subscriber = await connectClient(port, { clientId: "subscriber" });
    await subscriber.subscribeAsync("devices/#", { qos: 1 });
    using bridge = await RawClient.connect(port, { clientId: "bridge" });
    bridge.send(readingOf("behind-the-bridge"));
    await bridge.until(({ cmd }) => cmd === "puback");
    using nonsense = await RawClient.connect(port, { clientId: "nonsense" });
    nonsense.send({ ...readingOf("nonsense"), payload: "{" });
    await nonsense.until(({ cmd }) => cmd === "puback");
  }
  // A device that comes and goes after them: what they would have caused is in the log before it.
  using device = await startDevice("afterwards");
  device.send({ cmd: "disconnect" });
  await eventually("it is gone", async () => (await presenceOf("afterwards")).length === 2);
  const devices = (await presenceLog()).slice(before).map((one) => one.device);
  expect(devices).toEqual(["afterwards", "afterwards"]);
});

test("a registered device is online without a word, and offline when it is revoked", async () => {
  const secret = generateSecret();
  const record: Device = {
    id: "boiler-7",
    role: "device",
    credentials: [secretCredential(secret)],
    createdAtMs: Date.now(),
  };
  const bucket = await (
    await world.hub.connect()
  )
    .jetstream()
    .views.kv("devices", { bindOnly: true });
  await bucket.put(deviceKey(record.id), JSON.stringify(record));
  const login = (clientId: string): Promise<RawClient> =>
    RawClient.connect(port, {
      clientId,
      username: "boiler-7",
      password: Buffer.from(secret),
      protocolVersion: 5,
    });
  await eventually("the gateway knows it", async () => {
    using client = await login("boiler-7");
    const [answer] = client.of<IConnackPacket>("connack");
    return answer?.reasonCode === 0;
  });
  await eventually("that visit is over", async () => {
    return (await presenceOf("boiler-7")).at(-1) === "offline connection_lost";
  });
  const before = (await presenceOf("boiler-7")).length;
  using client = await login("boiler-7");
  using other = await login("boiler-7/diagnosis");
  await eventually("it is online", async () => (await presenceOf("boiler-7")).length > before);
  other.send({ cmd: "disconnect", reasonCode: 0 });
  await other.untilClosed();
  await bucket.put(deviceKey(record.id), JSON.stringify({ ...record, revokedAtMs: Date.now() }));
  await client.untilClosed();
  await eventually("it is offline", async () => (await presenceOf("boiler-7")).length > before + 1);
  const words = (await presenceOf("boiler-7")).slice(before);
  expect(words).toEqual(["online connected", "offline closed"]);
});

test("a gateway that stops in order takes its devices with it, and comes back with them", async () => {
  const devices = ["stays-1", "stays-2", "stays-3"];
  const clients: RawClient[] = [];
  for (const device of devices) clients.push(await startDevice(device, { will: willOf(device) }));
  expect(await gateway.process.stop("SIGTERM")).toBe(0);
  for (const device of devices)
    expect(await presenceOf(device)).toEqual(["online connected", "offline shutdown"]);
  // Nothing came late for anybody: every device in the log came and went in turn.
  const byDevice = Map.groupBy(await presenceLog(), ({ device }) => device);
  expect(byDevice.size).toBeGreaterThan(devices.length);
  for (const [device, readings] of byDevice)
    expect(
      readings.map(({ words }) => words.startsWith("online")),
      device,
    ).toEqual(readings.map((_, at) => at % 2 === 0));
  for (const client of clients) client[Symbol.dispose]();
  await gateway.process.start();
  using back = await startDevice("stays-1");
  await back.settle();
  await eventually("it is back", async () => (await presenceOf("stays-1")).length === 3);
  expect((await presenceOf("stays-1")).at(-1)).toBe("online connected");
});

test("without its contract presence is off, with one line in the gateway's log", async () => {
  await gateway.process.stop("SIGTERM");
  const before = (await presenceLog()).length;
  const schemas = stack.use(await temporaryDirectory()).path;
  const shipped = join(import.meta.dirname, "../../contracts/schemas/environment");
  await cp(shipped, join(schemas, "environment"), { recursive: true });
  const service = await startGateway({ SKERRY_SCHEMAS: schemas });
  using device = await startDevice("unnoticed");
  device.send({ cmd: "disconnect" });
  await device.untilClosed();
  await service.process.stop("SIGTERM");
  await service.process.said(/presence is off/);
  expect(service.process.output.match(/presence is off/g)).toHaveLength(1);
  expect((await presenceLog()).length).toBe(before);
});
