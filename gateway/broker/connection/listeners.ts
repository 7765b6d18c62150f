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
import {
  type Server as TlsServer,
  type TLSSocket,
  createServer as createTlsServer,
} from "node:tls";
import { AppError } from "../../../platform/runtime/errors.ts";
import type { Address, Listeners, TlsIdentity } from "../options.ts";
import type { Doorstep } from "./doorstep.ts";
import { type Origin, arrivalOf } from "./origin.ts";
import { certificateOf, renewTls, tlsOptions } from "./tls.ts";
import { notHere, serveWebSockets } from "./web-socket.ts";

export type Accept = (stream: Duplex, origin: Origin) => void;

export interface Listening {
  readonly addresses: Record<string, { host: string; port: number }>;
  /** New TLS handshakes use these; connections go on. */
  renewTls(tls: TlsIdentity): void;
  /** Stops accepting; resolves once every socket is gone. */
  stop(): Promise<void>;
  /** Ends whatever has not become a connection yet (TLS handshakes, idle HTTP). */
  destroySockets(): void;
}

/** @throws AppError `ADDRESS_IN_USE` naming the first host and port that is taken. */
export async function startListeners(
  listeners: Listeners,
  accept: Accept,
  bounds: { socketsMax: number; packetBytesMax: number; doorstep: Doorstep },
): Promise<Listening> {
  const servers: Server[] = [];
  const secure: TlsServer[] = [];
  const addresses: Listening["addresses"] = {};
  const sockets = new Set<Socket>();
  const stop = async (): Promise<void> => {
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  };
  // One for all of them, and no `once`: a closure and its wrapper are 280 bytes of each connection.
  const onClose = function (this: Socket): void {
    sockets.delete(this);
    bounds.doorstep.leave(this);
  };
  const start = async (name: string, server: Server, at: Address): Promise<void> => {
    // Sockets that never say CONNECT are bounded as well.
    server.maxConnections = bounds.socketsMax;
    server.on("connection", (socket) => {
      if (!bounds.doorstep.enter(arrivalOf(socket), socket)) return void socket.destroy();
      sockets.add(socket);
      socket.on("close", onClose);
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
      hangUpOnFailure(server);
      secure.push(server);
      await start("mqtts", server, mqtts);
    }
    if (ws) {
      const server = createHttpServer(notHere);
      serveWebSockets(server, ws, bounds.packetBytesMax, (stream, { socket }) =>
        accept(stream, originOf("ws", socket)),
      );
      await start("ws", server, ws);
    }
    if (wss) {
      const server = createHttpsServer(tlsOptions(wss.tls), notHere);
      hangUpOnFailure(server);
      secure.push(server);
      serveWebSockets(server, wss, bounds.packetBytesMax, (stream, { socket }) =>
        accept(stream, originOf("wss", socket)),
      );
      await start("wss", server, wss);
    }
  } catch (error) {
    await stop();
    throw error;
  }
  const destroySockets = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    addresses,
    renewTls: (tls) => {
      for (const server of secure) renewTls(server, tls);
    },
    stop,
    destroySockets,
  };
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

/** A failed handshake is the peer's trouble, already closed by Node. */
const hangUpOnFailure = (server: TlsServer): void =>
  void server.on("tlsClientError", (_error, socket) => socket.destroy());

function originOf(listener: string, socket: Socket): Origin {
  const remoteAddress = socket.remoteAddress ?? "unknown";
  const secure = "getPeerCertificate" in socket ? (socket as TLSSocket) : undefined;
  const certificate = secure && certificateOf(secure);
  return { listener, remoteAddress, certificate, socket };
}
