// Goal: Prometheus takes the metrics of every process, in both of its formats, exemplars included.
// Method: one process of each kind; Debian's promtool judges their text, Debian's Prometheus scrapes them.
import { join } from "node:path";
import pino from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Histogram } from "../../otel/histogram.ts";
import { telemetryTopic } from "../../contracts/names/topics.ts";
import { startTelemetry } from "../../otel/telemetry.ts";
import { serveStatus } from "../../platform/runtime/status-server.ts";
import { eventually } from "../support/eventually.ts";
import { declaredLabels } from "../support/declared-labels.ts";
import { freePort } from "../support/free-port.ts";
import { connectClient } from "../support/mqtt-client.ts";
import { type NatsWorld, startHubAndRegions } from "../support/nats.ts";
import { makeNotifier } from "../support/notifiers.ts";
import { complaintsOf, startPrometheus } from "../support/prometheus.ts";
import { type Service, makeService } from "../support/services.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

/** Nobody listens there, and nothing is told. */
const CHANNEL = { name: "duty", kind: "webhook", format: "json", url: "http://127.0.0.1:9/" };

const stack = new AsyncDisposableStack();
const services: Record<string, Service> = {};
let gatewayPort: string;
let directory: string;

beforeAll(async () => {
  const world = stack.use(await startHubAndRegions({ regions: ["eu"], partitions: 1 }));
  directory = stack.use(await temporaryDirectory()).path;
  Object.assign(services, await startAll(world));
}, 120_000);
afterAll(() => stack.disposeAsync());

async function startAll(world: NatsWorld): Promise<Record<string, Service>> {
  const mqttPort = String(await freePort());
  gatewayPort = mqttPort;
  const eu = { SKERRY_REGION: "eu", SKERRY_PARTITIONS: "1" };
  const hub = { SKERRY_REGIONS: "eu", SKERRY_PARTITIONS: "1" };
  const files = { SKERRY_SINK: "file", SKERRY_SINK_FILE: join(directory, "lines") };
  // One after the other, and each stopped at the end whatever becomes of the next.
  const start = async (main: string, env: Record<string, string>): Promise<Service> => {
    const service = await makeService(main, env);
    stack.use(service.process);
    await service.process.start();
    return service;
  };
  const started = [
    await start("gateway/main.ts", {
      ...eu,
      SKERRY_NATS_URL: world.region("eu").urlOf("gateway"),
      SKERRY_MQTT_PORT: mqttPort,
      SKERRY_ANONYMOUS: "loopback",
    }),
    await start("gateway/alerting/main.ts", {
      ...eu,
      SKERRY_NATS_URL: world.region("eu").urlOf("alerting"),
    }),
    await start("cloud/aggregator/main.ts", {
      ...hub,
      ...files,
      SKERRY_NATS_URL: world.hub.urlOf("aggregator"),
    }),
    await start("cloud/steward/main.ts", {
      ...hub,
      ...files,
      SKERRY_NATS_URL: world.hub.urlOf("steward"),
      SKERRY_COPY_SCHEDULE: "* * * * * *",
    }),
    await start("device-sim/main.ts", {
      SKERRY_GATEWAYS: `eu=mqtt://127.0.0.1:${mqttPort}`,
      SKERRY_LEDGER: join(directory, "ledger"),
      SKERRY_DEVICES: "5",
      SKERRY_RATE: "20",
    }),
  ];
  const notifier = await makeNotifier(stack, world, [CHANNEL], {});
  await notifier.process.start();
  const [gateway, alerting, aggregator, steward, simulator] = started;
  return Object.fromEntries(
    Object.entries({ gateway, alerting, aggregator, steward, simulator, notifier }).filter(
      (entry): entry is [string, Service] => entry[1] !== undefined,
    ),
  );
}

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Series of a process, without their values. */
async function seriesOf(service: Service): Promise<Sample[]> {
  const text = await (await fetch(service.url("/metrics"))).text();
  return text
    .split("\n")
    .flatMap((line) => /^(skerry_\w+?)(?:\{(.*)\})? \S+$/.exec(line) ?? [])
    .flatMap((part, at, parts) => (at % 3 === 0 ? [[parts[at + 1]!, parts[at + 2] ?? ""]] : []))
    .map(([name, labels]) => ({
      name: name!,
      labels: Object.fromEntries(
        [...labels!.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key, value]) => [key!, value!]),
      ),
    }));
}

