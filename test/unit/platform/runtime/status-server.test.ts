// Goal: status and metrics answer to their own names and to GET only. Method: the real server, asked by hand.
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { expect, test } from "vitest";
import { serveStatus } from "../../../../platform/runtime/status-server.ts";

const source = { ready: () => true, status: () => ({}) };
const metrics = { answer: () => ({ contentType: "text/plain", body: "" }) };

test.each([
  ["127.0.0.1", "GET", 200],
  ["localhost:1", "GET", 200],
  ["10.1.2.3:8090", "GET", 200],
  ["gateway-eu:8090", "GET", 200],
  ["evil.example", "GET", 421],
  ["127.0.0.1.evil.example", "GET", 421],
  ["evil.example", "POST", 421],
  ["localhost", "POST", 405],
  ["localhost", "HEAD", 405],
  ["localhost", "DELETE", 405],
])("Host %s, %s: %i", async (host, method, status) => {
  const at = { host: "127.0.0.1", port: 0, hosts: ["gateway-eu"] };
  await using server = await serveStatus(at, source, metrics);
  for (const path of ["/readyz", "/status", "/metrics"]) {
    const asked = request({ port: server.port, path, method, headers: { host } }).end();
    const [response] = (await once(asked, "response")) as [IncomingMessage];
    response.resume();
    expect(response.statusCode).toBe(status);
  }
});
