// Goal: a command reaches its device, online or not, until it is answered or expires; a reply that was
// acknowledged is stored; both survive kill -9 of the gateway and a cut of the WAN; and the actions of
// an alert need no cloud.
// Method: real servers, a real gateway with its sessions on disk, real MQTT clients, the command line;
// the WAN is a proxy that can be cut.
import { join } from "node:path";
import { type IClientOptions, type MqttClient, connectAsync } from "mqtt";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import type { Alert, AlertCommand } from "../../contracts/messages/alert.ts";
import type { Reply } from "../../contracts/messages/command.ts";
import { type Device, deviceKey } from "../../contracts/device.ts";
import type { GatewayStatus } from "../../contracts/messages/status.ts";
import { alertSubject } from "../../contracts/names/subjects.ts";
import { commandTopic, replyTopic } from "../../contracts/names/topics.ts";
import { generateSecret, secretCredential } from "../../gateway/identity/secrets.ts";
import { connectClient } from "../support/mqtt-client.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { type NatsWorld, startHubAndRegions } from "../support/nats.ts";
import { type Service, startService } from "../support/services.ts";
import { skerry } from "../support/skerry.ts";
import { TcpProxy } from "../../infra/local/demo/tcp-proxy.ts";

const stack = new AsyncDisposableStack();
let world: NatsWorld;
let wan: TcpProxy;
let gateway: Service;
let port: number;
let hub: NatsConnection;
let eu: NatsConnection;

beforeAll(async () => {
  const directory = stack.use(await temporaryDirectory());
  world = stack.use(
    await startHubAndRegions({
      regions: ["eu", "us"],
      wan: async (leafPort) => {
        const at = await freePort();
        wan = stack.use(await TcpProxy.listen(at, leafPort));
        return at;
      },
    }),
  );
  hub = await world.hub.connect();
  eu = await world.region("eu").connect();
  port = await freePort();
  gateway = await startService("gateway/main.ts", {
    SKERRY_REGION: "eu",
    SKERRY_NATS_URL: world.region("eu").urlOf("gateway"),
    SKERRY_MQTT_PORT: String(port),
    SKERRY_DATA_DIR: join(directory.path, "gateway"),
    SKERRY_ANONYMOUS: "loopback",
  });
  stack.use(gateway.process);
});

afterAll(() => stack.disposeAsync());

interface Received {
  readonly topic: string;
  readonly payload: unknown;
  readonly retained: boolean;
  readonly expirySeconds: number | undefined;
}

interface TestDevice {
  readonly id: string;
  readonly mqtt: MqttClient;
  readonly received: Received[];
  reply(id: string, payload: unknown): Promise<unknown>;
}

/** A device that listens for its commands; a persistent session listens since it did so first. */
async function connectDevice(id: string, options: IClientOptions = {}): Promise<TestDevice> {
  const mqtt = await connectClient(port, { protocolVersion: 5, clientId: id, ...options });
  onTestFinished(() => mqtt[Symbol.asyncDispose]());
  const received: Received[] = [];
  mqtt.on("message", (topic, payload, packet) =>
    received.push({
      topic,
      payload: payload.length === 0 ? "" : (JSON.parse(payload.toString()) as unknown),
      retained: packet.retain,
      expirySeconds: packet.properties?.messageExpiryInterval,
    }),
  );
  await mqtt.subscribeAsync(commandTopic({ device: id, id: "+" }), { qos: 1 });
  return {
    id,
    mqtt,
    received,
    reply: (command, payload) =>
      mqtt.publishAsync(replyTopic({ device: id, id: command }), JSON.stringify(payload), {
        qos: 1,
      }),
  };
}

/** Whatever the gateway had to say to a client has arrived. */
async function settled({ mqtt }: TestDevice): Promise<void> {
  // Its PUBACK leaves after what was delivered before, on the same connection.
  await mqtt.publishAsync("devices/none/commands/none", "x", { qos: 1 });
}

const PERSISTENT = { clean: false, properties: { sessionExpiryInterval: 3600 } };
const atHub = (): string[] => ["--nats", world.hub.url];

