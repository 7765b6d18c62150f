// Goal: what somebody without rights sends costs the console little, and takes nothing from those who have rights.
// Method: a real console; connections by hand, so that they can do what no browser and no library does.
import { once } from "node:events";
import { type Socket, connect } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as mqttPacket from "mqtt-packet";
import type { IConnectPacket, IPublishPacket, Packet } from "mqtt-packet";
import { WebSocket, WebSocketServer } from "ws";
import { CHANGE_HEADER } from "../../cloud/console/access/origin.ts";
import {
  type ConsoleUnderTest,
  OPERATOR_TOKEN,
  VIEWER_TOKEN,
  askApi,
  startConsole,
} from "../support/console.ts";
import { eventually } from "../support/eventually.ts";
import { type NatsWorld, startHubAndRegions } from "../support/nats.ts";

let world: NatsWorld;
let api: ConsoleUnderTest;
let behindProxy: ConsoleUnderTest;
const gateway = new WebSocketServer({ host: "127.0.0.1", port: 0 });

beforeAll(async () => {
  world = await startHubAndRegions({ regions: ["eu"], partitions: 1 });
  const { port } = gateway.address() as { port: number };
  const env = { SKERRY_PARTITIONS: "1", SKERRY_CONSOLE_MQTT: `eu=ws://127.0.0.1:${port}` };
  api = await startConsole(world, ["eu"], env);
  behindProxy = await startConsole(world, ["eu"], {
    SKERRY_PARTITIONS: "1",
    SKERRY_CONSOLE_PROXY_PEERS: "127.0.0.1",
  });
}, 60_000);

afterAll(async () => {
  gateway.close();
  await api?.[Symbol.asyncDispose]();
  await behindProxy?.[Symbol.asyncDispose]();
  await world?.[Symbol.asyncDispose]();
});

/** A connection that writes lines, and never closes its own end. */
async function dial(to: ConsoleUnderTest, lines: readonly string[]): Promise<Socket> {
  const { hostname, port, host } = new URL(to.url);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  socket.on("error", () => undefined);
  await once(socket, "connect");
  socket.write([lines[0], `host: ${host}`, ...lines.slice(1), "", ""].join("\r\n"));
  return socket;
}

const answerOf = async (socket: Socket): Promise<string> =>
  String((await once(socket, "data"))[0] as Buffer).split("\r\n")[0]!;

test.each([
  ["/api/v1/rules/check", 401],
  ["/api/v1/rejects/replay", 401],
  ["/api/v1/session", 403],
])("%s answers nobody before it has read what they send", async (path, status) => {
  const head = [`POST ${path} HTTP/1.1`, "content-type: application/json"];
  const socket = await dial(api, [...head, "content-length: 4000000"]);
  expect(await answerOf(socket)).toMatch(new RegExp(`^HTTP/1.1 ${status}`));
  socket.destroy();
});

test("telemetry from behind a proxy needs a token, before its body is read", async () => {
  const head = ["POST /v1/traces HTTP/1.1", "content-type: application/json"];
  const socket = await dial(behindProxy, [...head, "content-length: 4000000"]);
  expect(await answerOf(socket)).toMatch(/^HTTP\/1.1 401/);
  socket.destroy();
  const send = (headers: Record<string, string>): Promise<Response> =>
    fetch(`${behindProxy.url}/v1/traces`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: "{}",
    });
  expect((await send({})).status).toBe(401);
  expect((await send({ "x-forwarded-user": "eve" })).status).toBe(401);
  expect((await send({ authorization: `Bearer ${VIEWER_TOKEN}` })).status).toBe(200);
});

test("a proxy's header that is there twice names nobody", async () => {
  const ask = async (headers: readonly string[]): Promise<string> => {
    const socket = await dial(behindProxy, ["GET /api/v1/session HTTP/1.1", ...headers]);
    const answer = String((await once(socket, "data"))[0] as Buffer);
    socket.destroy();
    return answer;
  };
  const ada = "x-forwarded-user: ada";
  const groups = "x-forwarded-groups: skerry-operators";
  expect(await ask([ada, groups])).toMatch(/200 OK[^]*"operator"/);
  expect(await ask([ada])).toMatch(/200 OK[^]*"viewer"/);
  expect(await ask(["x-forwarded-user: eve", ada])).toMatch(/401/);
  expect(await ask([ada, groups, "x-forwarded-groups: guests"])).toMatch(/401/);
});

test.each(["/mqtt/eu", "/mqtt/nowhere", "/api/v1/stream"])(
  "an upgrade of %s without rights is refused, and its connection is over though its other end stays",
  async (path) => {
    const upgrade = ["connection: Upgrade", "upgrade: websocket", "sec-websocket-version: 13"];
    const socket = await dial(api, [`GET ${path} HTTP/1.1`, ...upgrade, `origin: ${api.url}`]);
    expect(await answerOf(socket)).toMatch(/^HTTP\/1.1 (401|404)/);
    await once(socket, "end");
    // Writing to a connection that the other side destroyed is answered with a reset.
    await eventually("it is reset", () => {
      socket.write("x");
      return socket.destroyed;
    });
  },
);

