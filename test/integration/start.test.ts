// Goal: `npm start` runs the whole path, survives the death of each kind of process, says clearly why
// it cannot start, and leaves nothing behind.
// Method: the launcher as a process, real servers, kill -9 in mid-run, then its own report, which
// asks InfluxDB; an HTTP receiver for the traces.
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { Launcher, isAlive } from "../support/launcher.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { startOtlpReceiver } from "../support/otlp-receiver.ts";
import { skerry } from "../support/skerry.ts";
import type { Report } from "../../infra/local/report.ts";

const HOPS = [
  "device publish",
  "gateway admit",
  "gateway commit",
  "hub delivery",
  "aggregate",
  "influx write",
];
/** Between kills, so that one death is being mended when the next comes. */
const KILL_EVERY_MS = 2_500;

test("kill -9 of gateway, aggregator, influxd and a nats-server loses and doubles nothing; every hop is in one trace", async () => {
  await using directory = await temporaryDirectory();
  await using receiver = await startOtlpReceiver();
  const args = [
    "--port-base",
    "18200",
    "--run-for",
    "22s",
    "--json",
    join(directory.path, "report.json"),
  ];
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, SKERRY_TRACE_SHARE: "0.05" };
  await using launcher = new Launcher(directory.path, args, env);
  await launcher.publishes(40_000);
  const victims = ["gateway-eu", "aggregator", "influxd", "nats-us", "alerting-eu"];
  for (const victim of victims) {
    await sleep(KILL_EVERY_MS);
    process.kill(launcher.pids()[victim]!, "SIGKILL");
  }
  expect(await launcher.exit(), launcher.output).toBe(0);

  const report = launcher.report();
  expect(Object.keys(report.restarts).sort()).toEqual(victims.sort());
  for (const victim of victims) {
    const told = report.incidents.filter(({ process: of }) => of === victim);
    expect(told.map(({ what }) => what).join()).toContain("killed by SIGKILL, starting it again");
    expect(launcher.output).toMatch(new RegExp(`incident: [0-9:]{8} ${victim}: killed by SIGKILL`));
  }
  expect(report).toMatchObject({ missing: 0, duplicated: 0, drained: true });
  expect(report.acknowledged).toBeGreaterThan(1_000);
  expect(report.stored).toBe(report.acknowledged);
  for (const region of ["eu", "us"]) {
    expect(report.regions[region]!.acknowledged).toBeGreaterThan(500);
    expect(report.regions[region]!.stored).toBe(report.regions[region]!.acknowledged);
  }
  expect(report.alerts.raised).toBeGreaterThan(0);
  expect(report.latencyMs.p99).toBeGreaterThan(0);

  const traces = Map.groupBy(receiver.spans, ({ traceId }) => traceId);
  const whole = [...traces.values()].filter((spans) =>
    HOPS.every((hop) => spans.some(({ name }) => name === hop)),
  );
  expect(whole.length).toBeGreaterThan(0);
  for (const spans of whole) {
    const ids = new Set(spans.map(({ spanId }) => spanId));
    const roots = spans.filter(({ parentSpanId }) => parentSpanId === undefined);
    expect(roots.map(({ name }) => name)).toEqual(["device publish"]);
    for (const { parentSpanId, startMs, endMs } of spans) {
      expect(parentSpanId === undefined || ids.has(parentSpanId)).toBe(true);
      expect(endMs).toBeGreaterThanOrEqual(startMs);
    }
  }
}, 120_000);

test("with --tls everything speaks TLS, and the command line finds its way", async () => {
  await using directory = await temporaryDirectory();
  const json = join(directory.path, "report.json");
  const args = [
    "--tls",
    "--port-base",
    "18360",
    "--devices",
    "4",
    "--rate",
    "50",
    "--run-for",
    "5s",
  ];
  await using launcher = new Launcher(directory.path, [...args, "--json", json]);
  await launcher.publishes(40_000);
  const { nats, mqtt, influx } = JSON.parse(
    readFileSync(join(directory.path, "addresses.json"), "utf8"),
  ) as Record<"nats" | "mqtt", Record<string, string>> & { influx: string };
  for (const url of [...Object.values(nats), ...Object.values(mqtt), influx])
    expect(new URL(url).protocol).toMatch(/^(tls|mqtts|https):$/);
  const { out } = await skerry(["status", "--data-dir", directory.path]);
  expect(out).toMatch(/nats-hub +runs/);
  expect(out).toMatch(/influxd +runs/);
  expect(await launcher.exit()).toBe(0);
  const report = JSON.parse(readFileSync(json, "utf8")) as Report;
  expect(report).toMatchObject({ missing: 0, duplicated: 0, incidents: [] });
  expect(report.acknowledged).toBeGreaterThan(50);
}, 90_000);

test("two copies side by side; SIGTERM stops each and leaves nothing behind", async () => {
  await using first = await temporaryDirectory();
  await using second = await temporaryDirectory();
  const start = (path: string, portBase: string): Launcher =>
    new Launcher(path, ["--port-base", portBase, "--devices", "4", "--rate", "20"]);
  await using one = start(first.path, "18300");
  await using two = start(second.path, "18330");
  for (const launcher of [one, two]) await launcher.publishes(40_000);
  const pids = [one, two].flatMap((launcher) => Object.values(launcher.pids()));
  expect(pids.length).toBe(24);
  for (const launcher of [one, two]) launcher.signal("SIGTERM");
  expect(await one.exit()).toBe(0);
  expect(await two.exit()).toBe(0);
  expect(pids.filter(isAlive)).toEqual([]);
}, 90_000);

test("a port in use is named, status 1, nothing left running", async () => {
  await using directory = await temporaryDirectory();
  const squatter = createServer();
  await new Promise<void>((resolve) => squatter.listen(18412, "127.0.0.1", resolve));
  const json = join(directory.path, "report.json");
  await using launcher = new Launcher(directory.path, ["--port-base", "18400", "--json", json]);
  expect(await launcher.exit()).toBe(1);
  expect(JSON.parse(readFileSync(json, "utf8"))).toEqual({
    failed: expect.stringContaining("port 18412 (gateway-eu, mqtt) is in use") as string,
    incidents: [],
    incidentsTotal: 0,
  });
  squatter.close();
  expect(launcher.output.trim().split("\n")).toHaveLength(1);
  expect(launcher.output).toContain("port 18412 (gateway-eu, mqtt) is in use");
  expect(() => launcher.pids()).toThrow();
});

test.each([
  ["a data directory that cannot be written", ["--data-dir"], /data directory .*file.*/],
  ["an unknown option", ["--ports", "1"], /--ports/],
  ["a port that is none", ["--port-base", "http"], /--port-base.*whole number/],
  ["a duration that is none", ["--run-for", "40"], /--run-for.*duration/],
])("%s is named, status 1", async (_name, args, message) => {
  await using directory = await temporaryDirectory();
  const file = join(directory.path, "file");
  writeFileSync(file, "");
  const dataDir = args[0] === "--data-dir" ? join(file, "below") : directory.path;
  await using launcher = new Launcher(dataDir, args[0] === "--data-dir" ? [] : args);
  expect(await launcher.exit()).toBe(1);
  expect(launcher.output).toMatch(message);
  expect(launcher.output.trim().split("\n").length).toBeLessThan(3);
});
