// HTTP ingest: who may ask, the body as it was sent, and the answer of the route, on each listener alike.
//
// H1. Who asks is known before a byte of the body is read: a stranger's body takes no room.
// H2. A page in a browser may send only from an origin that is listed or the host it asks, and whoever asks names a
//     host that is ours: else a page anywhere could speak as a client of this machine.
// H3. What a client sends ends in an answer: a fault of ours is 500, is logged, and costs nobody else anything.
// H4. What is written down of a request names its route, and nothing that its sender chose: addresses hold tokens.
// H5. Who is told to wait waits for that answer, too: one that does not listen to it costs no more than one that does.
import { setTimeout as wait } from "node:timers/promises";
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from "fastify";
import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import { hostNames } from "../../platform/runtime/http-host.ts";
import { AppError, dispositionOf, messageOf } from "../../platform/runtime/errors.ts";
import type { Logger } from "../../platform/runtime/logger.ts";
import { certificateOf, renewTls } from "../broker/connection/tls.ts";
import type { TlsIdentity, WebSocketAddress } from "../broker/options.ts";
import { upgradeProblem } from "../broker/connection/web-origin.ts";
import type { Identity } from "../identity/identity.ts";
import type { LoginRefusal } from "../identity/login.ts";
import { decodedBody } from "./bodies.ts";
import { readBody } from "./body-reader.ts";
import type { HttpCounters } from "./counters.ts";
import { NOBODY, readAuthorization } from "./credentials.ts";
import { type Caller, type Intake, type Room, callerOf } from "./intake.ts";
import type { HttpLimits, HttpListeners } from "./options.ts";
import { PROBLEM_TYPE, Problem } from "./problem.ts";
import type { Call, Reply, Route, SayError } from "./route.ts";
import { Sockets } from "./sockets.ts";

/** A request is answered by then, with 503 if its readings are not stored yet: it may be sent again. */
const ANSWER_WITHIN_MS = 10_000;
/** Longest wait between two tries of somebody who guesses. */
const GUESSED_TOO_OFTEN_S = 60;

const LOGIN_STATUS: Readonly<Record<LoginRefusal, readonly [status: number, detail: string]>> = {
  bad_credentials: [401, "unknown, revoked, or wrong credentials"],
  client_id_invalid: [401, "this device is registered: its readings need its credentials"],
  not_authorized: [401, "credentials are needed: Authorization: Basic or Bearer"],
  server_unavailable: [503, "too many passwords are being checked; send it again"],
  quota_exceeded: [429, "too many failed logins of this address, or for this user"],
};

/** A body that is refused is read to its end up to this size; behind a larger one the connection ends. */
const DROPPED_BYTES_MAX = 64 * 1024 ** 2;
/** The same of one whose sender is to wait: reading it would cost more than what he is to wait for. */
const TOO_MUCH_DROPPED_BYTES_MAX = 256 * 1024;

/** The time that an answer 429 takes. */
export const TOO_MUCH_MS = 300;

const CHALLENGE = 'Basic realm="skerry", charset="UTF-8"';

export interface HttpParts {
  readonly listeners: HttpListeners;
  readonly limits: HttpLimits;
  readonly identity: Pick<Identity, "authenticate" | "recordOfSecret">;
  readonly intake: Intake;
  readonly routes: readonly Route[];
  readonly counters: HttpCounters;
  readonly logger: Logger;
}

export interface HttpServer extends AsyncDisposable {
  /** Addresses that listen, by listener name: `http`, `https`. */
  readonly addresses: Readonly<Record<string, { host: string; port: number }>>;
  /** New TLS handshakes use these; connections go on. */
  renewTls(tls: TlsIdentity): void;
  /** Takes no further request; those that are here are answered. */
  stopAccepting(): void;
}

/** @throws AppError `ADDRESS_IN_USE` naming the host and port that is taken. */
export async function startHttp(parts: HttpParts): Promise<HttpServer> {
  const { http, https } = parts.listeners;
  const sockets = new Sockets(parts.limits, parts.counters);
  const servers: FastifyInstance[] = [];
  const secure: FastifyInstance[] = [];
  const addresses: Record<string, { host: string; port: number }> = {};
  const stop = async (): Promise<void> => {
    sockets.destroyAll();
    await Promise.all(servers.map((server) => server.close()));
  };
  const start = async (name: string, at: WebSocketAddress, tls?: TlsIdentity): Promise<void> => {
    const server = serverOf(parts, sockets, at, tls);
    servers.push(server);
    if (tls) secure.push(server);
    try {
      await server.listen({ host: at.host, port: at.port });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
      const message = `${at.host}:${at.port} (${name}) is in use by another process`;
      throw new AppError("ADDRESS_IN_USE", "fatal", message, { cause: error });
    }
    const { address: host, port } = server.server.address() as AddressInfo;
    addresses[name] = { host, port };
  };
  try {
    if (http) await start("http", http);
    if (https) await start("https", https, https.tls);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    addresses,
    renewTls: (tls) => {
      for (const { server } of secure) renewTls(server as never, tls);
    },
    stopAccepting: () => {
      for (const { server } of servers) {
        server.close();
        server.closeIdleConnections();
      }
    },
    [Symbol.asyncDispose]: stop,
  };
}

