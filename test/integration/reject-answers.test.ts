// Goal: a message that is kept as a reject stops nobody: every one of them is listed, the answer to it lets
// its device go on, and however often it is sent again it is one. Who shows empty credentials is nobody, and two
// clients that fight over one client id are told.
// Method: the gateway as a real process on real servers, with raw sockets for what no library would send.
import type { IConnackPacket, IPubackPacket, Packet } from "mqtt-packet";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Alert } from "../../contracts/messages/alert.ts";
import type { GatewayStatus } from "../../contracts/messages/status.ts";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { RawClient, connectClient, publishPacket } from "../support/mqtt-client.ts";
import { packetOf, text } from "../support/mqtt-grammar.ts";
import { type NatsWorld, startHubAndRegions } from "../support/nats.ts";
import { type Service, startService } from "../support/services.ts";
import { skerry } from "../support/skerry.ts";

const stack = new AsyncDisposableStack();
let world: NatsWorld;
let nats: NatsConnection;
let gateway: Service;
let port: number;

async function startGateway(id: string, env: Record<string, string> = {}) {
  const mqttPort = await freePort();
  const service = await startService("gateway/main.ts", {
    SKERRY_REGION: "eu",
    SKERRY_GATEWAY_ID: id,
    SKERRY_NATS_URL: world.region("eu").urlOf("gateway"),
    SKERRY_MQTT_PORT: String(mqttPort),
    SKERRY_ANONYMOUS: "loopback",
    ...env,
  });
  stack.use(service.process);
  return { service, mqttPort };
}

beforeAll(async () => {
  world = stack.use(await startHubAndRegions({ regions: ["eu"] }));
  nats = await world.region("eu").connect();
  ({ service: gateway, mqttPort: port } = await startGateway("g1"));
});

afterAll(() => stack.disposeAsync());

const reading = (seq: number): string =>
  JSON.stringify({ seq, temperature: 20, humidity: 40, light: 1, co2: 500, occupancy: 0 });

const kept = async (device: string): Promise<number> => {
  const counts = await new Streams(nats).subjects("REJECTS_eu", `rejects.eu.*.${device}.*`);
  return [...counts.values()].reduce((sum, one) => sum + one, 0);
};

const answerTo = (client: RawClient, messageId: number): Promise<IPubackPacket> =>
  client.until<IPubackPacket & Packet>(
    (packet) =>
      (packet.cmd === "pubrec" || packet.cmd === "puback") && packet.messageId === messageId,
  );

test("1,300 readings of a contract that is not published yet are 1,300 rejects in the list", async () => {
  const device = "fw2-device";
  await using client = await connectClient(port);
  const topic = `devices/${device}/telemetry/newmeter`;
  await Promise.all(
    Array.from({ length: 1_300 }, (_, n) =>
      client.publishAsync(topic, JSON.stringify({ seq: n + 1, kwh: n + 1 }), { qos: 1 }),
    ),
  );
  const where = ["--region", "eu", "--nats", world.region("eu").url];
  const { out } = await skerry([
    "rejects",
    "list",
    ...where,
    "--device",
    device,
    "--limit",
    "5000",
  ]);
  const lines = out.trim().split("\n");
  expect(lines).toHaveLength(1_300);
  expect(lines[0]).toContain('"{\\"seq\\":1,');
  expect(await gateway.status<GatewayStatus>()).toMatchObject({
    rejectsDropped: { total: 0, most: [] },
  });
});

