// The receiver of OTLP/HTTP in JSON: traces are kept, metrics and logs are answered and passed over.
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Guard } from "../access/guard.ts";
import { Problem } from "../api/problem.ts";
import type { TraceStore } from "./trace-store.ts";

const LOOPBACK = ["127.0.0.1", "::1"];

/** Whoever is on this machine, or has a token, may send. */
function checkSender(request: FastifyRequest, guard: Guard): void {
  const peer = request.socket.remoteAddress?.replace(/^::ffff:/, "") ?? "";
  const isPage = request.headers.origin !== undefined;
  if (!isPage && (LOOPBACK.includes(peer) || guard.who(request)?.by === "token")) return;
  throw new Problem(401, "Not allowed to send", {
    detail: "Telemetry is taken from this machine, or with `Authorization: Bearer TOKEN`.",
  });
}

export function receiveTelemetry(server: FastifyInstance, traces: TraceStore, guard: Guard): void {
  server.post("/v1/traces", (request, reply) => {
    checkSender(request, guard);
    traces.take(request.body);
    return reply.send({});
  });
  for (const path of ["/v1/metrics", "/v1/logs"])
    server.post(path, (request, reply) => {
      checkSender(request, guard);
      return reply.send({});
    });
}
