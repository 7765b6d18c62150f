// Goal: what goes wrong is traced whatever the share is: each alert up to the person who is told, each reject, and what
// is slow; nothing else is.
// Method: gateway, engine, aggregator and notifier as processes that trace a share of 0 of readings, a real receiver of
// OTLP over HTTP, and a webhook that is told at the second attempt only.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Alert } from "../../contracts/messages/alert.ts";
import type { Reject } from "../../contracts/messages/reject.ts";
import { alertsStream, rejectsStream } from "../../contracts/names/subjects.ts";
import { telemetryTopic } from "../../contracts/names/topics.ts";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { jsonOf } from "../../platform/nats/client/payload.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { connectClient } from "../support/mqtt-client.ts";
import { type NatsWorld, startHubAndRegions } from "../support/nats.ts";
import { HookServer } from "../support/notifications.ts";
import { makeNotifier } from "../support/notifiers.ts";
import {
  type OtlpReceiver,
  type ReceivedSpan,
  startOtlpReceiver,
} from "../support/otlp-receiver.ts";
import { startService } from "../support/services.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const RULE = { id: "hot", version: 1, kind: "threshold", contract: "climate" };
const HOT = { ...RULE, when: "temperature > 80", severity: "critical" };
const SLOWER_THAN_MS = 5_000;

const stack = new AsyncDisposableStack();
let receiver: OtlpReceiver;
let hook: HookServer;
let eu: NatsConnection;
let mqttPort: number;

beforeAll(async () => {
  const directory = stack.use(await temporaryDirectory()).path;
  const world = stack.use(await startHubAndRegions({ regions: ["eu"], partitions: 1 }));
  receiver = stack.use(await startOtlpReceiver());
  hook = stack.use(await HookServer.start());
  hook.answer = (count) => ({ status: count === 1 ? 503 : 200 });
  mqttPort = await freePort();
  await startAll(world, directory);
  eu = await world.region("eu").connect();
}, 120_000);
afterAll(() => stack.disposeAsync());

async function startAll(world: NatsWorld, directory: string): Promise<void> {
  const rules = join(directory, "rules.json");
  await writeFile(rules, JSON.stringify([HOT]));
  const traced = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, SKERRY_PARTITIONS: "1" };
  const none = { ...traced, SKERRY_TRACE_SHARE: "0" };
  const start = async (main: string, env: Record<string, string>): Promise<void> => {
    stack.use((await startService(main, env)).process);
  };
  await start("gateway/main.ts", {
    ...none,
    SKERRY_REGION: "eu",
    SKERRY_NATS_URL: world.region("eu").urlOf("gateway"),
    SKERRY_MQTT_PORT: String(mqttPort),
    SKERRY_ANONYMOUS: "loopback",
  });
  await start("gateway/alerting/main.ts", {
    ...traced,
    SKERRY_REGION: "eu",
    SKERRY_NATS_URL: world.region("eu").urlOf("alerting"),
    SKERRY_RULES: rules,
  });
  await start("cloud/aggregator/main.ts", {
    ...none,
    SKERRY_REGIONS: "eu",
    SKERRY_SINK: "file",
    SKERRY_SINK_FILE: join(directory, "lines"),
    SKERRY_NATS_URL: world.hub.urlOf("aggregator"),
    SKERRY_TRACE_SLOWER_THAN: `${SLOWER_THAN_MS}ms`,
  });
  const channel = { name: "duty", kind: "webhook", format: "json", url: hook.url };
  const { SKERRY_PARTITIONS: _, ...told } = traced;
  const notifier = await makeNotifier(stack, world, [channel], told);
  await notifier.process.start();
}

async function publish(device: string, payload: object | string): Promise<void> {
  await using client = await connectClient(mqttPort, { clientId: device });
  const text = typeof payload === "string" ? payload : JSON.stringify(payload);
  await client.publishAsync(telemetryTopic(device, "climate"), text, { qos: 1 });
}

/** The spans of the one trace that has a root of this reason, once it has `count`. */
const traceBecauseOf = (why: string, count: number): Promise<ReceivedSpan[]> =>
  eventually(`a trace of a ${why}`, () => {
    const roots = receiver.spans.filter((span) => span.attributes["skerry.trace.why"] === why);
    const spans = receiver.spans.filter(({ traceId }) => traceId === roots[0]?.traceId);
    return spans.length >= count && spans;
  });