const hostOf = (service: Service): string => new URL(service.url("/")).host;

test("promtool has nothing to say against the metrics of any process", async () => {
  for (const [name, service] of Object.entries(services)) {
    const response = await fetch(service.url("/metrics"));
    expect(response.headers.get("content-type"), name).toMatch(/^text\/plain; version=0\.0\.4/);
    const text = await response.text();
    expect(complaintsOf(text), text).toBe("");
    expect(text).toContain(`skerry_build_info{`);
  }
});

test("strangers in number make no series: not their ids, not their topics, not what they send", async () => {
  const gateway = services["gateway"]!;
  const strange = (at: number) => ({ id: `stranger-${at}`, topic: `strange/topic/${at}` });
  const meet = async (at: number): Promise<void> => {
    const { id, topic } = strange(at);
    await using client = await connectClient(Number(gatewayPort), { clientId: id });
    await client.publishAsync(topic, `junk ${at}`, { qos: 1 });
    await client.publishAsync(telemetryTopic(id, "environment"), `junk ${at}`, { qos: 1 });
    await client.publishAsync(telemetryTopic(id, `invented-${at}`), "{}", { qos: 1 });
  };
  await meet(0);
  const before = await seriesOf(gateway);
  for (let at = 1; at <= 30; at++) await meet(at);
  expect((await seriesOf(gateway)).length).toBe(before.length);
  for (const [process_, service] of Object.entries(services))
    for (const { name, labels } of await seriesOf(service)) {
      const values = Object.values(labels).join(" ");
      expect(values, `${name} of ${process_}`).not.toMatch(/strange|invented|junk|sim-|room/);
    }
});

test("no series has a label that the reference does not name", async () => {
  const declared = declaredLabels();
  for (const service of Object.values(services))
    for (const { name, labels } of await seriesOf(service)) {
      const family = declared.has(name) ? name : name.replace(/_(bucket|sum|count)$/, "");
      expect(declared.has(family), name).toBe(true);
      const allowed = new Set([...declared.get(family)!, "le"]);
      expect(
        Object.keys(labels).filter((label) => !allowed.has(label)),
        name,
      ).toEqual([]);
    }
});