function serverOf(
  parts: HttpParts,
  sockets: Sockets,
  at: WebSocketAddress,
  tls: TlsIdentity | undefined,
): FastifyInstance {
  const { limits, counters, routes } = parts;
  const allowed = { hosts: hostNames(at.host, at.hosts), origins: new Set(at.origins ?? []) };
  const server = fastify({
    bodyLimit: limits.bodyBytesMax,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 1_024 },
    exposeHeadRoutes: false,
    serverFactory: (listener) => sockets.server(listener, tls),
  });
  server.removeAllContentTypeParsers();
  // Bytes: they are read by codecs, and kept as they came if they are refused.
  const asked: Asked = new WeakMap();
  server.addContentTypeParser("*", (request: FastifyRequest, payload: IncomingMessage) => {
    const room = asked.get(request)?.room;
    if (room)
      return readBody(payload, {
        declared: Number(request.headers["content-length"]),
        bytesMax: limits.bodyBytesMax,
        take: (bytes) => room.take(bytes),
      }).catch((problem: unknown) => {
        room.release();
        throw problem;
      });
    payload.resume(); // H1: of an address that there is none at.
    return Promise.resolve(NO_BODY);
  });
  server.addHook("onRequest", async (request) => {
    const { host, origin } = request.headers;
    const problem = upgradeProblem({ host, origin }, allowed, "SKERRY_HTTP"); // H2
    if (problem) throw new Problem(problem.status, problem.text);
    return Promise.resolve();
  });
  server.addHook("onResponse", async (_request, { statusCode }) => {
    counters.requests[statusCode] = (counters.requests[statusCode] ?? 0) + 1;
    return Promise.resolve();
  });
  server.setNotFoundHandler((_request, reply) =>
    answerProblem(reply, new Problem(404, "there is nothing at this address")),
  );
  server.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error);
    noteFault(parts, request, error, problem);
    return answerProblem(reply, problem);
  });
  for (const route of routes) addRoute(server, parts, route, asked);
  return server;
}

/** Whoever sends a request, and the room of its body. */
type Asked = WeakMap<FastifyRequest, { readonly caller: Caller; readonly room: Room }>;

/** H3, H4. */
function noteFault(
  { logger }: Pick<HttpParts, "logger">,
  { routeOptions }: FastifyRequest,
  error: unknown,
  { status }: Problem,
): void {
  if (status === 500) logger.error({ err: error, route: routeOptions.url }, "a request failed");
}

function addRoute(server: FastifyInstance, parts: HttpParts, route: Route, asked: Asked): void {
  const { intake, limits } = parts;
  server.route({
    method: route.method,
    url: route.url,
    onRequest: async (request, reply) => {
      const caller = route.open ? STRANGER : await login(parts, route, request); // H1
      if (!route.open) intake.checkOpen(caller);
      const room = intake.room(caller);
      asked.set(request, { caller, room });
      reply.raw.once("close", () => {
        if (asked.has(request)) room.release();
      });
    },
    errorHandler: (error, request, reply) => {
      const problem = problemOf(error);
      noteFault(parts, request, error, problem);
      void answerProblem(reply, problem, route.sayError);
    },
    handler: async (request, reply) => {
      const encoding = request.headers["content-encoding"];
      const { caller, room } = asked.get(request)!;
      const body = Buffer.isBuffer(request.body) ? request.body : NO_BODY;
      // Others of the same sender may have come while this one arrived.
      if (!route.open) intake.checkOpen(caller);
      // Until it is known what it blows up to, a compressed body takes the room of the largest.
      if (encoding !== undefined) room.take(limits.bodyBytesMax - body.length);
      // The room is given back when the work is done, which may be later than the answer.
      asked.delete(request);
      const work = decoded(parts, caller, { body, encoding })
        .then((bytes) => route.handle(callOf(request, caller, bytes)))
        .finally(() => room.release());
      return answer(reply, await withinTime(work));
    },
  });
}

/** The body as it was before it was compressed, which its sender is charged for. */
async function decoded(
  { intake, limits }: Pick<HttpParts, "intake" | "limits">,
  caller: Caller,
  { body, encoding }: { readonly body: Buffer; readonly encoding: string | undefined },
): Promise<Buffer> {
  try {
    const bytes = await decodedBody(body, encoding, limits.bodyBytesMax);
    intake.charge(caller, bytes.length);
    return bytes;
  } catch (error) {
    intake.charge(caller, limits.bodyBytesMax);
    throw error;
  }
}

