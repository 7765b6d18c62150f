// Goal: the WebSocket listeners hold nobody who does not upgrade, and let in no page of a stranger.
// Method: raw sockets that are silent or drip; handshakes with hosts and origins of all kinds.
import { once } from "node:events";
import { type Socket, connect } from "node:net";
import { connect as connectTls } from "node:tls";
import { WebSocket } from "ws";
import { expect, test } from "vitest";
import { startTestBroker } from "../support/mqtt-broker.ts";
import { AUTHORITY, SERVER_CERTIFICATE, SERVER_KEY } from "../support/mqtt-certificates.ts";

const at = { host: "127.0.0.1", port: 0 };
const tls = { key: SERVER_KEY, certificate: SERVER_CERTIFICATE };

/** The time after which the other side ended it, while one character of `words` is sent each 300 ms. */
async function lastsMs(socket: Socket, words: string): Promise<number> {
  const sinceMs = performance.now();
  let sent = 0;
  const drip = setInterval(() => {
    if (sent < words.length && socket.writable) socket.write(words[sent++]!);
  }, 300);
  socket.on("error", () => undefined).resume();
  await once(socket, "close");
  clearInterval(drip);
  return performance.now() - sinceMs;
}

const HEADERS = `GET / HTTP/1.1\r\nhost: localhost\r\nx-long: ${"x".repeat(1_000)}`;
const BODY = `POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000\r\n\r\n${"x".repeat(1_000)}`;

test("silence, dripping headers and a dripping body end within about ten seconds", async () => {
  await using world = await startTestBroker({ listeners: { ws: at, wss: { ...at, tls } } });
  const { ws, wss } = world.broker.addresses;
  const secure = (): Socket =>
    connectTls({ port: wss!.port, host: "127.0.0.1", servername: "localhost", ca: AUTHORITY });
  const posting = connect(ws!.port, "127.0.0.1");
  const head = BODY.slice(0, BODY.indexOf("\r\n\r\n") + 4);
  posting.write(head);
  const lasted = await Promise.all([
    lastsMs(connect(ws!.port, "127.0.0.1"), ""),
    lastsMs(connect(ws!.port, "127.0.0.1"), HEADERS),
    lastsMs(posting, BODY.slice(head.length)),
    lastsMs(secure(), ""),
    lastsMs(secure(), HEADERS),
  ]);
  for (const ms of lasted) expect(ms).toBeLessThan(15_000);
});

test("an upgraded connection outlives that time", async () => {
  await using world = await startTestBroker({ listeners: { ws: at } });
  const socket = new WebSocket(`ws://127.0.0.1:${world.broker.addresses.ws!.port}`, "mqtt");
  await once(socket, "open");
  // CONNECT of MQTT 3.1.1, client id "a", keep-alive 60 s.
  socket.send(Buffer.from("100d00044d5154540402003c000161", "hex"));
  await once(socket, "message");
  const sinceMs = performance.now();
  const pings = setInterval(() => socket.send(Buffer.from("c000", "hex")), 1_000);
  for (;;) {
    await once(socket, "message");
    if (performance.now() - sinceMs > 11_000) break;
  }
  clearInterval(pings);
  socket.terminate();
});

const LIST = { hosts: ["gw.example.org"], origins: ["https://console.example.org"] };
test.for<[host: string, origin: string | undefined, options: object, answer: number]>([
  ["localhost:1", undefined, {}, 101],
  ["127.0.0.1:1", undefined, {}, 101],
  ["10.0.0.5", undefined, {}, 101],
  ["[fe80::1]:1", undefined, {}, 101],
  ["evil.example", undefined, {}, 421],
  ["evil.example", "https://evil.example", {}, 421],
  ["localhost", "https://evil.example", {}, 403],
  ["localhost", "null", {}, 403],
  ["localhost:80", "http://localhost:81", {}, 403],
  ["localhost:80", "http://localhost", {}, 403],
  ["localhost:8083", "http://localhost:8083", {}, 101],
  ["localhost.", undefined, {}, 421],
  ["user@localhost", undefined, {}, 421],
  ["gw.example.org", undefined, LIST, 101],
  ["GW.example.org", "https://console.example.org", LIST, 101],
  ["gw.example.org", "https://console.example.org.evil.example", LIST, 403],
  ["gw.example.org", "https://evil.example", LIST, 403],
])("Host %s, Origin %s, %j: %i", async ([host, origin, options, answer]) => {
  await using world = await startTestBroker({ listeners: { ws: { ...at, ...options } } });
  const url = `ws://127.0.0.1:${world.broker.addresses.ws!.port}`;
  const socket = new WebSocket(url, "mqtt", { headers: { host, ...(origin ? { origin } : {}) } });
  const status = await new Promise<number>((resolve) => {
    socket.once("open", () => resolve(101));
    socket.once("unexpected-response", (_, response) => resolve(response.statusCode ?? 0));
    socket.on("error", () => undefined);
  });
  socket.terminate();
  expect(status).toBe(answer);
});
