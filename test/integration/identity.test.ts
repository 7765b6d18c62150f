// Goal: only who is in bucket `devices` gets in, changes hold within two seconds, and neither the WAN
// nor a storm of passwords is in the way.
// Method: a real hub and region; the real broker with the identity's handlers; records written at the
// hub as the command line writes them; MQTT 3.1.1 and 5 clients.
import type { IConnackPacket, ISubackPacket } from "mqtt-packet";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { type Device, deviceKey } from "../../contracts/device.ts";
import { startBroker } from "../../gateway/broker/start-broker.ts";
import type { Broker } from "../../gateway/broker/broker.ts";
import { type Identity, openIdentity } from "../../gateway/identity/identity.ts";
import type { AnonymousMode } from "../../gateway/identity/options.ts";
import { passwordCredential } from "../../gateway/identity/passwords.ts";
import { generateSecret, secretCredential } from "../../gateway/identity/secrets.ts";
import type { Message } from "../../gateway/ingest/message.ts";
import { Bucket } from "../../platform/nats/client/bucket.ts";
import { makeLogger } from "../../platform/runtime/logger.ts";
import {
  AUTHORITY,
  DEVICE_CERTIFICATE,
  DEVICE_KEY,
  SERVER_CERTIFICATE,
  SERVER_KEY,
} from "../support/mqtt-certificates.ts";
import { RawClient, connectClient, connectPacket, publishPacket } from "../support/mqtt-client.ts";
import { type NatsWorld, startHubAndRegions } from "../support/nats.ts";
import { eventually } from "../support/eventually.ts";

const at = { host: "127.0.0.1", port: 0 };
const tls = { key: SERVER_KEY, certificate: SERVER_CERTIFICATE, clientAuthorities: AUTHORITY };
const logger = makeLogger({}, "silent");

let nats: NatsWorld;
let devices: Bucket;

beforeAll(async () => {
  nats = await startHubAndRegions({ regions: ["eu"] });
  const hub = await nats.hub.connect();
  devices = await Bucket.open(hub, "devices");
});
afterAll(() => nats[Symbol.asyncDispose]());

interface Gateway {
  identity: Identity;
  broker: Broker;
  port: number;
  accepted: Message[];
}

async function startGateway(anonymous: AnonymousMode = "off"): Promise<Gateway> {
  const stop = new AbortController();
  const connection = await nats.region("eu").connect();
  const identity = await openIdentity({ connection, logger, anonymous }, stop.signal);
  const accepted: Message[] = [];
  const broker = await startBroker(
    { listeners: { mqtt: at, mqtts: { ...at, tls } } },
    {
      ...identity,
      publish: (publication, settle) => {
        const refusal = identity.authorizePublish(publication);
        if (!refusal) accepted.push(publication);
        settle(refusal);
      },
    },
  );
  const running = identity.run(stop.signal, (concerns) =>
    broker.disconnect(concerns, "not_authorized"),
  );
  onTestFinished(async () => {
    stop.abort();
    await running;
    await broker[Symbol.asyncDispose]();
  });
  return { identity, broker, port: broker.addresses.mqtt!.port, accepted };
}

/** Writes a device at the hub and returns its secret. */
async function put(id: string, over: Partial<Device> = {}): Promise<string> {
  const secret = generateSecret();
  const device: Device = {
    id,
    role: "device",
    credentials: [secretCredential(secret)],
    createdAtMs: Date.now(),
    ...over,
  };
  await devices.put(deviceKey(id), JSON.stringify(device));
  return secret;
}

interface Login {
  username?: string;
  password?: string;
  clientId?: string;
  protocolVersion?: 4 | 5;
  will?: { topic: string };
}

/** Sends CONNECT and waits for its answer; the client id is the user name unless said otherwise. */
async function login(
  port: number,
  { username, password, clientId = username ?? "", protocolVersion = 5, will }: Login,
): Promise<{ client: RawClient; code: number }> {
  const client = await RawClient.open(port, protocolVersion);
  onTestFinished(() => client[Symbol.dispose]());
  client.send(
    connectPacket({
      clientId,
      protocolVersion,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password: Buffer.from(password) }),
      ...(will ? { will: { ...will, payload: Buffer.from("w"), qos: 1, retain: false } } : {}),
    }),
  );
  const connack = await client.until<IConnackPacket>(({ cmd }) => cmd === "connack", {
    timeoutMs: 20_000,
  });
  return { client, code: connack.reasonCode ?? connack.returnCode ?? -1 };
}

test("secrets: right, wrong, unknown and absent, on MQTT 3.1.1 and 5", async () => {
  const id = "AA:BB:CC:00:11:22";
  const password = await put(id);
  const { port, identity } = await startGateway();
  const answers: number[] = [];
  for (const protocolVersion of [5, 4] as const)
    for (const attempt of [
      { username: id, password },
      { username: id, password: generateSecret() },
      { username: "nobody", password },
      { username: id, password, clientId: "another" },
      {},
    ])
      answers.push((await login(port, { ...attempt, protocolVersion })).code);
  expect(answers).toEqual([0, 0x86, 0x86, 0x85, 0x87, 0, 4, 4, 2, 5]);
  expect(identity.logins).toEqual({
    secret: 2,
    refused_credentials: 4,
    refused_client_id: 2,
    refused_anonymous: 2,
  });
});

