// The console: a web server at the hub, for people and programs that look after an installation.
import cookie from "@fastify/cookie";
import rateLimit from "@fastify/rate-limit";
import { fastify, type FastifyInstance } from "fastify";
import type { AddressInfo } from "node:net";
import type { MappingTable } from "../../contracts/mapping.ts";
import type { Rule } from "../../contracts/rules/rule.ts";
import type { ConsoleStatus } from "../../contracts/messages/status.ts";
import { natsAccess } from "../../platform/nats/client/options.ts";
import { ServerWatch } from "../../platform/nats/client/server-watch.ts";
import { HUB } from "../../platform/nats/topology/topology.ts";
import { clientTls } from "../../platform/runtime/client-tls.ts";
import { AppError, messageOf } from "../../platform/runtime/errors.ts";
import type { Resolved } from "../../platform/runtime/config.ts";
import type { HealthCheck } from "../../platform/runtime/health.ts";
import type { StatusSource } from "../../platform/runtime/status-server.ts";
import { insightChecks } from "../insight/health.ts";
import { Guard } from "./access/guard.ts";
import { allowedHosts } from "./access/origin.ts";
import { LoginCodes, type RoleTokens, randomSecret, sessionKey } from "./access/secrets.ts";
import { Sessions } from "./access/sessions.ts";
import { registerRoutes } from "./api/register.ts";
import { type RouteParts, apiRoutes } from "./api/routes.ts";
import { AuditLog } from "./audit-log.ts";
import { Facts } from "./facts.ts";
import { readGuides } from "./guides.ts";
import type { Hub } from "./hub.ts";
import { type CONSOLE_OPTIONS, MQTT_TLS } from "./options.ts";
import { RuleShelf } from "./rules/rule-shelf.ts";
import { RuleTrials } from "./rules/rule-trials.ts";
import { unreachedLog } from "./mqtt/unreached-log.ts";
import { proxyMqtt } from "./mqtt/mqtt-proxy.ts";
import { receiveTelemetry } from "./traces/receive.ts";
import { TraceStore } from "./traces/trace-store.ts";
import { SECURITY_HEADERS, servePage } from "./page-files.ts";

export type ConsoleConfig = Resolved<typeof CONSOLE_OPTIONS>;

/** Requests of one address in a minute; a hundred pages ask less. */
const REQUESTS_PER_MINUTE = 6_000;
/** The largest body: a contract, a rule, a list of devices. */
const BODY_BYTES_MAX = 4 * 1024 ** 2;

/** Files that the regions' processes were started with, as far as the console was told of them. */
export interface ConsoleFiles {
  readonly rules: readonly Rule[];
  readonly mappings: MappingTable;
}

/** A request that takes longer to arrive is given up: who sends byte by byte holds no connection for long. */
const REQUEST_WITHIN_MS = 30_000;

/** Everything that a console is made of, ready to listen. */
export class Console implements StatusSource {
  readonly #config: ConsoleConfig;
  readonly #hub: Hub;
  readonly #files: ConsoleFiles;
  readonly #facts: Facts;
  readonly #natsServer: ServerWatch;
  #listening = false;

  constructor(config: ConsoleConfig, hub: Hub, files: ConsoleFiles) {
    this.#config = config;
    this.#hub = hub;
    this.#files = files;
    this.#facts = new Facts(hub);
    this.#natsServer = new ServerWatch({ connection: hub.connection, domain: HUB });
  }

