// MQTT over WebSocket for the page: a connection goes on to the gateway of a region.
//
// M1. Nothing goes on before the same checks as of a change: the host, the origin, a session. An operator's bytes go on
//     as they are; a viewer's are read packet by packet, so that they listen and do nothing else (viewer-packets.ts).
// M2. Once that session is over, or has another role, the connection is over, too, within CHECK_EVERY_MS.
// M3. Whoever is refused holds no connection, whether or not they close their end.
import type { FastifyInstance } from "fastify";
import type { IncomingMessage } from "node:http";
import { connect, isIP } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import type { Guard } from "../access/guard.ts";
import type { ClientTls } from "../../../platform/runtime/client-tls.ts";
import { isAllowedHost } from "../../../platform/runtime/http-host.ts";
import { type Role, mayDo } from "../access/who.ts";
import { type Unreached, ViewerConnections } from "./viewer-connection.ts";

/** Connections that may be open at once. */
const CONNECTIONS_MAX = 200;
/** Viewers' among them, so that operators always find room. */
const VIEWER_CONNECTIONS_MAX = 150;
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
  /** TLS of those that are wss. */
  readonly tls: ClientTls;
  /** Hears why a gateway cannot be reached. */
  readonly unreached: Unreached;
}

export function proxyMqtt(
  server: FastifyInstance,
  { guard, hosts, targets, tls, unreached }: MqttProxyParts,
): void {
  const viewers = new ViewerConnections(tls, unreached);
  const open = { viewer: 0, operator: 0 };
  server.server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on("error", () => socket.destroy());
    const target = targets.get(PATH.exec(request.url ?? "")?.[1] ?? "");
    if (!target) return refuse(socket, "404 Not Found");
    const asks = (): Asked => askedBy(server, request, guard, hosts);
    const { role, refusal } = asks();
    if (role === null) return refuse(socket, refusal);
    const isFull = open.viewer + open.operator >= CONNECTIONS_MAX;
    if (isFull || (role === "viewer" && open.viewer >= VIEWER_CONNECTIONS_MAX))
      return refuse(socket, "503 Service Unavailable");
    open[role] += 1;
    const watch = setInterval(() => asks().role === role || socket.destroy(), CHECK_EVERY_MS); // M2
    watch.unref();
    socket.once("close", () => {
      open[role] -= 1;
      clearInterval(watch);
    });
    if (mayDo(role, "operator")) forward(request, socket, head, { target, tls, unreached });
    else viewers.open(request, socket, head, target);
  });
}

type Asked =
  | { readonly role: Role; readonly refusal: null }
  | { readonly role: null; readonly refusal: string };

/** The role of whoever asks, or the status of a refusal (M1). */
function askedBy(
  server: FastifyInstance,
  request: IncomingMessage,
  guard: Guard,
  hosts: ReadonlySet<string>,
): Asked {
  const refused = (refusal: string): Asked => ({ role: null, refusal });
  const { host, origin, cookie = "" } = request.headers;
  if (!isAllowedHost(host, hosts)) return refused("421 Misdirected Request");
  if (origin === undefined || !URL.canParse(origin) || new URL(origin).host !== host)
    return refused("403 Forbidden");
  const { headers, headersDistinct, socket } = request;
  const who = guard.whoIs({
    headers,
    headersDistinct,
    socket,
    cookies: server.parseCookie(cookie),
  });
  return who === null ? refused("401 Unauthorized") : { role: who.role, refusal: null };
}

function refuse(socket: Duplex, status: string): void {
  const answer = `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`;
  socket.end(answer, () => socket.destroy()); // M3
}

function forward(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  { target, tls, unreached }: { target: URL } & Pick<MqttProxyParts, "tls" | "unreached">,
): void {
  const host = target.hostname.replace(/^\[|\]$/g, "");
  const to = { host, port: Number(target.port || (target.protocol === "wss:" ? 443 : 80)) };
  const servername = isIP(host) === 0 ? { servername: host } : {};
  const isTls = target.protocol === "wss:";
  const gateway = isTls ? connectTls({ ...to, ...servername, ...tls }) : connect(to);
  const close = (): void => {
    gateway.destroy();
    socket.destroy();
  };
  let isThere = false;
  gateway.once("error", (error) => {
    if (isThere) return;
    unreached(target, error);
    refuse(socket, "502 Bad Gateway");
  });
  socket.on("error", close).on("close", close);
  gateway.on("error", () => isThere && close()).on("close", () => isThere && close());
  const headers = PASSED.flatMap((name) => {
    const value = request.headers[name];
    return typeof value === "string" ? [`${name}: ${value}`] : [];
  });
  gateway.once(isTls ? "secureConnect" : "connect", () => {
    isThere = true;
    const lines = [`GET ${target.pathname} HTTP/1.1`, `host: ${target.host}`, ...headers];
    gateway.write(`${lines.join("\r\n")}\r\n\r\n`);
    if (head.length > 0) gateway.write(head);
    gateway.pipe(socket);
    socket.pipe(gateway);
  });
}