test("a client certificate stands for its device, if the record says so", async () => {
  await put("boiler-7", { credentials: [{ kind: "certificate" }] });
  const { broker, accepted } = await startGateway();
  const { port } = broker.addresses.mqtts!;
  const shown = { ca: AUTHORITY, key: DEVICE_KEY, cert: DEVICE_CERTIFICATE };
  const options = { protocolVersion: 5, clientId: "boiler-7", ...shown } as const;
  await using client = await connectClient(port, options, "mqtts");
  await client.publishAsync("devices/boiler-7/telemetry/environment", "{}", { qos: 1 });
  expect(accepted[0]).toMatchObject({ principal: "boiler-7", device: "boiler-7" });
  await put("boiler-7");
  await eventually("its session ended", () => !client.connected);
  await expect(connectClient(port, options, "mqtts")).rejects.toThrow();
});

test("a device keeps to its own topics; its wills too", async () => {
  const password = await put("pump");
  const { port, accepted } = await startGateway();
  const { client } = await login(port, {
    username: "pump",
    password,
    will: { topic: "devices/other/telemetry/x" },
  });
  client.send(
    {
      cmd: "subscribe",
      messageId: 1,
      subscriptions: ["devices/pump/#", "devices/+/commands/+", "#", "alerts/#"].map((topic) => ({
        topic,
        qos: 1 as const,
      })),
    },
    publishPacket({ messageId: 2, topic: "devices/pump/telemetry/x" }),
    publishPacket({ messageId: 3, topic: "devices/other/telemetry/x" }),
  );
  const suback = await client.until<ISubackPacket>(({ cmd }) => cmd === "suback");
  expect(suback.granted).toEqual([1, 0x87, 0x87, 0x87]);
  const refused = await client.until((p) => p.cmd === "puback" && p.messageId === 3);
  expect(refused).toMatchObject({ reasonCode: 0x87 });
  client.socket.destroy();
  await login(port, { username: "pump", password });
  expect(accepted.map(({ topic }) => topic)).toEqual(["devices/pump/telemetry/x"]);
});

test("revocation and a new secret end the live session within 2 s; reconnecting is refused", async () => {
  const first = await put("valve");
  const { port } = await startGateway();
  const { client } = await login(port, { username: "valve", password: first });
  const extra = await login(port, { username: "valve", clientId: "valve/2", password: first });

  let sinceMs = performance.now();
  const second = await put("valve");
  await Promise.all([client.untilClosed(), extra.client.untilClosed()]);
  expect(performance.now() - sinceMs).toBeLessThan(2_000);
  expect(client.of("disconnect")).toMatchObject([{ reasonCode: 0x87 }]);
  expect((await login(port, { username: "valve", password: first })).code).toBe(0x86);
  const again = await login(port, { username: "valve", password: second });
  expect(again.code).toBe(0);

  sinceMs = performance.now();
  await put("valve", { credentials: [secretCredential(second)], revokedAtMs: Date.now() });
  await again.client.untilClosed();
  expect(performance.now() - sinceMs).toBeLessThan(2_000);
  expect((await login(port, { username: "valve", password: second })).code).toBe(0x86);

  await put("valve", { credentials: [secretCredential(second)] });
  await eventually("it is let in again", async () => {
    return (await login(port, { username: "valve", password: second })).code === 0;
  });
});

test("anonymous clients: off by default, and never into a registered device's place", async () => {
  const closed = await startGateway();
  expect((await login(closed.port, { clientId: "guest" })).code).toBe(0x87);
  const open = await startGateway("loopback");
  const { client, code } = await login(open.port, { clientId: "guest" });
  expect(code).toBe(0);
  await put("guest");
  await client.untilClosed();
  expect((await login(open.port, { clientId: "guest" })).code).toBe(0x85);
});

test("200 logins with passwords at once do not hold up the event loop; the next 200 are known", async () => {
  const logins = await Promise.all(
    Array.from({ length: 25 }, async (_, n) => {
      const [username, password] = [`person-${n}`, `password of ${n}`];
      await put(username, { role: "observer", credentials: [await passwordCredential(password)] });
      return [1, 2, 3, 4, 5, 6, 7, 8].map((at) => ({
        username,
        password,
        clientId: `${username}/${at}`,
      }));
    }),
  );
  const { port, identity } = await startGateway();
  const all = (): Promise<number[]> =>
    Promise.all(logins.flat().map(async (one) => (await login(port, one)).code));
  const before = performance.eventLoopUtilization();
  const [codes, computeMs] = await timed(all);
  const { utilization } = performance.eventLoopUtilization(before);
  expect(codes).toEqual(Array(200).fill(0));
  // On the main thread, the 25 computations would keep it busy for nearly all of that time.
  expect(utilization).toBeLessThan(0.6);

  const [again, knownMs] = await timed(all);
  expect(again).toEqual(codes);
  expect(knownMs).toBeLessThan(computeMs);
  expect(identity.logins).toEqual({ password: 400 });
});

async function timed<T>(work: () => Promise<T>): Promise<[T, number]> {
  const sinceMs = performance.now();
  return [await work(), performance.now() - sinceMs];
}

test("with the WAN down devices log in, also right after a restart; changes come with the link", async () => {
  const password = await put("remote");
  const before = await startGateway();
  expect((await login(before.port, { username: "remote", password })).code).toBe(0);
  await nats.hub.process.kill();
  await nats.region("eu").process.restart();
  const after = await startGateway();
  const { client, code } = await login(after.port, { username: "remote", password });
  expect(code).toBe(0);
  expect((await login(before.port, { username: "remote", password })).code).toBe(0);

  await nats.hub.process.start();
  await eventually("the hub takes writes again", async () => {
    await put("remote", { revokedAtMs: Date.now() });
    return true;
  });
  await client.untilClosed(15_000);
  expect((await login(after.port, { username: "remote", password })).code).toBe(0x86);
});
