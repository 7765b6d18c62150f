// Goal: every panel of every dashboard, every alert and every variable has data where Skerry runs.
// Method: `npm start` with its own configuration for Prometheus, Debian's Prometheus, a few faults; then
// each query is asked as Grafana would ask it, of Prometheus and of InfluxDB.
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { escape } from "@influxdata/influxdb-client";
import mqtt from "mqtt";
import { afterAll, beforeAll, expect, test } from "vitest";
import { telemetryStream } from "../../contracts/names/subjects.ts";
import { InfluxClient } from "../../cloud/sinks/influx/client.ts";
import { WRITER, urlOfUser } from "../../cloud/sinks/influx/set-up.ts";
import { telemetryTopic } from "../../contracts/names/topics.ts";
import { DASHBOARDS, RULES_FILE } from "../../infra/grafana/files.ts";
import { ALERT_GROUPS } from "../../infra/grafana/prometheus-files.ts";
import { SOURCES } from "../../infra/grafana/sources.ts";
import { connectOnce } from "../../platform/nats/client/connection.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import { loadPositions } from "../../platform/nats/lanes/positions.ts";
import { eventually } from "../support/eventually.ts";
import { Launcher } from "../support/launcher.ts";
import { RawClient, connectClient } from "../support/mqtt-client.ts";
import { PANEL_QUERIES, filledIn, offered } from "../support/panel-queries.ts";
import { type Prometheus, checkRules, startPrometheusFrom } from "../support/prometheus.ts";
import { startService } from "../support/services.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const PORT_BASE = 18_460;
const MQTT_PORT = PORT_BASE + 12;
const HOUR_MS = 3_600_000;
/** Until rates, windows of ten seconds and what InfluxDB writes about itself are there. */
const DATA_WITHIN_MS = 120_000;

const stack = new AsyncDisposableStack();
let prometheus: Prometheus;
let influxUrl: string;
let writerUrl: string;

interface Answer {
  results: { error?: string; series?: { values: (string | number | null)[][] }[] }[];
}

beforeAll(async () => {
  const directory = stack.use(await temporaryDirectory()).path;
  const channels = join(directory, "channels.json");
  const url = `http://127.0.0.1:${await listenForAlerts()}/`;
  writeFileSync(channels, JSON.stringify([{ name: "duty", kind: "webhook", format: "json", url }]));
  const args = ["--port-base", String(PORT_BASE), "--devices", "10", "--rate", "60"];
  const launcher = stack.use(
    new Launcher(join(directory, "data"), [...args, "--channels", channels, "--no-open"]),
  );
  await launcher.publishes(90_000);
  const observe = join(directory, "data", "observe");
  prometheus = await startPrometheusFrom(join(observe, "prometheus.yaml"), directory);
  stack.use(prometheus.process);
  const addresses = JSON.parse(readFileSync(join(directory, "data", "addresses.json"), "utf8")) as {
    influx: string;
    nats: { hub: string };
  };
  influxUrl = addresses.influx;
  const passwordFile = join(directory, "data", "secrets", "influx-writer");
  writerUrl = urlOfUser(influxUrl, WRITER, readFileSync(passwordFile, "utf8").trim());
  await makeFaults();
  await compareLastHour(join(directory, "data"), addresses);
  process.kill(launcher.pids()["alerting-us"]!, "SIGKILL");
}, 180_000);
afterAll(() => stack.disposeAsync());

/** @returns the port of somebody who takes every alert. */
async function listenForAlerts(): Promise<number> {
  const receiver = createServer((request, response) => {
    request.resume();
    response.writeHead(204).end();
  }).listen(0, "127.0.0.1");
  stack.defer(() => void receiver.close());
  await once(receiver, "listening");
  return (receiver.address() as AddressInfo).port;
}

/** A stranger, a client that speaks no MQTT, a subscriber that never comes back. */
async function makeFaults(): Promise<void> {
  await expect(
    mqtt.connectAsync(`mqtt://127.0.0.1:${MQTT_PORT}`, {
      ...{ username: "nobody", password: "wrong", reconnectPeriod: 0 },
    }),
  ).rejects.toThrow();
  using junk = await RawClient.open(MQTT_PORT);
  junk.socket.write(Buffer.from("GET / HTTP/1.1\r\n\r\n"));
  await junk.untilClosed();
  await using sleeper = await connectClient(MQTT_PORT, {
    ...{ clientId: "sleeper", clean: false, protocolVersion: 5 },
    properties: { sessionExpiryInterval: 3600 },
  });
  await sleeper.subscribeAsync("#", { qos: 1 });
}

/** A reading of an hour ago, and a steward that does not wait until twenty past to compare that hour. */
async function compareLastHour(
  directory: string,
  addresses: { influx: string; nats: { hub: string } },
) {
  await using client = await connectClient(MQTT_PORT, { clientId: "late" });
  const reading = JSON.stringify({ ts: Date.now() - HOUR_MS, temperature: 20 });
  await client.publishAsync(telemetryTopic("late", "climate"), reading, { qos: 1 });
  await aggregatorIsPastAll(addresses.nats.hub);
  const steward = await startService("cloud/steward/main.ts", {
    SKERRY_NATS_URL: addresses.nats.hub,
    SKERRY_INFLUX_URL: `http://writer@${new URL(addresses.influx).host}`,
    SKERRY_INFLUX_PASSWORD_FILE: join(directory, "secrets", "influx-writer"),
    SKERRY_REGIONS: "eu,us",
    SKERRY_RECONCILE_SCHEDULE: "*/5 * * * * *",
  });
  stack.use(steward.process);
}

