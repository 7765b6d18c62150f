import { type IncomingMessage, type ServerResponse, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type OptionTable, type Resolved, as } from "./config.ts";
import { messageOf } from "./errors.ts";
import { Health, type HealthCheck } from "./health.ts";
import { PROBE_PATHS, probeAnswer } from "./health-answers.ts";
import { hostNames, isAllowedHostOrAddress } from "./http-host.ts";
import { tellServiceManager } from "./service-manager.ts";
import { FORMAT_LEVEL } from "./format-level.ts";
import { VERSION } from "./version.ts";

/** Options of every process that serves its status. */
export const STATUS_OPTIONS = {
  statusHost: {
    env: "SKERRY_STATUS_HOST",
    doc: "address of /livez, /readyz, /startupz, /status and /metrics",
    fallback: "127.0.0.1",
    parse: as.text,
  },
  statusPort: {
    env: "SKERRY_STATUS_PORT",
    doc: "port of /livez, /readyz, /startupz, /status and /metrics; 0 picks a free one",
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

/** Checks are looked at this often, so that it is known since when they are as they are. */
const LOOK_EVERY_MS = 1_000;

export interface StatusSource {
  /** Everything that it needs to do its real work, which is more than to listen. */
  checks(): readonly HealthCheck[];
  /** A JSON-able snapshot for the supervisor's panel and for people; null while it starts. Version and level are added. */
  status(): unknown;
}

/** A process that starts: it is served what it waits for, until its work exists. */
export class Starting implements StatusSource {
  #waitsFor: string;
  #source: StatusSource | null = null;

  /** @param waitsFor the first thing that it waits for, as "its nats-server at …". */
  constructor(waitsFor: string) {
    this.#waitsFor = waitsFor;
  }

  waitsFor(what: string): void {
    this.#waitsFor = what;
  }

  /** The work exists: it speaks for itself. */
  works(source: StatusSource): void {
    this.#source = source;
  }

  checks(): readonly HealthCheck[] {
    const why = `it is starting: it waits for ${this.#waitsFor}`;
    return this.#source?.checks() ?? [{ name: "start", kind: "ready", why }];
  }

  status(): unknown {
    return this.#source?.status() ?? null;
  }
}

export interface MetricsSource {
  /** The metrics in the format that an `Accept` header prefers. */
  answer(accept: string): { contentType: string; body: string };
}

export interface StatusServer extends AsyncDisposable {
  port: number;
}

/**
 * Serves `/livez`, `/readyz` and `/startupz` (200 or 503, JSON with the reason), `/status` (JSON) and `/metrics`
 * (Prometheus), to GET and HEAD. Other methods hear 405, and 421 whoever asks for a name that is none of ours: a web
 * page whose name points here (DNS rebinding).
 */
export async function serveStatus(
  at: StatusAddress,
  source: StatusSource,
  metrics: MetricsSource,
): Promise<StatusServer> {
  const names = hostNames(at.host, at.hosts);
  const health = new Health();
  const look = (): void => health.look(source.checks(), Date.now());
  look();
  const looking = setInterval(look, LOOK_EVERY_MS).unref();
  const server = createServer((request, response) => {
    if (!isAllowedHostOrAddress(request.headers.host, names))
      return void response.writeHead(421).end("not a name of this process: SKERRY_STATUS_HOSTS\n");
    if (request.method !== "GET" && request.method !== "HEAD")
      return void response.writeHead(405, { allow: "GET, HEAD" }).end();
    const [path = "", search = ""] = (request.url ?? "").split("?");
    const probe = PROBE_PATHS.get(path);
    if (probe) {
      look();
      const verbose = new URLSearchParams(search).has("verbose");
      const answer = probeAnswer(probe, health.report(probe), { verbose, nowMs: Date.now() });
      response.writeHead(answer.status, JSON_NOW);
      return void response.end(answer.body);
    }
    if (path === "/status") {
      const status = source.status();
      response.writeHead(status === null ? 503 : 200, JSON_NOW);
      const said = isObject(status) ? { ...SELF, ...status } : status;
      return void response.end(JSON.stringify(said));
    }
    if (path === "/metrics") return answerMetrics(metrics, request, response);
    response.writeHead(404).end();
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(at.port, at.host, resolve);
  });
  const telling = tellServiceManager(health);
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      clearInterval(looking);
      telling[Symbol.dispose]();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Part of every status. */
const SELF = { version: VERSION, formatLevel: FORMAT_LEVEL };

const isObject = (status: unknown): status is object =>
  typeof status === "object" && status !== null;

const JSON_NOW = { "content-type": "application/json", "cache-control": "no-store" };

/** A figure that cannot be read is no reason to stop the work. */
function answerMetrics(
  metrics: MetricsSource,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  try {
    const { contentType, body } = metrics.answer(request.headers.accept ?? "");
    const headers = { "content-type": contentType, "cache-control": "no-store" };
    response.writeHead(200, headers).end(body);
  } catch (error) {
    response.writeHead(500, { "content-type": "text/plain" }).end(`${messageOf(error)}\n`);
  }
}
