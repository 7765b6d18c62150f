// Sockets in: TCP, TLS, and WebSocket over both (MQTT 5, 6).
import { createServer as createHttpServer } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import {
  createServer as createTcpServer,
  type AddressInfo,
  type Server,
  type Socket,
} from "node:net";
import type { Duplex } from "node:stream";
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from "node:tls";
import { WebSocketServer, createWebSocketStream } from "ws";
import { AppError } from "../../../platform/runtime/errors.ts";
import type { Certificate } from "../../identity/login.ts";
import type { Address, Listeners, TlsIdentity } from "../options.ts";
import type { Doorstep } from "./doorstep.ts";
import { type Origin, arrivalOf } from "./origin.ts";

export type Accept = (stream: Duplex, origin: Origin) => void;

export interface Listening {
  readonly addresses: Record<string, { host: string; port: number }>;
  /** Stops accepting; resolves once every socket is gone. */
  stop(): Promise<void>;
  /** Ends whatever has not become a connection yet (TLS handshakes, idle HTTP). */
  destroySockets(): void;
}

/** Time for a peer to finish its TLS handshake or HTTP upgrade. */
const HANDSHAKE_MS = 10_000;

/** @throws AppError `ADDRESS_IN_USE` naming the first host and port that is taken. */
export async function startListeners(
  listeners: Listeners,
  accept: Accept,
  bounds: { socketsMax: number; packetBytesMax: number; doorstep: Doorstep },
): Promise<Listening> {
  const servers: Server[] = [];
  const addresses: Listening["addresses"] = {};
  const sockets = new Set<Socket>();
  const stop = async (): Promise<void> => {
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  };
  const start = async (name: string, server: Server, at: Address): Promise<void> => {
    // Sockets that never say CONNECT are bounded as well.
    server.maxConnections = bounds.socketsMax;
    server.on("connection", (socket) => {
      if (!bounds.doorstep.enter(arrivalOf(socket), socket)) return void socket.destroy();
      sockets.add(socket);
      socket.once("close", () => {
        sockets.delete(socket);
        bounds.doorstep.leave(socket);
      });
    });
    const { address, port } = await listen(server, name, at);
    servers.push(server);
    addresses[name] = { host: address, port };
  };
  const { mqtt, mqtts, ws, wss } = listeners;
  try {
    if (mqtt)
      await start(
        "mqtt",
        createTcpServer({ noDelay: true, keepAlive: true }, (socket) =>
          accept(socket, originOf("mqtt", socket)),
        ),
        mqtt,
      );
    if (mqtts) {
      const server = createTlsServer(tlsOptions(mqtts.tls), (socket) =>
        accept(socket, originOf("mqtts", socket)),
      );
      // A failed handshake is the peer's trouble, already closed by Node.
      server.on("tlsClientError", (_error, socket) => socket.destroy());
      await start("mqtts", server, mqtts);
    }
    if (ws) {
      const server = createHttpServer(notHere);
      serveWebSockets(server, "ws", accept, bounds.packetBytesMax);
      await start("ws", server, ws);
    }
    if (wss) {
      const server = createHttpsServer(tlsOptions(wss.tls), notHere);
      server.on("tlsClientError", (_error, socket) => socket.destroy());
      serveWebSockets(server, "wss", accept, bounds.packetBytesMax);
      await start("wss", server, wss);
    }
  } catch (error) {
    await stop();
    throw error;
  }
  const destroySockets = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return { addresses, stop, destroySockets };
}

async function listen(server: Server, name: string, at: Address): Promise<AddressInfo> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EADDRINUSE") return reject(error);
      const message = `${at.host}:${at.port} (${name}) is in use by another process`;
      reject(new AppError("ADDRESS_IN_USE", "fatal", message, { cause: error }));
    });
    server.listen(at.port, at.host, resolve);
  });
  server.on("error", () => undefined); // Running out of file descriptors must not stop us.
  return server.address() as AddressInfo;
}

function serveWebSockets(server: Server, listener: string, accept: Accept, bytesMax: number): void {
  const sockets = new WebSocketServer({
    server: server as ReturnType<typeof createHttpServer>,
    maxPayload: bytesMax * 2,
    perMessageDeflate: false,
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
    const stream = createWebSocketStream(socket);
    accept(stream, originOf(listener, request.socket));
  });
}

const notHere = (_: unknown, response: { writeHead(code: number): { end(): void } }): void => {
  response.writeHead(426).end();
};

const tlsOptions = (tls: TlsIdentity): TlsOptions => ({
  key: tls.key,
  cert: tls.certificate,
  handshakeTimeout: HANDSHAKE_MS,
  minVersion: "TLSv1.2",
  ...(tls.clientAuthorities === undefined
    ? {}
    : {
        ca: tls.clientAuthorities,
        requestCert: true,
        rejectUnauthorized: tls.clientCertificateRequired ?? false,
      }),
});

function originOf(listener: string, socket: Socket): Origin {
  const remoteAddress = socket.remoteAddress ?? "unknown";
  const secure = "getPeerCertificate" in socket ? (socket as TLSSocket) : undefined;
  const certificate = secure && certificateOf(secure);
  return { listener, remoteAddress, certificate, socket };
}

/** Only a certificate that one of the configured authorities has signed counts as one. */
function certificateOf(socket: TLSSocket): Certificate | undefined {
  if (!socket.authorized) return undefined;
  const peer = socket.getPeerCertificate();
  const commonName: unknown = peer.subject?.CN;
  return {
    subjectCN: typeof commonName === "string" ? commonName : undefined,
    altNames: peer.subjectaltname?.split(", ") ?? [],
  };
}
