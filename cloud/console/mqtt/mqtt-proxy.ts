// MQTT over WebSocket for the page: a connection of an operator goes on to the gateway of a region.
//
// M1. Nothing goes on before the same checks as of a change: the host, the origin, an operator's session.
// M2. Once that session is over, the connection is, too, within CHECK_EVERY_MS.
// M3. Whoever is refused holds no connection, whether or not they close their end.
import type { FastifyInstance } from "fastify";
import type { IncomingMessage } from "node:http";
import { connect } from "node:net";
import type { Duplex } from "node:stream";
import type { Guard } from "../access/guard.ts";
import { isAllowedHost } from "../access/origin.ts";
import { mayDo } from "../access/who.ts";

/** Connections that may be open at once. */
const CONNECTIONS_MAX = 200;
const CHECK_EVERY_MS = 5_000;
const PATH = /^\/mqtt\/([a-z0-9-]+)$/;
/** Headers of the handshake (RFC 6455, 4.2.1) that the gateway has to see; a cookie is none of its business. */
const PASSED = [
  "upgrade",
  "connection",
  "sec-websocket-key",
  "sec-websocket-version",
  "sec-websocket-protocol",
  "sec-websocket-extensions",
];

export interface MqttProxyParts {
  readonly guard: Guard;
  readonly hosts: ReadonlySet<string>;
  /** The WebSocket listener of a gateway of each region. */
  readonly targets: ReadonlyMap<string, URL>;
}

export function proxyMqtt(
  server: FastifyInstance,
  { guard, hosts, targets }: MqttProxyParts,
): void {
  let open = 0;
  server.server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on("error", () => socket.destroy());
    const target = targets.get(PATH.exec(request.url ?? "")?.[1] ?? "");
    if (!target) return refuse(socket, "404 Not Found");
    const status = (): string | null => problemStatus(server, request, guard, hosts);
    const problem = status();
    if (problem !== null) return refuse(socket, problem);
    if (open >= CONNECTIONS_MAX) return refuse(socket, "503 Service Unavailable");
    open += 1;
    const watch = setInterval(() => status() === null || socket.destroy(), CHECK_EVERY_MS).unref(); // M2
    socket.once("close", () => {
      open -= 1;
      clearInterval(watch);
    });
    forward(request, socket, head, target);
  });
}

/** The status of a refusal, or null (M1). */
function problemStatus(
  server: FastifyInstance,
  request: IncomingMessage,
  guard: Guard,
  hosts: ReadonlySet<string>,
): string | null {
  const { host, origin, cookie = "" } = request.headers;
  if (!isAllowedHost(host, hosts)) return "421 Misdirected Request";
  if (origin === undefined || !URL.canParse(origin) || new URL(origin).host !== host)
    return "403 Forbidden";
  const { headers, headersDistinct, socket } = request;
  const who = guard.whoIs({
    headers,
    headersDistinct,
    socket,
    cookies: server.parseCookie(cookie),
  });
  if (who === null) return "401 Unauthorized";
  return mayDo(who.role, "operator") ? null : "403 Forbidden";
}

function refuse(socket: Duplex, status: string): void {
  const answer = `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`;
  socket.end(answer, () => socket.destroy()); // M3
}

function forward(request: IncomingMessage, socket: Duplex, head: Buffer, target: URL): void {
  const gateway = connect(Number(target.port), target.hostname);
  const close = (): void => {
    gateway.destroy();
    socket.destroy();
  };
  for (const side of [gateway, socket]) side.on("error", close).on("close", close);
  const headers = PASSED.flatMap((name) => {
    const value = request.headers[name];
    return typeof value === "string" ? [`${name}: ${value}`] : [];
  });
  gateway.once("connect", () => {
    const lines = [`GET ${target.pathname} HTTP/1.1`, `host: ${target.host}`, ...headers];
    gateway.write(`${lines.join("\r\n")}\r\n\r\n`);
    if (head.length > 0) gateway.write(head);
    gateway.pipe(socket);
    socket.pipe(gateway);
  });
}
