// Goal: every listener speaks MQTT 3.1.1 and 5, and says who is calling.
// Method: mqtt.js over TCP, TLS, WebSocket and secure WebSocket; credentials as `authenticate` saw them.
import { X509Certificate, createHash } from "node:crypto";
import { once } from "node:events";
import { request } from "node:http";
import { WebSocket } from "ws";
import { expect, test } from "vitest";
import type { Credentials } from "../../gateway/identity/login.ts";
import { startTestBroker } from "../support/mqtt-broker.ts";
import {
  AUTHORITY,
  DEVICE_CERTIFICATE,
  DEVICE_KEY,
  SERVER_CERTIFICATE,
  SERVER_KEY,
} from "../support/mqtt-certificates.ts";
import { RawClient, connectClient, connectPacket } from "../support/mqtt-client.ts";

const at = { host: "127.0.0.1", port: 0 };
const tls = { key: SERVER_KEY, certificate: SERVER_CERTIFICATE, clientAuthorities: AUTHORITY };
const listeners = { mqtt: at, mqtts: { ...at, tls }, ws: at, wss: { ...at, tls } };

test.for(
  (["mqtt", "mqtts", "ws", "wss"] as const).flatMap((name) => [
    [name, 4] as const,
    [name, 5] as const,
  ]),
)("%s, MQTT %i: publish and subscribe", async ([name, protocolVersion]) => {
  const seen: Credentials[] = [];
  await using world = await startTestBroker(
    { listeners },
    {
      authenticate: (credentials) => {
        seen.push(credentials);
        return Promise.resolve({ allowed: true, principal: "p", device: "d" });
      },
    },
  );
  const secure = name.endsWith("s") && name !== "ws";
  await using client = await connectClient(
    world.broker.addresses[name]!.port,
    {
      protocolVersion,
      clientId: "one",
      username: "user",
      password: "word",
      ...(secure ? { ca: AUTHORITY, key: DEVICE_KEY, cert: DEVICE_CERTIFICATE } : {}),
    },
    name,
  );
  const heard = new Promise<string>((resolve) =>
    client.on("message", (_topic, payload) => resolve(payload.toString())),
  );
  await client.subscribeAsync("t", { qos: 1 });
  await client.publishAsync("t", "x".repeat(50_000), { qos: 2 });
  expect(await heard).toHaveLength(50_000);
  expect(world.received[0]!.publication).toMatchObject({
    clientId: "one",
    principal: "p",
    device: "d",
    qos: 2,
  });
  expect(seen[0]).toMatchObject({
    listener: name,
    protocolVersion,
    remoteAddress: "127.0.0.1",
    clientId: "one",
    username: "user",
  });
  expect(seen[0]!.password?.toString()).toBe("word");
  expect(seen[0]!.certificate).toEqual(
    secure
      ? {
          subjectCN: "boiler-7",
          altNames: ["DNS:boiler-7.plant", "URI:urn:device:boiler-7"],
          fingerprint: createHash("sha256")
            .update(new X509Certificate(DEVICE_CERTIFICATE).raw)
            .digest("hex"),
        }
      : undefined,
  );
});

test("a listener that requires client certificates refuses others", async () => {
  await using world = await startTestBroker({
    listeners: { mqtts: { ...at, tls: { ...tls, clientCertificateRequired: true } } },
  });
  const { port } = world.broker.addresses.mqtts!;
  await expect(connectClient(port, { ca: AUTHORITY }, "mqtts")).rejects.toThrow();
});

test("WebSocket: the subprotocol is mqtt, frames are binary, and pages are not served", async () => {
  await using world = await startTestBroker({ listeners });
  const url = `ws://127.0.0.1:${world.broker.addresses.ws!.port}`;
  const none = new WebSocket(url);
  none.on("error", () => undefined);
  await once(none, "close");

  const text = new WebSocket(url, "mqtt");
  await once(text, "open");
  text.send("hello");
  await once(text, "close");

  const [response] = (await once(request(url.replace("ws", "http")).end(), "response")) as [
    { statusCode: number },
  ];
  expect(response.statusCode).toBe(426);
});