test("a real Prometheus scrapes every process, and finds what each is and does", async () => {
  await leaveMessagesWaiting();
  const jobs = Object.fromEntries(
    Object.entries(services).map(([name, service]) => [name, hostOf(service)]),
  );
  const prometheus = await startPrometheus(directory, jobs);
  await using _ = prometheus.process;
  const names = Object.keys(jobs).toSorted();
  const jobsOf = async (expression: string): Promise<string[]> =>
    (await prometheus.query(expression)).map(({ metric }) => metric["job"]!).toSorted();
  await eventually("all are up", async () => (await jobsOf("up == 1")).length === names.length);
  expect(await jobsOf("up == 1")).toEqual(names);
  const builds = await prometheus.query("skerry_build_info");
  expect(builds.map(({ metric }) => metric["process"]!).toSorted()).toEqual(names);
  for (const metric of [
    "skerry_process_resident_memory_bytes > 10e6",
    "skerry_process_heap_used_bytes > 1e6",
    "skerry_process_event_loop_delay_p99_seconds",
    "skerry_process_cpu_seconds_total > 0",
    "skerry_process_uptime_seconds > 0",
    'skerry_process_gc_seconds_count{collection="minor"}',
  ])
    expect(await jobsOf(metric), metric).toEqual(names);
  for (const metric of [
    "skerry_gateway_readings_total > 0",
    "skerry_gateway_log_size_bytes > 0",
    'skerry_gateway_sessions{client="away"} == 1',
    "skerry_gateway_sessions_waiting == 1",
    "skerry_gateway_queues_messages == 2",
    "skerry_gateway_queues_size_bytes < skerry_gateway_queues_limit_bytes",
    "skerry_gateway_queues_fullest == 2 / skerry_gateway_queue_messages_limit",
    "skerry_gateway_queue_limit_bytes > 0",
    "skerry_gateway_sessions_away_limit > 0",
    "skerry_gateway_frame_readings_sum > 0",
    "skerry_gateway_frame_size_bytes_sum > 0",
    "skerry_gateway_frame_spacing_seconds_count > 0",
    "skerry_gateway_log_limit_bytes > skerry_gateway_log_size_bytes",
    "skerry_aggregator_readings_total > 0",
    'skerry_aggregator_lane_done{region="eu",partition="0"} > 0',
    'skerry_simulator_readings_total{region="eu"} > 0',
    'skerry_steward_copy_done{region="eu"} > 0',
    'skerry_steward_job_failed{job_name="copies"} == 0',
  ])
    await eventually(metric, async () => (await prometheus.query(metric)).length === 1);
});

/** Two messages, for a subscriber that is away. */
async function leaveMessagesWaiting(): Promise<void> {
  {
    await using away = await connectClient(Number(gatewayPort), {
      ...{ clientId: "away", clean: false, protocolVersion: 5 },
      properties: { sessionExpiryInterval: 3600 },
    });
    await away.subscribeAsync(telemetryTopic("teller", "climate"), { qos: 1 });
  }
  await using teller = await connectClient(Number(gatewayPort), { clientId: "teller" });
  for (const at of [1, 2]) {
    const reading = JSON.stringify({ ts: Date.now() + at, temperature: 20 });
    await teller.publishAsync(telemetryTopic("teller", "climate"), reading, { qos: 1 });
  }
}

test("a trace is found from the bucket of a histogram that it fell in", async () => {
  const service = { name: "gateway", region: "eu" };
  const logger = pino({ level: "silent" });
  await using telemetry = await startTelemetry(
    service,
    { otlpEndpoint: "", otlpHeaders: {}, otlpSignals: [] },
    logger,
  );
  const histogram = new Histogram([0.1, 1]);
  histogram.observe(0.5, {
    atMs: Date.now(),
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: "b7ad6b7169203331",
  });
  telemetry.metrics.add([
    {
      name: "skerry.test.latency",
      kind: "histogram",
      unit: "s",
      doc: "of this test",
      labels: ["hop"],
      read: () => [{ labels: { hop: "total" }, value: histogram.value }],
    },
  ]);
  const source = { checks: () => [], status: () => ({}) };
  await using server = await serveStatus({ host: "127.0.0.1", port: 0 }, source, telemetry.metrics);
  const prometheus = await startPrometheus(directory, { one: `127.0.0.1:${server.port}` });
  await using _ = prometheus.process;
  const asked = {
    query: "skerry_test_latency_seconds_bucket",
    start: "0",
    end: String(Date.now() / 1000 + 60),
  };
  type Found = { exemplars: { labels: Record<string, string>; value: string }[] }[];
  await eventually("the exemplar is stored", async () => {
    const found = await prometheus.ask<Found>("query_exemplars", asked);
    return found.length > 0;
  });
  const [found] = await prometheus.ask<Found>("query_exemplars", asked);
  expect(found!.exemplars[0]).toMatchObject({
    labels: { trace_id: "0af7651916cd43dd8448eb211c80319c", span_id: "b7ad6b7169203331" },
    value: "0.5",
  });
  expect(
    await prometheus.query('skerry_test_latency_seconds_bucket{le="1.0",region="eu"}'),
  ).toMatchObject([{ value: 1 }]);
});
