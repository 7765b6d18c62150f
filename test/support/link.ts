// Both ends of a link as processes, with a WAN between them, and sockets on either side.
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { type Server, type Socket, connect, createServer } from "node:net";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { TcpProxy } from "../../infra/local/demo/tcp-proxy.ts";
import { freePort } from "./free-port.ts";
import { type Service, startService } from "./services.ts";
import { temporaryDirectory } from "./temporary-directory.ts";

export interface Ends {
  readonly region: Service;
  readonly hub: Service;
  readonly wan: TcpProxy;
  readonly port: number;
  readonly hubPort: number;
}

/** Both ends, with a WAN between them that can be cut. */
export async function startLink(
  stack: AsyncDisposableStack,
  targetPort: number,
  tls: { readonly hub?: Record<string, string>; readonly region?: Record<string, string> } = {},
): Promise<Ends> {
  const [hubPort, wanPort, port] = [await freePort(), await freePort(), await freePort()];
  const hub = await startService("infra/link/main.ts", {
    SKERRY_LINK_SIDE: "hub",
    SKERRY_LINK_LISTEN: `127.0.0.1:${hubPort}`,
    SKERRY_LINK_TARGET: `127.0.0.1:${targetPort}`,
    ...tls.hub,
  });
  stack.use(hub.process);
  const wan = stack.use(await TcpProxy.listen(wanPort, hubPort));
  const region = await startService("infra/link/main.ts", {
    SKERRY_LINK_SIDE: "region",
    SKERRY_LINK_LISTEN: `127.0.0.1:${port}`,
    SKERRY_LINK_TARGET: `localhost:${wanPort}`,
    ...tls.region,
  });
  stack.use(region.process);
  return { region, hub, wan, port, hubPort };
}

/** A server that takes every connection. */
export async function listen(
  stack: AsyncDisposableStack,
  on: (socket: Socket) => void,
): Promise<{ server: Server; port: number }> {
  const port = await freePort();
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    on(socket);
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  stack.defer(() => void server.close());
  return { server, port };
}

/** A connection that the test closes when it ends. */
export async function dial(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => undefined);
  await once(socket, "connect");
  onTestFinished(() => void socket.destroy());
  return socket;
}

/** Resolves when the other end is closed. */
export const closed = (socket: Socket): Promise<void> =>
  new Promise((resolve) => socket.resume().once("close", () => resolve()));

/** Certificates of one authority for the hub and a region. */
export async function certificates(stack: AsyncDisposableStack) {
  const { path } = stack.use(await temporaryDirectory());
  const at = (name: string): string => join(path, name);
  const openssl = (...args: string[]): void =>
    void execFileSync("openssl", args, { stdio: "ignore" });
  const request = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"];
  openssl(...request, "-subj", "/CN=test", "-keyout", at("ca.key"), "-out", at("ca.pem"));
  for (const name of ["hub", "region"])
    openssl(
      ...[...request, "-CA", at("ca.pem"), "-CAkey", at("ca.key"), "-subj", "/CN=localhost"],
      ...["-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=CA:FALSE"],
      ...["-keyout", at(`${name}.key`), "-out", at(`${name}.pem`)],
    );
  const own = (name: string) => ({
    SKERRY_LINK_CERT: at(`${name}.pem`),
    SKERRY_LINK_KEY: at(`${name}.key`),
    SKERRY_LINK_CA: at("ca.pem"),
  });
  return { hub: own("hub"), region: own("region"), ca: at("ca.pem") };
}

/** Resolves to what came once it is so many bytes. */
export const received = (socket: Socket, bytes: number): Promise<Buffer> =>
  new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    socket.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      length += chunk.length;
      if (length >= bytes) resolve(Buffer.concat(chunks));
    });
  });