test("authentication: refusals carry their reason, in the words of each version", async () => {
  await using world = await startTestBroker(
    {},
    {
      authenticate: ({ username }) =>
        username === "broken"
          ? Promise.reject(new Error("the identity store is away"))
          : Promise.resolve({
              allowed: false,
              reason: username === "stranger" ? "not_authorized" : "bad_credentials",
            }),
    },
  );
  const answers: unknown[] = [];
  for (const [username, protocolVersion] of [
    ["wrong", 5],
    ["wrong", 4],
    ["stranger", 5],
    ["broken", 5],
    ["broken", 4],
  ] as const) {
    using client = await RawClient.connect(world.port, { username, protocolVersion });
    const connack = client.packets[0] as { reasonCode?: number; returnCode?: number };
    answers.push(connack.reasonCode ?? connack.returnCode);
    await client.untilClosed();
  }
  expect(answers).toEqual([0x86, 4, 0x87, 0x88, 3]);
  expect(world.broker.counters).toMatchObject({ connections: 0, refused: { authentication: 5 } });
});

test("packets behind a CONNECT wait for its authentication, in their order", async () => {
  const asked = Promise.withResolvers<() => void>();
  await using world = await startTestBroker(
    {},
    {
      authenticate: () => new Promise((resolve) => asked.resolve(() => resolve({ allowed: true }))),
    },
  );
  using client = await RawClient.open(world.port);
  const ids = Array.from({ length: 200 }, (_, index) => index + 1);
  client.send(
    connectPacket(),
    ...ids.map((messageId) => ({
      cmd: "publish" as const,
      topic: "t",
      payload: `${messageId}`,
      qos: 1 as const,
      dup: false,
      retain: false,
      messageId,
    })),
  );
  const allow = await asked.promise;
  expect(world.broker.counters.publishesReceived).toBe(0);
  allow();
  await client.until((packet) => packet.messageId === 200);
  expect(world.received.map(({ publication }) => Number(publication.payload))).toEqual(ids);
});

test("disconnect closes the live connections of a client id or a principal, with the reason", async () => {
  await using world = await startTestBroker(
    {},
    {
      authenticate: ({ username }) => Promise.resolve({ allowed: true, principal: username ?? "" }),
    },
  );
  using one = await RawClient.connect(world.port, {
    clientId: "1",
    username: "p",
    protocolVersion: 5,
  });
  using two = await RawClient.connect(world.port, { clientId: "2", username: "p" });
  using other = await RawClient.connect(world.port, { clientId: "3", username: "q" });
  expect(world.broker.disconnect(({ principal }) => principal === "p", "not_authorized")).toBe(2);
  expect(await one.until((packet) => packet.cmd === "disconnect")).toMatchObject({
    reasonCode: 0x87,
  });
  await Promise.all([one.untilClosed(), two.untilClosed()]);
  await other.settle();
  expect(world.broker.disconnect(({ clientId }) => clientId === "3", "not_authorized")).toBe(1);
  await other.untilClosed();
});

test("while the store is away new CONNECTs are refused and connected clients stay", async () => {
  await using world = await startTestBroker();
  using old = await RawClient.connect(world.port, { clientId: "old" });
  world.broker.refuseConnections(true);
  using modern = await RawClient.connect(world.port, { protocolVersion: 5 });
  expect(modern.packets[0]).toMatchObject({ reasonCode: 0x88 });
  using classic = await RawClient.connect(world.port);
  expect(classic.packets[0]).toMatchObject({ returnCode: 3 });
  await old.settle();
  world.broker.refuseConnections(false);
  using again = await RawClient.connect(world.port);
  expect(again.packets[0]).toMatchObject({ returnCode: 0 });
});

test.for(["mqtt", "mqtts", "ws", "wss"] as const)(
  "%s: who is let in makes room for the next socket, and one that says nothing does for who speaks",
  async (name) => {
    const limits = { addressOpeningMax: 1, openingMax: 2 };
    await using world = await startTestBroker({ listeners, limits });
    await using stack = new AsyncDisposableStack();
    const { port } = world.broker.addresses[name]!;
    for (const clientId of ["1", "2", "3"])
      stack.use(await connectClient(port, { clientId, ca: AUTHORITY }, name));
    expect(world.broker.counters.closed).toEqual({});
    const silent = stack.use(await RawClient.open(port));
    stack.use(await connectClient(port, { clientId: "4", ca: AUTHORITY }, name));
    await silent.untilClosed();
    expect(world.broker.counters.closed).toEqual({ address_opening: 1 });
    expect(world.broker.counters.connections).toBe(4);
  },
);