/** An hour is compared once, and up to saved positions only: what they do not reach then is never in it. */
async function aggregatorIsPastAll(hub: string): Promise<void> {
  const connection = await connectOnce({ url: hub, reconnect: false, timeoutMs: 5_000 });
  stack.defer(() => connection.close());
  const { lastSeq } = await new Streams(connection).state(telemetryStream("eu"));
  await eventually(
    "the aggregator has saved that it is past the late reading",
    async () => {
      const [saved] = await loadPositions<{ doneSeq: number }>(connection, "aggregator", "eu", 1);
      return saved !== null && saved !== undefined && saved.doneSeq >= lastSeq;
    },
    60_000,
  );
}

async function rowsOf(database: string, query: string): Promise<(string | number | null)[][]> {
  const asked = new URLSearchParams({ db: database, q: query });
  const { origin, username, password } = new URL(influxUrl);
  const authorization = `Basic ${btoa(`${username}:${password}`)}`;
  const answered = await fetch(`${origin}/query?${asked.toString()}`, {
    headers: { authorization },
  });
  const answer = (await answered.json()) as Answer;
  const [result] = answer.results;
  if (result?.error !== undefined) throw new Error(`${query}: ${result.error}`);
  return result?.series?.flatMap(({ values }) => values) ?? [];
}

const isData = (value: unknown): boolean => value !== null && value !== "NaN";

/** Asks until every question has an answer; what has none in time is returned. */
async function unanswered<T>(questions: readonly T[], ask: (question: T) => Promise<boolean>) {
  let open = [...questions];
  await eventually(
    "every query has data",
    async () => {
      const still: T[] = [];
      for (const question of open) if (!(await ask(question))) still.push(question);
      open = still;
      return open.length === 0;
    },
    DATA_WITHIN_MS,
  ).catch(() => undefined);
  return open;
}

const REGIONS = { region: ".*" };

test("Prometheus has data for every panel that asks it", { timeout: 150_000 }, async () => {
  const asked = PANEL_QUERIES.filter(({ source }) => source === "prometheus");
  expect(asked.length).toBeGreaterThan(50);
  const missing = await unanswered(asked, async ({ text }) => {
    const series = await prometheus.query(filledIn(text, REGIONS));
    return series.some(({ value }) => !Number.isNaN(value));
  });
  expect(missing.map(({ where }) => where)).toEqual([]);
});

test("InfluxDB has data for every panel that asks it", { timeout: 150_000 }, async () => {
  const values = await deviceVariables();
  await plantHour(values);
  const asked = PANEL_QUERIES.filter(({ source }) => source !== "prometheus");
  expect(asked.length).toBeGreaterThan(20);
  const missing = await unanswered(asked, async ({ source, text }) => {
    const rows = await rowsOf(SOURCES[source].database!, filledIn(text, values));
    return rows.some((row) => row.slice(1).some(isData));
  });
  expect(missing.map(({ where }) => where)).toEqual([]);
});

/** The last hour of a device, which is not over, as if it were. */
async function plantHour({ contract, device, field }: Record<string, string>): Promise<void> {
  const columns = ["min", "mean", "max"].map((statistic) => `${field}_${statistic}=1`);
  const hourMs = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
  const line = `${contract}_1h,region=eu,device=${escape.tag(device!)} ${columns.join(",")} ${hourMs}000000`;
  await new InfluxClient({ url: writerUrl, database: "skerry" }).write([line], "1h");
}

/** The first value of each variable of the device's dashboard, each asked with those before it. */
async function deviceVariables(): Promise<Record<string, string>> {
  const values: Record<string, string> = {};
  const { variables } = DASHBOARDS.find(({ name }) => name === "device")!;
  for (const variable of variables) {
    await eventually(
      `variable ${variable.name} has values`,
      async () => {
        const rows = await rowsOf("skerry", filledIn(variable.query, values));
        // Names are in the first column, values of a tag in the second.
        const column = variable.query.startsWith("SHOW TAG VALUES") ? 1 : 0;
        const [first] = offered(
          variable,
          rows.map((row) => String(row[column])),
        );
        if (first !== undefined) values[variable.name] = first;
        return first !== undefined;
      },
      60_000,
    );
  }
  return values;
}

test("the variable of regions offers both", async () => {
  const series = await prometheus.query('skerry_build_info{process="gateway"}');
  expect(series.map(({ metric }) => metric["region"]).toSorted()).toEqual(["eu", "us"]);
});

/** Forecasts, which say nothing before they have seen enough: that there is such a metric has to do. */
const METRICS_PAGE = join(import.meta.dirname, "../../docs/reference/metrics.md");
const NEEDS_HOURS: ReadonlySet<string> = new Set(["SkerryDiskFullSoon"]);

test("promtool takes the rule file, and what each alert measures is measured", async () => {
  expect(checkRules(RULES_FILE)).toBe("");
  const all = Object.values(ALERT_GROUPS).flat();
  const metrics = readFileSync(METRICS_PAGE, "utf8");
  for (const { name, measure } of all)
    if (NEEDS_HOURS.has(name)) expect(metrics).toContain(`\`${measure}\``);
  const asked = all.filter(({ name }) => !NEEDS_HOURS.has(name));
  const missing = await unanswered(
    asked,
    async ({ measure }) => (await prometheus.query(measure)).length > 0,
  );
  expect(missing.map(({ name }) => name)).toEqual([]);
}, 150_000);
