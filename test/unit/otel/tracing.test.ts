import { expect, test } from "vitest";
import { startTracing } from "../../../otel/tracing.ts";
import { freePort } from "../../support/free-port.ts";

const SERVICE = { name: "test", instance: "test-1", version: "0.0.0" };

test("a receiver that is away costs a warning with its address, not a failed stop", async () => {
  const warnings: string[] = [];
  const logger = { warn: (text: string) => void warnings.push(text) };
  const endpoint = `http://127.0.0.1:${await freePort()}`;
  const config = { otlpEndpoint: endpoint, traceShare: 1 };
  const tracing = await startTracing(SERVICE, config, logger as never);
  tracing.record({ name: "device publish", parent: null, startMs: 1, endMs: 2 });
  await tracing[Symbol.asyncDispose]();
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toMatch(
    new RegExp(`^the last traces were not sent to ${endpoint}: .*(ECONNREFUSED|no answer)`),
  );
});