const NO_BODY = Buffer.alloc(0);

/** A client id that no record owns, whatever its id: behind its slash there is none. */
const NAMELESS = "/http";

const STRANGER: Caller = {
  ...{ clientId: NAMELESS, principal: undefined, device: undefined, grant: undefined },
  ...{ holder: { key: "" }, traceparent: undefined },
};

/** @throws Problem if nobody is let in. */
async function login(
  { identity }: Pick<HttpParts, "identity">,
  route: Route,
  request: FastifyRequest,
): Promise<Caller> {
  const params = request.params as Call["params"];
  const query = queryOf(request);
  const shown =
    route.shown?.({ params, query }) ?? readAuthorization(request.headers.authorization);
  if (typeof shown === "string") throw new Problem(401, shown);
  const { username, password } = shown ?? NOBODY;
  const user = username ?? (password && identity.recordOfSecret(password));
  const remoteAddress = request.socket.remoteAddress ?? "unknown";
  const certificate =
    "getPeerCertificate" in request.socket ? certificateOf(request.socket as TLSSocket) : undefined;
  const device = route.device?.(params);
  const isNobody = user === undefined && password === undefined && !certificate;
  const clientId = isNobody && device !== undefined ? `${device}/http` : "";
  const credentials = { clientId, username: user, password, certificate, remoteAddress };
  const answered = await identity.authenticate(credentials);
  if (!answered.allowed) {
    const [status, detail] = LOGIN_STATUS[answered.reason];
    const retryAfterS = status === 429 ? GUESSED_TOO_OFTEN_S : status === 503 ? 1 : null;
    throw new Problem(status, detail, retryAfterS);
  }
  const traceparent = headerOf(request, "traceparent");
  return callerOf(answered, { clientId: clientId || NAMELESS, remoteAddress, traceparent });
}

/** The parameters; of one that comes twice, the first. */
const queryOf = ({ query }: FastifyRequest): Call["query"] =>
  Object.fromEntries(
    Object.entries(query as Record<string, string | string[]>).map(([name, value]) => [
      name,
      Array.isArray(value) ? value[0] : value,
    ]),
  );

const headerOf = (request: FastifyRequest, name: string): string | undefined => {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
};

const callOf = (request: FastifyRequest, caller: Caller, body: Buffer): Call => ({
  caller,
  params: request.params as Call["params"],
  query: queryOf(request),
  header: (name) => headerOf(request, name),
  body,
});

/** @throws Problem 503 if it takes too long; the work goes on, and what it stores is stored. */
async function withinTime(work: Promise<Reply>): Promise<Reply> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Problem(503, "not all of it is stored yet; send it again", 5)),
      ANSWER_WITHIN_MS,
    );
  });
  work.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

function answer(reply: FastifyReply, { status, body, type, headers }: Reply): FastifyReply {
  if (headers) void reply.headers(headers);
  void reply.code(status);
  return body === "" ? reply.send() : reply.type(type).send(body);
}

/**
 * Errors of Fastify's own are of the client: a body that is too large, an address that is none. What is away, as the log while
 * its server is elected, is no fault: the same request is taken later.
 */
function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (dispositionOf(error) === "retry")
    return new Problem(503, `${messageOf(error)}; send it again`, 2);
  const { statusCode, message } = error as { statusCode?: number; message?: string };
  return statusCode !== undefined && statusCode < 500
    ? new Problem(statusCode, message ?? "refused")
    : new Problem(500, "a fault of the gateway; it is in its log");
}

async function answerProblem(
  reply: FastifyReply,
  problem: Problem,
  say?: SayError,
): Promise<FastifyReply> {
  const { raw, headers } = reply.request;
  if (problem.status === 429) {
    raw.pause(); // H5
    await wait(TOO_MUCH_MS, undefined, { ref: false });
    raw.resume();
  }
  const { retryAfterS } = problem;
  const said = say?.(problem.status, problem.message) ?? {
    body: problem.body,
    type: PROBLEM_TYPE,
  };
  const status = said.status ?? problem.status;
  if (status === 401) void reply.header("www-authenticate", CHALLENGE);
  if (retryAfterS !== null) void reply.header("retry-after", String(retryAfterS));
  // What is left of the body is read and dropped: a client that hears "reset" before the answer would learn nothing.
  const bytes = Number(headers["content-length"] ?? (headers["transfer-encoding"] ? Infinity : 0));
  const droppedMax = problem.status === 429 ? TOO_MUCH_DROPPED_BYTES_MAX : DROPPED_BYTES_MAX;
  if (bytes > droppedMax) void reply.header("connection", "close");
  else void reply.removeHeader("connection");
  return reply.code(status).type(said.type).send(said.body);
}
