// The console: a web server at the hub, for people and programs that look after an installation.
import cookie from "@fastify/cookie";
import rateLimit from "@fastify/rate-limit";
import { fastify, type FastifyInstance } from "fastify";
import type { AddressInfo } from "node:net";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { AppError, messageOf } from "../../platform/runtime/errors.ts";
import type { Logger } from "../../platform/runtime/logger.ts";
import type { Resolved } from "../../platform/runtime/config.ts";
import type { StatusSource } from "../../platform/runtime/status-server.ts";
import { Guard } from "./access/guard.ts";
import { allowedHosts } from "./access/origin.ts";
import { LoginCode, type RoleTokens, randomSecret, sessionKey } from "./access/secrets.ts";
import { Sessions } from "./access/sessions.ts";
import { registerRoutes } from "./api/register.ts";
import { type RouteParts, apiRoutes } from "./api/routes.ts";
import { AuditLog } from "./audit-log.ts";
import { Feed } from "./feed/feed.ts";
import type { CONSOLE_OPTIONS } from "./options.ts";
import { OverviewWatch } from "./overview/overview.ts";
import { SECURITY_HEADERS, servePage } from "./page-files.ts";

export type ConsoleConfig = Resolved<typeof CONSOLE_OPTIONS>;

/** Requests of one address in a minute; a hundred pages ask less. */
const REQUESTS_PER_MINUTE = 6_000;
/** The largest body: a contract, a rule, a list of devices. */
const BODY_BYTES_MAX = 4 * 1024 ** 2;

/** Everything that a console is made of, ready to listen. */
export class Console implements StatusSource {
  readonly #config: ConsoleConfig;
  readonly #connection: NatsConnection;
  readonly #logger: Logger;
  readonly #feed = new Feed();
  readonly #overview: OverviewWatch;
  #listening = false;

  constructor(config: ConsoleConfig, connection: NatsConnection, logger: Logger) {
    this.#config = config;
    this.#connection = connection;
    this.#logger = logger;
    const tell = this.#feed.send.bind(this.#feed, "overview");
    this.#overview = new OverviewWatch({ connection, regions: config.regions, tell });
  }

  ready(): boolean {
    return this.#listening && this.#overview.latest !== null;
  }

  status(): { process: "console"; pages: number } {
    return { process: "console", pages: this.#feed.clients };
  }

  /** Serves until `signal` aborts. @throws AppError `ADDRESS_IN_USE`. */
  async run(signal: AbortSignal): Promise<void> {
    const { consoleHost: host, consolePort: port } = this.#config;
    const code = this.#config.loginCode || randomSecret();
    const server = await this.#server(code);
    try {
      await server.listen({ host, port });
    } catch (error) {
      throw new AppError("ADDRESS_IN_USE", "fatal", `${host}:${port}: ${messageOf(error)}`);
    }
    this.#listening = true;
    const { port: bound } = server.server.address() as AddressInfo;
    const url = this.#config.consoleUrl?.href ?? `http://${host}:${bound}/`;
    // Whoever handed in a code tells people the link; a log is no place for a secret that is known elsewhere.
    const login = this.#config.loginCode === "" ? { login: `${url}#login=${code}` } : {};
    this.#logger.info({ url, ...login }, "the console listens");
    try {
      await this.#overview.run(signal);
    } finally {
      this.#feed.close();
      await server.close();
    }
  }

  async #server(code: string): Promise<FastifyInstance> {
    const parts = this.#parts(code);
    const server = fastify({
      bodyLimit: BODY_BYTES_MAX,
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
    registerRoutes(server, apiRoutes(parts), { ...parts, logger: this.#logger });
    await servePage(server);
    return server;
  }

  #parts(code: string): RouteParts {
    const config = this.#config;
    const tokens = tokensOf(config);
    if (config.operatorToken === "" && config.operatorTokenFile === "")
      this.#logger.info({ token: tokens.operator }, "the operators' token, until the next start");
    const now = Date.now;
    const sessions = new Sessions({ key: sessionKey(tokens), ageMs: config.sessionAge, now });
    const proxy = {
      peers: config.proxyPeers,
      userHeader: config.proxyUserHeader,
      groupsHeader: config.proxyGroupsHeader,
      operatorGroup: config.proxyOperatorGroup,
    };
    const hosts = allowedHosts(config.consoleHost, config.consoleUrl);
    return {
      guard: new Guard({ hosts, tokens, sessions, proxy }),
      sessions,
      tokens,
      loginCode: new LoginCode(code),
      secure: config.consoleUrl?.protocol === "https:",
      now,
      audit: new AuditLog(this.#connection, this.#logger),
      feed: this.#feed,
      overview: this.#overview,
    };
  }
}

const tokensOf = (config: ConsoleConfig): RoleTokens => ({
  operator: config.operatorTokenFile || config.operatorToken || randomSecret(),
  viewer: config.viewerTokenFile || config.viewerToken || null,
});
