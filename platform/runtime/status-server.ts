import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type OptionTable, type Resolved, as } from "./config.ts";
import { messageOf } from "./errors.ts";
import { hostNames, isAllowedHostOrAddress } from "./http-host.ts";
import { tellServiceManager } from "./service-manager.ts";
import type { Asked } from "./service-messages.ts";

/** Options of every process that serves its status. */
export const STATUS_OPTIONS = {
  statusHost: {
    env: "SKERRY_STATUS_HOST",
    doc: "address of /readyz, /status and /metrics",
    fallback: "127.0.0.1",
    parse: as.text,
  },
  statusPort: {
    env: "SKERRY_STATUS_PORT",
    doc: "port of /readyz, /status and /metrics; 0 picks a free one",
    fallback: "0",
    parse: as.integer(0, 65_535),
  },
  statusHosts: {
    env: "SKERRY_STATUS_HOSTS",
    doc: "names by which others ask for them, besides localhost, addresses and that address: a list",
    fallback: "",
    parse: as.list,
  },
} satisfies OptionTable;

export interface StatusAddress {
  readonly host: string;
  readonly port: number;
  /** Names in Host besides those of this machine, of `host`, and addresses. */
  readonly hosts?: readonly string[];
}

/** The address of a process as its options say. */
export const statusAddress = (config: Resolved<typeof STATUS_OPTIONS>): StatusAddress => ({
  host: config.statusHost,
  port: config.statusPort,
  hosts: config.statusHosts,
});

export interface StatusSource {
  /** True once the process does its real work, not merely listens. */
  ready(): boolean;
  /** The reason in words; null if it is ready. Absent: no more is known than that. */
  whyNotReady?(): string | null;
  /** A JSON-able snapshot for the supervisor's panel and for people. */
  status(): unknown;
}

export interface MetricsSource {
  /** The metrics in the format that an `Accept` header prefers. */
  answer(accept: string): { contentType: string; body: string };
}

export interface StatusServer extends AsyncDisposable {
  port: number;
}

/**
 * Serves `GET /readyz` (200 or 503), `/status` (JSON) and `/metrics` (Prometheus). Other methods hear 405,
 * and 421 whoever asks for a name that is none of ours: a web page whose name points here (DNS rebinding).
 */
export async function serveStatus(
  at: StatusAddress,
  source: StatusSource,
  metrics: MetricsSource,
): Promise<StatusServer> {
  const names = hostNames(at.host, at.hosts);
  const server = createServer((request, response) => {
    if (!isAllowedHostOrAddress(request.headers.host, names))
      return void response.writeHead(421).end("not a name of this process: SKERRY_STATUS_HOSTS\n");
    if (request.method !== "GET") return void response.writeHead(405, { allow: "GET" }).end();
    if (request.url === "/readyz") {
      const ready = source.ready();
      const why = ready ? null : (source.whyNotReady?.() ?? null);
      const text = ready ? "ready" : `not ready${why === null ? "" : `: ${why}`}`;
      return void response.writeHead(ready ? 200 : 503).end(`${text}\n`);
    }
    if (request.url === "/status") {
      response.writeHead(200, { "content-type": "application/json" });
      return void response.end(JSON.stringify(source.status()));
    }
    if (request.url === "/metrics") return answerMetrics(metrics, request, response);
    response.writeHead(404).end();
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(at.port, at.host, resolve);
  });
  const telling = tellServiceManager(askedOf(source));
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      telling[Symbol.dispose]();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A process whose loop turns is live, as far as it says; whether it is ready it says. */
const askedOf = (source: StatusSource): Asked => ({
  report: (probe) =>
    probe === "live" || source.ready()
      ? { ok: true, why: null }
      : { ok: false, why: source.whyNotReady?.() ?? null },
});

/** A figure that cannot be read is no reason to stop the work. */
function answerMetrics(
  metrics: MetricsSource,
  { headers }: IncomingMessage,
  response: ServerResponse,
): void {
  try {
    const { contentType, body } = metrics.answer(headers.accept ?? "");
    response.writeHead(200, { "content-type": contentType }).end(body);
  } catch (error) {
    response.writeHead(500, { "content-type": "text/plain" }).end(`${messageOf(error)}\n`);
  }
}