test("a reject at QoS 2 is answered 0x00, and the good readings behind it go through", async () => {
  const device = "paho-v5";
  const topic = `devices/${device}/telemetry/environment`;
  using client = await RawClient.connect(port, { clientId: device, protocolVersion: 5 });
  client.send(publishPacket({ topic, payload: "{broken", qos: 2, messageId: 1 }));
  for (let n = 2; n <= 11; n++)
    client.send(publishPacket({ topic, payload: reading(n), qos: 2, messageId: n }));
  for (let n = 1; n <= 11; n++) {
    expect((await answerTo(client, n)).reasonCode ?? 0).toBe(0);
    client.send({ cmd: "pubrel", messageId: n });
  }
  await client.until((packet) => packet.cmd === "pubcomp" && packet.messageId === 11);
  expect(client.of<IPubackPacket>("pubcomp").map(({ reasonCode }) => reasonCode ?? 0)).toEqual(
    Array.from({ length: 11 }, () => 0),
  );
  expect(await kept(device)).toBe(1);
});

test("the same without the right to publish there; at QoS 1 the code of the reason is heard", async () => {
  using client = await RawClient.connect(port, { clientId: "codes", protocolVersion: 5 });
  client.send(
    publishPacket({ topic: "devices/codes/x", payload: "x", qos: 2, messageId: 1 }),
    publishPacket({ topic: "devices/codes/telemetry/machine", payload: "{", qos: 1, messageId: 2 }),
  );
  expect((await answerTo(client, 1)).reasonCode ?? 0).toBe(0);
  expect((await answerTo(client, 2)).reasonCode).toBe(0x99);
});

test.each([
  ["a topic of ours that is no telemetry", "devices/paho/unmapped", "1", 0x99],
  ["a broken payload", "devices/paho/telemetry/environment", "{", 0x99],
  ["alerts", "alerts/eu/x/y", "{}", 0x87],
  ["a topic of the server's", "$SYS/broker/uptime", "1", 0x87],
  ["a topic that is only a filter", "$share/group/plant", "1", 0x87],
])(
  "%s: at QoS 2 the whole exchange succeeds and the client stays, at QoS 1 it hears the reason",
  async (_, topic, payload, code) => {
    using client = await RawClient.connect(port, { clientId: "paho", protocolVersion: 5 });
    client.send(publishPacket({ topic, payload, qos: 2, messageId: 7 }));
    expect((await answerTo(client, 7)).reasonCode ?? 0).toBe(0);
    client.send({ cmd: "pubrel", messageId: 7 });
    const done = (packet: Packet) => packet.cmd === "pubcomp" && packet.messageId === 7;
    expect((await client.until<IPubackPacket & Packet>(done)).reasonCode ?? 0).toBe(0);
    client.send(publishPacket({ topic, payload, qos: 1, messageId: 8 }));
    expect((await answerTo(client, 8)).reasonCode).toBe(code);
    expect(client.closed).toBe(false);
  },
);

test("a PUBREC that was lost, a new session, the same message again: one reject", async () => {
  const device = "lost-pubrec";
  const topic = `devices/${device}/telemetry/environment`;
  for (let sending = 0; sending < 8; sending++) {
    using client = await RawClient.connect(port, { clientId: device, protocolVersion: 5 });
    client.send(
      publishPacket({ topic, payload: "{broken", qos: 2, messageId: 9, dup: sending > 0 }),
    );
    expect((await answerTo(client, 9)).reasonCode ?? 0).toBe(0);
  }
  expect(await kept(device)).toBe(1);
});

test("where QoS 2 is set to say the code, a message sent again after each refusal is one reject", async () => {
  const { mqttPort } = await startGateway("g2", {
    SKERRY_REJECT_ANSWER_QOS1: "success",
    SKERRY_REJECT_ANSWER_QOS2: "code",
  });
  const device = "refused-pubrec";
  const topic = `devices/${device}/telemetry/environment`;
  const refused = (dup: boolean) =>
    publishPacket({ topic, payload: "{broken", qos: 2, messageId: 9, dup });
  for (let sending = 0; sending < 8; sending++) {
    using client = await RawClient.connect(mqttPort, { clientId: device, protocolVersion: 5 });
    client.send(refused(sending > 0));
    expect((await answerTo(client, 9)).reasonCode).toBe(0x99);
  }
  using client = await RawClient.connect(mqttPort, { clientId: device, protocolVersion: 5 });
  client.send(publishPacket({ topic, payload: "{", qos: 1, messageId: 3 }));
  expect((await answerTo(client, 3)).reasonCode ?? 0).toBe(0);
  expect(await kept(device)).toBe(2);
});