async function send(device: string, payload: unknown, ...flags: string[]): Promise<string> {
  const args = ["commands", "send", device, "--payload", JSON.stringify(payload)];
  const { code, out } = await skerry([...args, ...flags, ...atHub()]);
  expect(code, out).toBe(0);
  return out.trim();
}

interface Report {
  readonly id: string;
  readonly state: string;
  readonly reply: { readonly region: string; readonly payload: unknown } | null;
}

async function statusOf(id: string): Promise<Report> {
  const { code, out } = await skerry(["commands", "status", id, "--json", ...atHub()]);
  expect(code, out).toBe(0);
  return (JSON.parse(out) as Report[])[0]!;
}

const isState = (id: string, state: string) => async (): Promise<boolean> =>
  (await statusOf(id)).state === state;

async function repliesIn(connection: NatsConnection, id: string): Promise<Reply[]> {
  const { streams } = await connection.jetstreamManager();
  const filter = { subjects_filter: `replies.eu.*.${id}` };
  const { state } = await streams.info("REPLIES_eu", filter);
  const found: Reply[] = [];
  for (const [subject, count] of Object.entries(state.subjects ?? {})) {
    const last = await streams.getMessage("REPLIES_eu", { last_by_subj: subject });
    found.push(...Array<Reply>(count).fill(last.json<Reply>()));
  }
  return found;
}

const open = async (): Promise<number> => (await gateway.status<GatewayStatus>()).commands.open;
const opened = (count: number): Promise<boolean> =>
  eventually(`${count} commands are open`, async () => (await open()) === count);

const idsOf = (device: TestDevice): string[] =>
  device.received.map(({ topic }) => topic.split("/")[3]!);

test("an online device gets it and answers: delivered, and nobody gets it again", async () => {
  const device = await connectDevice("pump-1");
  const id = await send("pump-1", { open: true });
  await eventually("the device has it", () => device.received.length === 1);
  expect(device.received[0]).toMatchObject({
    topic: `devices/pump-1/commands/${id}`,
    payload: { open: true },
    retained: false,
  });
  expect(device.received[0]?.expirySeconds).toBeGreaterThan(3_500);
  expect((await statusOf(id)).state).toBe("queued");
  const watcher = await connectDevice("watcher");
  await watcher.mqtt.subscribeAsync("devices/pump-1/commands/+/reply", { qos: 1 });
  await device.reply(id, { done: true });
  expect(await repliesIn(eu, id)).toMatchObject([{ device: "pump-1", region: "eu" }]);
  await eventually("the reply is forwarded", () => watcher.received.length === 1);
  await eventually("it is delivered", isState(id, "delivered"));
  expect(await statusOf(id)).toMatchObject({ reply: { region: "eu", payload: { done: true } } });
  const { out } = await skerry(["commands", "status", "--device", "pump-1", ...atHub()]);
  expect(out).toMatch(new RegExp(`^${id} pump-1 delivered in eu at .*: {"done":true}\n$`));

  // Sent again after a lost PUBACK: stored once.
  await device.reply(id, { done: true });
  expect(await repliesIn(eu, id)).toHaveLength(1);
  await opened(0);
  const again = await connectDevice("pump-1");
  await settled(again);
  expect(again.received).toEqual([]);
  expect(device.received).toHaveLength(1); // No empty message told that it is gone.
});

test.each(["clean", "persistent"])("an offline device, %s session, gets it later", async (kind) => {
  const options = kind === "clean" ? {} : PERSISTENT;
  const id = `offline-${kind}`;
  {
    const before = await connectDevice(id, options);
    await before.mqtt.endAsync();
  }
  const command = await send(id, { n: 1 });
  await opened(1);
  await gateway.process.restart();
  const device = await connectDevice(id, options);
  await eventually("it arrives", () => device.received.length > 0);
  expect(new Set(idsOf(device))).toEqual(new Set([command]));
  await device.reply(command, "ok");
  await eventually("it is delivered", isState(command, "delivered"));
});

