import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type OptionTable, as } from "./config.ts";

/** Options of every process that serves its status. */
export const STATUS_OPTIONS = {
  statusHost: {
    env: "SKERRY_STATUS_HOST",
    doc: "address of /readyz and /status",
    fallback: "127.0.0.1",
    parse: as.text,
  },
  statusPort: {
    env: "SKERRY_STATUS_PORT",
    doc: "port of /readyz and /status; 0 picks a free one",
    fallback: "0",
    parse: as.integer(0, 65_535),
  },
} satisfies OptionTable;

export interface StatusSource {
  /** True once the process does its real work, not merely listens. */
  ready(): boolean;
  /** A JSON-able snapshot for the supervisor's panel and for people. */
  status(): unknown;
  /** The Prometheus text format; absent: no `/metrics`. */
  metrics?(): Promise<string>;
}

export interface StatusServer extends AsyncDisposable {
  port: number;
}

/** Serves `GET /readyz` (200 or 503), `/status` (JSON) and `/metrics` (Prometheus). */
export async function serveStatus(
  at: { host: string; port: number },
  source: StatusSource,
): Promise<StatusServer> {
  const server = createServer((request, response) => {
    if (request.method !== "GET") return void response.writeHead(405).end();
    if (request.url === "/readyz") {
      const ready = source.ready();
      return void response.writeHead(ready ? 200 : 503).end(ready ? "ready\n" : "not ready\n");
    }
    if (request.url === "/status") {
      response.writeHead(200, { "content-type": "application/json" });
      return void response.end(JSON.stringify(source.status()));
    }
    if (request.url === "/metrics" && source.metrics)
      return void source.metrics().then(
        (text) =>
          response.writeHead(200, { "content-type": "text/plain; version=0.0.4" }).end(text),
        () => response.writeHead(500).end(),
      );
    response.writeHead(404).end();
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(at.port, at.host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