/** CONNECT byte by byte: undefined is a field that is not there, "" one that is empty. */
function connectBytes(version: 4 | 5, username?: string, password?: string): Buffer {
  const flags = 2 | (username === undefined ? 0 : 0x80) | (password === undefined ? 0 : 0x40);
  return packetOf(
    0x10,
    text("MQTT"),
    Buffer.from([version, flags, 0, 60, ...(version === 5 ? [0] : [])]),
    text("nobody-in-particular"),
    ...[username, password].filter((field) => field !== undefined).map(text),
  );
}

const NOBODY = [
  [4, undefined, undefined],
  [5, undefined, undefined],
  [4, "", ""],
  [5, "", ""],
  [4, "", undefined],
  [5, "", undefined],
  [5, undefined, ""], // MQTT 3.1.1 has no password without a user name [MQTT-3.1.2-22].
] as const;
const SOMEBODY = [
  [4, "", "secret"],
  [5, "", "secret"],
  [5, undefined, "secret"],
  [4, "ghost", ""],
  [5, "ghost", ""],
  [4, "ghost", undefined],
  [5, "ghost", undefined],
] as const;

const answerToConnect = async (port: number, bytes: Buffer, version: 4 | 5): Promise<number> => {
  using client = await RawClient.open(port, version);
  client.socket.write(bytes);
  const { returnCode, reasonCode } = await client.until<IConnackPacket>(
    ({ cmd }) => cmd === "connack",
  );
  return reasonCode ?? returnCode ?? 0;
};

test.each(NOBODY)(
  "MQTT %d: user name %j with password %j is nobody's",
  async (version, ...fields) => {
    expect(await answerToConnect(port, connectBytes(version, ...fields), version)).toBe(0);
  },
);

test.each(SOMEBODY)(
  "MQTT %d: user name %j with password %j is no login",
  async (version, ...fields) => {
    const code = await answerToConnect(port, connectBytes(version, ...fields), version);
    expect(code).toBe(version === 5 ? 0x86 : 4);
  },
);

test("where nobody is let in without a login, empty credentials are not let in either", async () => {
  const { mqttPort } = await startGateway("g3", { SKERRY_ANONYMOUS: "off" });
  for (const [version, ...fields] of NOBODY) {
    const code = await answerToConnect(mqttPort, connectBytes(version, ...fields), version);
    expect(code).toBe(version === 5 ? 0x87 : 5);
  }
});

test("two clients that take one client id from each other all the time are told", async () => {
  const clients: RawClient[] = [];
  for (let n = 0; n < 30; n++)
    clients.push(
      await RawClient.connect(port, { clientId: "twin", protocolVersion: n % 2 ? 5 : 4 }),
    );
  const subject = "alerts.eu.client_id_contested.twin";
  await eventually("the alert is raised", async () => {
    const last = await new Streams(nats).newest("ALERTS_eu", subject);
    return last !== null;
  });
  const last = await new Streams(nats).newest("ALERTS_eu", subject);
  const alert = JSON.parse(Buffer.from(last!.data).toString()) as Alert;
  expect(alert).toMatchObject({ state: "firing", key: "twin" });
  expect(alert.message).toContain("127.0.0.1");
  const { takeovers, contestedClientIds } = await gateway.status<GatewayStatus>();
  expect(takeovers).toBeGreaterThanOrEqual(29);
  expect(contestedClientIds).toMatchObject([{ clientId: "twin", addresses: ["127.0.0.1"] }]);
  for (const client of clients) client[Symbol.dispose]();
  expect((await new Streams(nats).subjects("ALERTS_eu", subject)).get(subject)).toBe(1);
});
