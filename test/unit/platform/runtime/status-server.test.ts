// Goal: status, health and metrics answer to their own names and to reading only, and health says what is so.
// Method: the real server, asked by hand.
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { expect, test } from "vitest";
import type { HealthCheck } from "../../../../platform/runtime/health.ts";
import { Starting, serveStatus } from "../../../../platform/runtime/status-server.ts";

const source = { checks: () => [], status: () => ({}) };
const metrics = { answer: () => ({ contentType: "text/plain", body: "" }) };
const PATHS = ["/livez", "/readyz", "/readyz?verbose", "/startupz", "/status", "/metrics"];

async function ask(port: number, path: string, method = "GET", host = "localhost") {
  const asked = request({ port, path, method, headers: { host } }).end();
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  const body = (await response.setEncoding("utf8").toArray()).join("");
  return { status: response.statusCode, headers: response.headers, body };
}

test.each([
  ["127.0.0.1", "GET", 200],
  ["localhost:1", "GET", 200],
  ["10.1.2.3:8090", "GET", 200],
  ["gateway-eu:8090", "GET", 200],
  ["evil.example", "GET", 421],
  ["127.0.0.1.evil.example", "GET", 421],
  ["evil.example", "POST", 421],
  ["localhost", "POST", 405],
  ["localhost", "HEAD", 200],
  ["evil.example", "HEAD", 421],
  ["localhost", "DELETE", 405],
  ["localhost", "OPTIONS", 405],
])("Host %s, %s: %i", async (host, method, status) => {
  const at = { host: "127.0.0.1", port: 0, hosts: ["gateway-eu"] };
  await using server = await serveStatus(at, source, metrics);
  for (const path of PATHS) {
    const answer = await ask(server.port, path, method, host);
    expect(answer.status).toBe(status);
    if (status === 405) expect(answer.headers.allow).toBe("GET, HEAD");
    if (status === 200) expect(answer.headers["cache-control"]).toBe("no-store");
    if (method === "HEAD") expect(answer.body).toBe("");
  }
  expect((await ask(server.port, "/elsewhere")).status).toBe(404);
});

test("each probe answers for itself: what is away makes nobody dead, and who was ready once has started", async () => {
  const why: Record<string, string | null> = { store: "the store is away", lanes: null };
  const checks = (): HealthCheck[] => [
    { name: "lanes get on", kind: "live", why: why["lanes"]! },
    { name: "store", kind: "ready", why: why["store"]! },
  ];
  const at = { host: "127.0.0.1", port: 0 };
  await using server = await serveStatus(at, { checks, status: () => ({}) }, metrics);
  const probes = async (): Promise<string> => {
    const answers = ["/livez", "/readyz", "/startupz"].map((path) => ask(server.port, path));
    return (await Promise.all(answers)).map(({ status }) => status).join(" ");
  };
  expect(await probes()).toBe("200 503 503");
  why["store"] = null;
  expect(await probes()).toBe("200 200 200");
  why["store"] = "the store is away again";
  expect(await probes()).toBe("200 503 200");
  why["lanes"] = "lane eu/0 hangs";
  expect(await probes()).toBe("503 503 200");
  const { body, headers } = await ask(server.port, "/readyz");
  expect(headers["content-type"]).toBe("application/json");
  expect(JSON.parse(body)).toEqual({
    state: "not ready",
    why: "lane eu/0 hangs; the store is away again",
    checks: [
      { name: "lanes get on", ok: false, why: "lane eu/0 hangs" },
      { name: "store", ok: false, why: "the store is away again" },
    ],
  });
  const live = JSON.parse((await ask(server.port, "/livez?verbose")).body) as {
    checks: { name: string; since: string; forSeconds: number }[];
  };
  expect(live.checks.map(({ name }) => name)).toEqual(["lanes get on"]);
  expect(Date.parse(live.checks[0]!.since)).toBeLessThanOrEqual(Date.now());
  expect(live.checks[0]!.forSeconds).toBe(0);
});

test("a process that starts is alive, says what it waits for, and has no status yet", async () => {
  const starting = new Starting("its nats-server at 10.0.0.1:4222");
  await using server = await serveStatus({ host: "127.0.0.1", port: 0 }, starting, metrics);
  expect((await ask(server.port, "/livez")).status).toBe(200);
  expect((await ask(server.port, "/startupz")).status).toBe(503);
  expect((await ask(server.port, "/status")).status).toBe(503);
  const { status, body } = await ask(server.port, "/readyz");
  expect(status).toBe(503);
  expect(body).toContain("it is starting: it waits for its nats-server at 10.0.0.1:4222");
  starting.works(source);
  expect((await ask(server.port, "/startupz")).status).toBe(200);
  expect((await ask(server.port, "/status")).status).toBe(200);
});