/** Names by the name of the span above; `null` for the first. */
function tree(spans: readonly ReceivedSpan[]): (readonly [name: string, above: string | null])[] {
  const names = new Map(spans.map(({ spanId, name }) => [spanId, name]));
  return spans
    .toSorted((a, b) => a.startMs - b.startMs || a.endMs - b.endMs)
    .map(({ name, parentSpanId }) => [
      name,
      parentSpanId === undefined ? null : (names.get(parentSpanId) ?? "lost"),
    ]);
}

async function lastOf<T>(stream: string, filter: string): Promise<T> {
  const found = await new Streams(eu).newest(stream, filter);
  return jsonOf<T>(found!.data);
}

test("a reject is traced by its gateway, and the reject that is kept says in which trace", async () => {
  await publish("junk-1", "{no json");
  const spans = await traceBecauseOf("reject", 1);
  expect(tree(spans)).toEqual([["gateway reject", null]]);
  expect(spans[0]).toMatchObject({ service: "gateway", error: expect.any(String) as string });
  expect(spans[0]!.attributes["skerry.reject.reason"]).toBe("not_json");
  const stream = rejectsStream("eu");
  const kept = await lastOf<Reject>(stream, "rejects.>");
  expect(kept.traceparent).toBe(`00-${spans[0]!.traceId}-${spans[0]!.spanId}-01`);
});

test("a reading that took long is traced afterwards, from the device to the sink; one in time is not", async () => {
  await publish("quick-1", { ts: Date.now(), temperature: 20 });
  const ts = Date.now() - 60_000;
  await publish("slow-1", { ts, temperature: 20 });
  const spans = await traceBecauseOf("slow", 5);
  expect(tree(spans)).toEqual([
    ["device publish", null],
    ["gateway commit", "device publish"],
    ["hub delivery", "device publish"],
    ["aggregate", "device publish"],
    ["file write", "device publish"],
  ]);
  expect(spans.find(({ name }) => name === "device publish")).toMatchObject({
    startMs: ts,
    attributes: { "skerry.device": "slow-1" },
  });
  for (const { attributes } of receiver.spans)
    expect(attributes["skerry.device"]).not.toBe("quick-1");
});

test("an alert is one trace from the device to who is told, each attempt in it; log lines name it", async () => {
  await publish("boiler-1", { ts: Date.now(), temperature: 95 });
  const spans = await traceBecauseOf("alert", 7);
  expect(tree(spans).toSorted((a, b) => a[0].localeCompare(b[0]))).toEqual([
    ["alert evaluate", "device publish"],
    ["alert publish", "alert evaluate"],
    ["device publish", null],
    ["gateway commit", "device publish"],
    ["notifier deliver", "alert publish"],
    ["notifier deliver", "alert publish"],
    ["notifier wait", "alert publish"],
  ]);
  const [{ traceId }] = spans as [ReceivedSpan];
  const [failed, delivered] = spans
    .filter(({ name }) => name === "notifier deliver")
    .toSorted((a, b) => a.startMs - b.startMs) as [ReceivedSpan, ReceivedSpan];
  expect(failed).toMatchObject({ service: "notifier", error: "HTTP 503: answer" });
  expect(failed.attributes["skerry.outcome"]).toBe("deferred");
  expect(delivered.error).toBeUndefined();
  expect(delivered.attributes["skerry.attempt"]).toBe(2);

  // The receiver of each attempt can go on with the trace.
  expect(hook.hooks.map(({ headers }) => headers["traceparent"])).toEqual(
    [failed, delivered].map(({ spanId }) => `00-${traceId}-${spanId}-01`),
  );
  const stored = spans.find(({ name }) => name === "alert publish")!;
  const alert = await lastOf<Alert>(alertsStream("eu"), "alerts.>");
  expect(alert.traceparent).toBe(`00-${traceId}-${stored.spanId}-01`);

  const said = await eventually("the lines are there", () => {
    const lines = receiver.logs.filter((line) => line.traceId === traceId);
    return lines.length >= 3 && lines.map(({ service, body }) => `${service}: ${body}`);
  });
  expect(said.toSorted()).toEqual([
    "alerting: alert stored",
    "notifier: delivered",
    "notifier: not delivered, will retry: HTTP 503: answer",
  ]);
});

test("with a share of 0 nothing is traced that is not slow, refused or an alert", () => {
  const traces = Map.groupBy(receiver.spans, ({ traceId }) => traceId);
  for (const spans of traces.values()) {
    const roots = spans.filter(({ parentSpanId }) => parentSpanId === undefined);
    expect(roots.map(({ attributes }) => attributes["skerry.trace.why"])).toEqual([
      expect.stringMatching(/^(alert|reject|slow)$/),
    ]);
  }
});