test("expired: never delivered, and status says so", async () => {
  const sleeper = await connectDevice("late-1", PERSISTENT);
  await sleeper.mqtt.endAsync();
  const id = await send("late-1", {}, "--expires", "4s");
  await opened(1);
  await eventually("it expired", isState(id, "expired"));
  for (const options of [PERSISTENT, {}]) {
    const device = await connectDevice("late-1", options);
    await settled(device);
    expect(device.received).toEqual([]);
    await device.mqtt.endAsync();
  }
  await opened(0);
});

test("kill -9: an open command is not sent twice to who has it, an answered one never again", async () => {
  const device = await connectDevice("pump-2", {
    ...PERSISTENT,
    reconnectPeriod: 50,
    resubscribe: false,
  });
  const [first, second] = [await send("pump-2", { n: 1 }), await send("pump-2", { n: 2 })];
  await eventually("both arrive", () => device.received.length === 2);
  await settled(device);
  await gateway.process.kill();
  const answered = device.reply(first, "one");
  await gateway.process.start();
  await answered; // mqtt.js sends it once it is connected again.
  expect(await repliesIn(eu, first)).toHaveLength(1);
  await gateway.process.kill();
  await gateway.process.start();
  await opened(1);
  await eventually("the device is back", () => device.mqtt.connected);
  await settled(device);
  expect(idsOf(device)).toEqual([first, second]);
  const fresh = await connectDevice("pump-2-service", {});
  await fresh.mqtt.subscribeAsync("devices/pump-2/commands/+", { qos: 1 });
  await eventually("the open one is retained", () => fresh.received.length > 0);
  await settled(fresh);
  expect(idsOf(fresh)).toEqual([second]);
  await device.reply(second, "two");
  for (const id of [first, second])
    await eventually(`${id} is delivered`, isState(id, "delivered"));
});

test("answered in another site of the region while this gateway was down: not sent again", async () => {
  const id = await send("pump-3", {});
  await opened(1);
  await gateway.process.kill();
  const otherPort = await freePort();
  {
    const other = await startService("gateway/main.ts", {
      SKERRY_REGION: "eu",
      SKERRY_GATEWAY_ID: "gateway-2",
      SKERRY_NATS_URL: world.region("eu").urlOf("gateway"),
      SKERRY_MQTT_PORT: String(otherPort),
      SKERRY_ANONYMOUS: "loopback",
    });
    await using _ = other.process;
    await using mqtt = await connectClient(otherPort, { protocolVersion: 5 });
    await mqtt.publishAsync(replyTopic({ device: "pump-3", id }), "done", { qos: 1 });
  }
  await gateway.process.start();
  const device = await connectDevice("pump-3");
  await settled(device);
  expect(device.received).toEqual([]);
  expect(await open()).toBe(0);
});

let steps = 0;

/** As the engine writes it. */
async function raise(over: Partial<Alert>, commands: readonly AlertCommand[] = []): Promise<Alert> {
  const nowMs = Date.now();
  const alert: Alert = {
    id: "a1",
    rule: "too-hot",
    key: "boiler",
    region: "eu",
    state: "firing",
    severity: "critical",
    sinceMs: nowMs,
    atMs: nowMs,
    receivedAtMs: nowMs,
    value: 1,
    message: "too hot",
    ...(commands.length > 0 ? { commands } : {}),
    partition: 0,
    seq: (steps += 1),
    index: 0,
    ...over,
  };
  await eu.jetstream().publish(alertSubject(alert), JSON.stringify(alert));
  return alert;
}

