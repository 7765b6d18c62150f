// The receiver of OTLP/HTTP in JSON: traces are kept, metrics and logs are answered and passed over.
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Guard } from "../access/guard.ts";
import { Problem } from "../api/problem.ts";
import type { TraceStore } from "./trace-store.ts";

const LOOPBACK = ["127.0.0.1", "::1"];

interface Receiver {
  readonly traces: TraceStore;
  readonly guard: Guard;
  /** False behind a reverse proxy, from whose address anybody may come. */
  readonly trustsLoopback: boolean;
}

/** Whoever is on this machine, or has a token, may send. */
function checkSender(request: FastifyRequest, { guard, trustsLoopback }: Receiver): void {
  const peer = request.socket.remoteAddress?.replace(/^::ffff:/, "") ?? "";
  const isPage = request.headers.origin !== undefined;
  const isHere = trustsLoopback && LOOPBACK.includes(peer);
  if (!isPage && (isHere || guard.who(request)?.by === "token")) return;
  throw new Problem(401, "Not allowed to send", {
    detail: "Telemetry is taken from this machine, or with `Authorization: Bearer TOKEN`.",
  });
}

export function receiveTelemetry(server: FastifyInstance, receiver: Receiver): void {
  // Before the body is read: it may be large, and anybody's.
  const preParsing = async (request: FastifyRequest): Promise<void> => {
    checkSender(request, receiver);
    return Promise.resolve();
  };
  server.post("/v1/traces", { preParsing }, (request, reply) => {
    receiver.traces.take(request.body);
    return reply.send({});
  });
  for (const path of ["/v1/metrics", "/v1/logs"])
    server.post(path, { preParsing }, (_request, reply) => reply.send({}));
}