async function logIn(token = OPERATOR_TOKEN): Promise<string> {
  const answer = await fetch(`${api.url}/api/v1/session`, {
    method: "POST",
    headers: { origin: api.url, [CHANGE_HEADER]: "1", "content-type": "application/json" },
    body: JSON.stringify({ token }),
  });
  return answer.headers.get("set-cookie")!.split(";")[0]!;
}

test("who logs out is cut off from MQTT, too", async () => {
  const cookie = await logIn();
  const socket = await dial(api, [
    "GET /mqtt/eu HTTP/1.1",
    ...["connection: Upgrade", "upgrade: websocket", "sec-websocket-version: 13"],
    ...["sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==", `origin: ${api.url}`, `cookie: ${cookie}`],
  ]);
  expect(await answerOf(socket)).toMatch(/^HTTP\/1.1 101/);
  await fetch(`${api.url}/api/v1/session`, {
    method: "DELETE",
    headers: { origin: api.url, [CHANGE_HEADER]: "1", cookie },
  });
  await once(socket, "end", { signal: AbortSignal.timeout(15_000) });
  socket.destroy();
}, 20_000);

const CONNECT: IConnectPacket = {
  ...{ cmd: "connect", clientId: "console-viewer", protocolVersion: 5, protocolId: "MQTT" },
  ...{ clean: true, keepalive: 60 },
};
const PUBLISH: IPublishPacket = {
  ...{ cmd: "publish", topic: "devices/a/commands", payload: "open", qos: 0 },
  ...{ dup: false, retain: false },
};

/** Commands that the gateway reads of what somebody of a role sends, until their connection ends or all came. */
async function heardOf(token: string, packets: readonly Packet[]): Promise<string[]> {
  const heard: string[] = [];
  const parser = mqttPacket.parser();
  parser.on("packet", ({ cmd }) => heard.push(cmd));
  gateway.once("connection", (socket) =>
    socket.on("message", (data: Buffer) => void parser.parse(data)),
  );
  const cookie = await logIn(token);
  const page = new WebSocket(`${api.url.replace("http", "ws")}/mqtt/eu`, "mqtt", {
    headers: { cookie, origin: api.url },
  });
  await once(page, "open");
  const closed = once(page, "close").then(() => true);
  const bytes = packets.map((packet) => mqttPacket.generate(packet, { protocolVersion: 5 }));
  page.send(Buffer.concat(bytes));
  await Promise.race([
    closed,
    eventually("all came", () => heard.length === packets.length, 10_000).catch(() => false),
  ]);
  page.terminate();
  return heard;
}

test("what a viewer publishes ends at the console; what they listen to, and an operator's, goes on", async () => {
  const subscriptions = [{ topic: "#", qos: 0 as const }];
  const subscribe = { cmd: "subscribe", messageId: 1, subscriptions } as const;
  expect(await heardOf(VIEWER_TOKEN, [CONNECT, subscribe])).toEqual(["connect", "subscribe"]);
  expect(await heardOf(VIEWER_TOKEN, [CONNECT, PUBLISH, subscribe])).not.toContain("publish");
  const will = { topic: "t", payload: Buffer.from("x"), qos: 0, retain: false } as const;
  expect(await heardOf(VIEWER_TOKEN, [{ ...CONNECT, will }])).toEqual([]);
  expect(await heardOf(OPERATOR_TOKEN, [CONNECT, PUBLISH])).toEqual(["connect", "publish"]);
}, 40_000);

test("no path leads out of the page's directory", async () => {
  for (const path of [
    "/../console.ts",
    "/..%2fconsole.ts",
    "/%2e%2e/console.ts",
    "/..%5cconsole.ts",
    "/lib/..%2f..%2fpackage.json",
    "/lib/__proto__",
    "/styles/%00",
    "//etc/passwd",
    "/%ff",
  ]) {
    const socket = await dial(api, [`GET ${path} HTTP/1.1`, "connection: close"]);
    expect(await answerOf(socket)).toMatch(/^HTTP\/1.1 4\d\d/);
    socket.destroy();
  }
});

test("a dry run is no change, and not written down as one", async () => {
  const replay = (dryRun: boolean, token: string) =>
    askApi(api.url, "POST", "/rejects/replay", { region: "eu", dryRun }, token);
  expect((await replay(true, VIEWER_TOKEN)).status).toBe(403);
  expect((await replay(true, OPERATOR_TOKEN)).status).toBe(202);
  expect((await replay(false, OPERATOR_TOKEN)).status).toBe(202);
  const { body } = await api.ask<{ records: { request: string }[] }>("GET", "/audit");
  const replays = body.records.filter(({ request }) => request.includes("/rejects/replay"));
  expect(replays).toHaveLength(1);
});