  checks(): HealthCheck[] {
    const atMs = this.#facts.lookedMs;
    const listens = this.#listening ? null : "it does not listen yet: it reads the devices";
    return [
      this.#natsServer.check,
      { name: "listens", kind: "ready", why: listens },
      ...insightChecks({ atMs, isHindered: !this.#natsServer.answers }, this.#hub.now()),
    ];
  }

  status(): ConsoleStatus {
    const { registered, heard } = this.#facts.devices.counts;
    return { process: "console", pages: this.#facts.feed.clients, registered, heard };
  }

  /** Serves until `signal` aborts. @throws AppError `ADDRESS_IN_USE`. */
  async run(signal: AbortSignal): Promise<void> {
    const { consoleHost: host, consolePort: port } = this.#config;
    const { logger } = this.#hub;
    void this.#natsServer.run(signal);
    await this.#facts.load(signal);
    const loginCodes = new LoginCodes({ ageMs: this.#config.loginAge, now: this.#hub.now });
    const server = await this.#server(loginCodes);
    try {
      await server.listen({ host, port });
    } catch (error) {
      throw new AppError("ADDRESS_IN_USE", "fatal", `${host}:${port}: ${messageOf(error)}`);
    }
    this.#listening = true;
    const { port: bound } = server.server.address() as AddressInfo;
    const url = this.#config.consoleUrl?.href ?? `http://${host}:${bound}/`;
    const { code } = loginCodes.add(this.#config.loginCode || randomSecret());
    // Whoever handed in a code tells people the link; a log is no place for a secret that is known elsewhere.
    const login = this.#config.loginCode === "" ? { login: `${url}#login=${code}` } : {};
    logger.info({ url, ...login }, "the console listens");
    try {
      await this.#facts.run(signal);
    } finally {
      this.#facts.feed.close();
      await server.close();
    }
  }

  async #server(loginCodes: LoginCodes): Promise<FastifyInstance> {
    const parts = this.#parts(loginCodes);
    const { logger } = this.#hub;
    const server = fastify({
      bodyLimit: BODY_BYTES_MAX,
      requestTimeout: REQUEST_WITHIN_MS,
      forceCloseConnections: true,
      routerOptions: { maxParamLength: 1_024 },
    });
    server.addHook("onRequest", async (request, reply) => {
      void reply.headers(SECURITY_HEADERS);
      parts.guard.checkHost(request);
      return Promise.resolve();
    });
    await server.register(cookie);
    await server.register(rateLimit, { max: REQUESTS_PER_MINUTE, timeWindow: "1 minute" });
    registerRoutes(server, apiRoutes(parts), { ...parts, logger });
    // Behind a proxy everybody comes from its address, this machine's too.
    const isAlone = this.#config.consoleUrl === null && this.#config.proxyPeers.length === 0;
    receiveTelemetry(server, { ...parts, trustsLoopback: isAlone });
    const hosts = allowedHosts(this.#config.consoleHost, this.#config.consoleUrl);
    const tls = clientTls(this.#config, MQTT_TLS);
    const unreached = unreachedLog(logger);
    proxyMqtt(server, { guard: parts.guard, hosts, targets: this.#config.mqtt, tls, unreached });
    await servePage(server);
    return server;
  }

  #parts(loginCodes: LoginCodes): RouteParts {
    const config = this.#config;
    const hub = this.#hub;
    const { schemas, sessionAge: ageMs, demoUrl, demoToken } = config;
    const tokens = tokensOf(config);
    if (config.operatorToken === "")
      hub.logger.info({ token: tokens.operator }, "the operators' token, until the next start");
    const { now } = hub;
    const sessions = new Sessions({ key: sessionKey(tokens), ageMs, now });
    const proxy = {
      peers: config.proxyPeers,
      userHeader: config.proxyUserHeader,
      groupsHeader: config.proxyGroupsHeader,
      operatorGroup: config.proxyOperatorGroup,
    };
    const hosts = allowedHosts(config.consoleHost, config.consoleUrl);
    return {
      ...this.#facts.parts,
      hub,
      guard: new Guard({ hosts, tokens, sessions, proxy }),
      sessions,
      tokens,
      loginCodes,
      secure: config.consoleUrl?.protocol === "https:",
      now,
      audit: new AuditLog(hub.connection, hub.logger),
      rules: new RuleShelf(hub, this.#files.rules),
      trials: new RuleTrials({ nats: natsAccess(config), schemas, now }),
      mappings: this.#files.mappings,
      mappingsFile: config.mappings === "" ? null : config.mappings,
      learn: { inForce: config.mappings, learned: config.learnedMappings },
      traces: new TraceStore(),
      gateways: config.gateways,
      guides: readGuides(),
      demo: demoUrl === "" ? null : { url: demoUrl, token: demoToken },
    };
  }
}

const tokensOf = (config: ConsoleConfig): RoleTokens => ({
  operator: config.operatorToken || randomSecret(),
  viewer: config.viewerToken || null,
});