test("the WAN is cut: actions of an alert reach the actuator, replies arrive at the hub afterwards", async () => {
  const valve = await connectDevice("valve-1");
  const queued = await send("valve-1", { test: true });
  await eventually("the command is there", () => valve.received.length === 1);
  wan.cut();
  const shut = { device: "valve-1", payload: { shut: true }, expiresMs: 60_000 };
  const offline = { device: "valve-2", payload: { shut: true }, expiresMs: 60_000 };
  await raise({}, [shut, offline]);
  await eventually("the actuator has it", () => valve.received.length === 2);
  expect(valve.received[1]).toMatchObject({
    topic: "devices/valve-1/commands/a1-firing-0",
    payload: { shut: true },
  });
  await valve.reply("a1-firing-0", "shut");
  await valve.reply(queued, "tested");
  expect(await repliesIn(eu, queued)).toHaveLength(1);
  expect(await repliesIn(hub, queued)).toEqual([]);

  // Acknowledged, and the gateway killed: what was answered stays away, what was not stays open.
  await raise({ state: "acknowledged", by: "someone" });
  await gateway.process.restart();
  await opened(1);
  const again = await connectDevice("valve-1");
  await settled(again);
  expect(again.received).toEqual([]);
  const second = await connectDevice("valve-2");
  await eventually("the offline one gets its own", () => second.received.length === 1);
  expect(idsOf(second)).toEqual(["a1-firing-1"]);

  // The next step takes the place of the one that nobody answered.
  const reopen = { device: "valve-2", payload: { shut: false }, expiresMs: 60_000 };
  await raise({ state: "resolved" }, [reopen]);
  await eventually("resolved", () => second.received.length === 2);
  await opened(1);
  const third = await connectDevice("valve-2-again");
  await third.mqtt.subscribeAsync("devices/valve-2/commands/+", { qos: 1 });
  await eventually("only the newest is retained", () => third.received.length > 0);
  await settled(third);
  expect(idsOf(third)).toEqual(["a1-resolved-0"]);
  await second.reply("a1-resolved-0", "open");
  await opened(0);

  wan.heal();
  await eventually("the reply is at the hub", isState(queued, "delivered"));
  expect((await statusOf(queued)).reply).toMatchObject({ payload: "tested" });
});

async function register(id: string, role: Device["role"]): Promise<IClientOptions> {
  const secret = generateSecret();
  const credentials = [secretCredential(secret)];
  const device: Device = { id, role, credentials, createdAtMs: Date.now() };
  const kv = await hub.jetstream().views.kv("devices", { bindOnly: true });
  await kv.put(deviceKey(id), JSON.stringify(device));
  const login = { username: id, password: secret };
  await eventually(`${id} can log in`, async () => {
    const options = { protocolVersion: 5, clientId: id, reconnectPeriod: 0, ...login } as const;
    // Without retries: with them a refused login is waited out for ever.
    await (await connectAsync(`mqtt://127.0.0.1:${port}`, options, false)).endAsync();
    return true;
  });
  return login;
}

test("nobody replies for another device; an operator's command over MQTT is forwarded", async () => {
  const mine = await register("lock-1", "device");
  const other = await register("lock-2", "device");
  const operator = await register("ops", "operator");
  const lock = await connectDevice("lock-1", mine);
  const id = await send("lock-1", {});
  await eventually("the command is there", () => lock.received.length === 1);
  const codeOf = (work: Promise<unknown>): Promise<number | undefined> =>
    work.then(
      () => 0,
      (error: { code?: number }) => error.code,
    );
  const forged = async (options: IClientOptions): Promise<number | undefined> => {
    await using mqtt = await connectClient(port, { protocolVersion: 5, ...options });
    return await codeOf(mqtt.publishAsync(replyTopic({ device: "lock-1", id }), "x", { qos: 1 }));
  };
  expect(await forged({ ...other, clientId: "lock-2" })).toBe(0x87);
  expect(await forged({ clientId: "anonymous" })).toBe(0x87);
  expect(await repliesIn(eu, id)).toEqual([]);
  expect((await statusOf(id)).state).toBe("queued");

  const ops = await connectClient(port, { protocolVersion: 5, clientId: "ops", ...operator });
  onTestFinished(() => ops[Symbol.asyncDispose]());
  const topic = commandTopic({ device: "lock-1", id: "by-hand" });
  expect(await codeOf(ops.publishAsync(topic, "1", { qos: 1 }))).toBe(0);
  await eventually("the device has it", () => lock.received.length === 2);
  await lock.reply(id, "done");
});
