import { expect, test, vi } from "vitest";
import { type Telemetry, startTelemetry } from "../../../otel/telemetry.ts";
import { makeLogger } from "../../../platform/runtime/logger.ts";
import { freePort } from "../../support/free-port.ts";
import { startOtlpReceiver } from "../../support/otlp-receiver.ts";

const CONFIG = {
  otlpHeaders: { authorization: "Bearer secret" },
  otlpSignals: ["traces", "metrics", "logs"],
  traceShare: 1,
} as const;
const TRACE = { trace_id: "0af7651916cd43dd8448eb211c80319c", span_id: "b7ad6b7169203331" };

/** A process whose warnings are counted; what it logs otherwise is not shown. */
async function start(endpoint: string): Promise<{ telemetry: Telemetry; warnings: string[] }> {
  const logger = makeLogger({ process: "test" }, "silent");
  const warnings: string[] = [];
  logger.warn = (text: unknown) => void warnings.push(String(text));
  const service = { name: "test", region: "eu", instance: "test-1" };
  return {
    telemetry: await startTelemetry(service, { ...CONFIG, otlpEndpoint: endpoint }, logger),
    warnings,
  };
}

const publish = ({ tracing }: Telemetry, startMs: number): void =>
  void tracing.record({ name: "device publish", parent: null, startMs, endMs: startMs + 1 });

test("spans, metrics and log lines arrive with the headers, and a line in the trace that it names", async () => {
  await using receiver = await startOtlpReceiver();
  const logger = makeLogger({ process: "test" }, "error");
  const service = { name: "test", region: "eu", instance: "test-1" };
  const config = { ...CONFIG, otlpEndpoint: receiver.url };
  const telemetry = await startTelemetry(service, config, logger);
  publish(telemetry, 1_000);
  logger.child({ lane: 3 }).error({ ...TRACE, err: new TypeError("broken"), of: ["x"] }, "told");
  await telemetry[Symbol.asyncDispose]();

  expect(receiver.spans).toMatchObject([
    { name: "device publish", service: "test", startMs: 1_000 },
  ]);
  expect(receiver.headers).toMatchObject({ authorization: "Bearer secret" });
  expect(receiver.logs).toMatchObject([
    {
      service: "test",
      body: "told",
      severity: "ERROR",
      traceId: TRACE.trace_id,
      attributes: {
        process: "test",
        lane: 3,
        of: '["x"]',
        "exception.type": "TypeError",
        "exception.message": "broken",
      },
    },
  ]);
  const metric = (name: string) => receiver.metrics.find((one) => one.name === name)!;
  expect(metric("skerry.process.resident_memory")).toMatchObject({ service: "test", unit: "By" });
  expect(metric("skerry.process.resident_memory").points[0]!.asDouble).toBeGreaterThan(1e6);
  expect(metric("skerry.process.gc").points[0]).toHaveProperty("explicitBounds");
});

test("a receiver that is away costs one warning with its address, not a failed stop", async () => {
  const endpoint = `http://127.0.0.1:${await freePort()}`;
  const { telemetry, warnings } = await start(endpoint);
  for (let batch = 0; batch < 3; batch++) publish(telemetry, batch);
  await telemetry[Symbol.asyncDispose]();
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toMatch(
    new RegExp(`^${endpoint} takes no (traces|metrics|logs|more): .*(ECONNREFUSED|no answer)`),
  );
});

test("a receiver that dies costs one warning, and what comes after its return arrives", async () => {
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const { telemetry, warnings } = await start(endpoint);
  {
    await using receiver = await startOtlpReceiver(port);
    publish(telemetry, 1);
    await vi.waitFor(() => expect(receiver.spans).toHaveLength(1), 5_000);
  }
  publish(telemetry, 2);
  await vi.waitFor(() => expect(warnings).toHaveLength(1), 15_000);
  await using receiver = await startOtlpReceiver(port);
  publish(telemetry, 3);
  await vi.waitFor(() => expect(receiver.spans.map(({ startMs }) => startMs)).toContain(3), 15_000);
  await telemetry[Symbol.asyncDispose]();
  expect(warnings).toHaveLength(1);
}, 40_000);

test("without an endpoint nothing is traced, and the metrics of the process are there", async () => {
  const { telemetry, warnings } = await start("");
  expect(telemetry.tracing.enabled).toBe(false);
  expect(telemetry.metrics.answer("").body).toContain(
    'skerry_build_info{region="eu",process="test"',
  );
  await telemetry[Symbol.asyncDispose]();
  expect(warnings).toEqual([]);
});
