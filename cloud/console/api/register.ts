// Routes as a Fastify server serves them: checked, admitted, audited.
import { Ajv2020, type ErrorObject, type ValidateFunction } from "ajv/dist/2020.js";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { AuditOutcome } from "../../../contracts/messages/audit.ts";
import { messageOf } from "../../../platform/runtime/errors.ts";
import type { Logger } from "../../../platform/runtime/logger.ts";
import type { Guard } from "../access/guard.ts";
import type { Who } from "../access/who.ts";
import type { AuditLog } from "../audit-log.ts";
import { API_PREFIX, statusOf } from "./openapi.ts";
import { PROBLEM_TYPE, Problem, problemOf } from "./problem.ts";
import { type Route, TextAnswer } from "./route.ts";
import type { Schema } from "./schema.ts";

export interface ApiParts {
  readonly guard: Guard;
  readonly audit: Pick<AuditLog, "write">;
  readonly logger: Logger;
  readonly now: () => number;
}

/** Somebody who asks an open route before anybody knows who it is. */
const ANYBODY: Who = { name: "", role: "viewer", by: "token" };

type Part = "params" | "query" | "body";

// Everything in a URL is text, so that numbers are read from it; a body says itself what it is.
const ajvOf = (part: Part): Ajv2020 =>
  new Ajv2020({
    allErrors: true,
    strict: false,
    useDefaults: true,
    coerceTypes: part === "body" ? false : "array",
  });

const AJV: Readonly<Record<Part, Ajv2020>> = {
  params: ajvOf("params"),
  query: ajvOf("query"),
  body: ajvOf("body"),
};

const problemsOf = (errors: readonly ErrorObject[]): { at: string; message: string }[] =>
  errors.map(({ instancePath, message = "is not valid", params }) => {
    const extra = (params as { additionalProperty?: string }).additionalProperty;
    return {
      at: instancePath,
      message: extra === undefined ? message : `${message}: "${extra}" is not known`,
    };
  });

/** @returns a check that fills in defaults, and throws Problem 400 with everything that is wrong. */
function checkOf(part: Part, schema: Schema | undefined): (value: unknown) => void {
  if (schema === undefined) return () => undefined;
  let validate: ValidateFunction | null = null;
  return (value) => {
    validate ??= AJV[part].compile(schema); // Most routes are never asked: each check is code of its own.
    if (validate(value)) return;
    const errors = problemsOf(validate.errors ?? []);
    const detail = errors
      .map(({ at, message }) => `${at === "" ? part : at} ${message}`)
      .join("; ");
    throw new Problem(400, "The request is not of the form that this route takes", {
      detail,
      errors,
    });
  };
}

/** A change, which is written down; a question that is asked by POST is none. */
function isChange({ method, changesNothing, role }: Route, { body }: FastifyRequest): boolean {
  if (method === "GET" || role === "open") return false;
  return !(typeof changesNothing === "function" ? changesNothing(body) : changesNothing);
}

/** A question costs its answer at once, so that less of it is read than of a change. */
const QUESTION_BYTES_MAX = 256 * 1024;
/** A login is a token; a DELETE has no body at all. */
const SHORT_BYTES_MAX = 4 * 1024;

/** The largest body of a route; undefined: that of the server. */
function bodyLimitOf({ body, role, changesNothing }: Route): number | undefined {
  if (body === undefined || role === "open") return SHORT_BYTES_MAX;
  return changesNothing === true ? QUESTION_BYTES_MAX : undefined;
}

export function registerRoutes(
  server: FastifyInstance,
  routes: readonly Route[],
  parts: ApiParts,
): void {
  for (const route of routes) {
    const { method, path } = route;
    const url = `${API_PREFIX}${path}`;
    const bodyLimit = bodyLimitOf(route);
    server.route({
      ...{ method, url, ...handlersOf(route, parts) },
      ...(bodyLimit === undefined ? {} : { bodyLimit }),
    });
  }
  server.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error);
    if (problem === null)
      parts.logger.error({ err: error, url: request.url }, "a request met a bug");
    return sendProblem(reply, problem ?? new Problem(500, "The console failed at this"));
  });
}

export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  const { retryAfterS } = problem.details;
  if (retryAfterS !== undefined) void reply.header("retry-after", retryAfterS);
  return reply.code(problem.status).type(PROBLEM_TYPE).send(JSON.stringify(problem.body()));
}

/** Whoever may not ask is sent away before a byte of the body is read. */
function handlersOf(route: Route, parts: ApiParts) {
  const { guard } = parts;
  const admitted = new WeakMap<FastifyRequest, Who>();
  const preParsing = async (raw: FastifyRequest, reply: FastifyReply): Promise<void> => {
    if (route.role === "open") guard.checkSite(raw);
    else admitted.set(raw, guard.admit(raw, reply, route.role));
    return Promise.resolve();
  };
  const handle = handlerOf(route, parts);
  const handler = (raw: FastifyRequest, reply: FastifyReply): Promise<unknown> =>
    handle(raw, reply, admitted.get(raw) ?? ANYBODY);
  return { preParsing, handler };
}

function handlerOf(route: Route, parts: ApiParts) {
  const checks = (["params", "query", "body"] as const).map(
    (part) => [part, checkOf(part, route[part])] as const,
  );
  return async (raw: FastifyRequest, reply: FastifyReply, who: Who): Promise<unknown> => {
    const audited = auditOf(route, raw, parts);
    try {
      for (const [part, check] of checks) check(raw[part]);
      const { params, query, body } = raw as unknown as Record<Part, never>;
      const answer = await route.handle({ params, query, body, who, raw, reply });
      await audited(who, "done", statusOf(route), null);
      return send(reply, route, answer);
    } catch (error) {
      const problem = problemOf(error);
      const status = problem?.status ?? 500;
      const detail = problem?.details.detail ?? messageOf(error);
      await audited(who, status < 500 ? "refused" : "failed", status, detail);
      throw error;
    }
  };
}

function auditOf(route: Route, raw: FastifyRequest, { audit, now }: ApiParts) {
  return async (
    { name, role }: Who,
    outcome: AuditOutcome,
    status: number,
    detail: string | null,
  ): Promise<void> => {
    if (!isChange(route, raw)) return;
    await audit.write({
      v: 1,
      atMs: now(),
      who: name,
      role,
      address: raw.ip,
      action: route.summary,
      request: `${raw.method} ${raw.url}`,
      outcome,
      status,
      detail,
    });
  };
}

function send(reply: FastifyReply, route: Route, answer: unknown): unknown {
  if (reply.sent || reply.raw.headersSent) return reply; // It was taken over: a stream of events.
  void reply.code(statusOf(route));
  if (answer instanceof TextAnswer) {
    if (answer.fileName !== null)
      void reply.header("content-disposition", `attachment; filename="${answer.fileName}"`);
    return reply.type(answer.contentType).send(answer.text);
  }
  if (route.answer === null) return reply.send();
  return reply.type("application/json").send(JSON.stringify(answer));
}
