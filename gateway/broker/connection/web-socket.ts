// MQTT over WebSocket (MQTT 5, 6).
//
// H1. A peer has HANDSHAKE_MS from its first byte, or from none, to the end of its upgrade: silence and
//     a request that drips end alike.
// H2. A page in a browser is let in only from an origin that is listed or the host it asks, and whoever
//     asks names a host that is ours (platform/runtime/http-host.ts).
import type { IncomingMessage, Server as HttpServer, ServerResponse } from "node:http";
import type { Server as HttpsServer } from "node:https";
import type { Duplex } from "node:stream";
import { WebSocketServer, createWebSocketStream } from "ws";
import { hostNames } from "../../../platform/runtime/http-host.ts";
import type { WebSocketAddress } from "../options.ts";
import { HANDSHAKE_MS } from "./tls.ts";
import { upgradeProblem } from "./web-origin.ts";

/** Answers what is no upgrade, and hangs up. */
export function notHere(request: IncomingMessage, response: ServerResponse): void {
  const { socket } = request;
  response.once("finish", () => socket.destroySoon());
  response.writeHead(426, { connection: "close", upgrade: "websocket" }).end();
}

/**
 * Takes WebSockets on `server`, which listens at `at`.
 *
 * @param accept hears of each with its bytes and the request that it began with.
 */
export function serveWebSockets(
  server: HttpServer | HttpsServer,
  at: WebSocketAddress,
  bytesMax: number,
  accept: (stream: Duplex, request: IncomingMessage) => void,
): void {
  const allowed = { hosts: hostNames(at.host, at.hosts), origins: new Set(at.origins ?? []) };
  const upgrading = new WeakMap<Duplex, NodeJS.Timeout>();
  // H1. Over TLS from the end of its handshake, which has as long.
  const begun = "setSecureContext" in server ? "secureConnection" : "connection";
  server.on(begun, (socket: Duplex) => {
    const timer = setTimeout(() => socket.destroy(), HANDSHAKE_MS);
    upgrading.set(socket, timer);
    socket.once("close", () => clearTimeout(timer));
  });
  const sockets = new WebSocketServer({
    server: server as HttpServer,
    maxPayload: bytesMax * 2,
    perMessageDeflate: false,
    verifyClient: ({ req: { headers } }, done) => {
      const problem = upgradeProblem(headers, allowed); // H2
      if (problem === null) done(true);
      else done(false, problem.status, problem.text);
    },
    // [MQTT-6.0.0-3]: the client offers `mqtt` and the server selects it (`mqttv3.1` is MQTT 3.1's).
    handleProtocols: (offered) =>
      offered.has("mqtt") ? "mqtt" : offered.has("mqttv3.1") ? "mqttv3.1" : false,
  });
  sockets.on("error", () => undefined);
  sockets.on("connection", (socket, request) => {
    socket.on("error", () => undefined);
    if (socket.protocol === "") return socket.close(1002, "the subprotocol must be mqtt");
    // [MQTT-6.0.0-1]: a text frame ends the connection.
    socket.on("message", (_data, isBinary) => {
      if (!isBinary) socket.close(1003, "frames must be binary");
    });
    clearTimeout(upgrading.get(request.socket));
    accept(createWebSocketStream(socket), request);
  });
}
