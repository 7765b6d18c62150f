// Goal: what sends to InfluxDB or ThingsBoard sends to a gateway unchanged: 204 means stored, a partial write names its
// lines, and Telegraf loses nothing through kills of the gateway.
// Method: the gateway as a real process; Telegraf as a real one, where there is a program.
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { searchDirectories } from "../../infra/local/prerequisites.ts";
import { eventually } from "../support/eventually.ts";
import { type HttpWorld, basic, startHttpWorld } from "../support/http-world.ts";
import { startBridge } from "../support/mosquitto.ts";
import { connectClient } from "../support/mqtt-client.ts";
import { ServerProcess } from "../support/server-process.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const stack = new AsyncDisposableStack();
let world: HttpWorld;
let directory: string;
beforeAll(async () => {
  directory = stack.use(await temporaryDirectory()).path;
  const mappings = join(directory, "mappings.json");
  const cpu = {
    ...{ name: "cpu", topic: "influx/cpu/{device}", contract: "measurement" },
    time: { pointer: "/time", format: "iso8601" },
    fields: { value: { pointer: "/fields/usage" }, quantity: { constant: "cpu" } },
  };
  const board = {
    ...{ name: "board", topic: "thingsboard/{device}", contract: "climate", time: "arrival" },
    fields: { temperature: { pointer: "/temperature" } },
  };
  await writeFile(mappings, JSON.stringify({ mappings: [cpu, board] }));
  world = stack.use(await startHttpWorld({ SKERRY_MAPPINGS: mappings }));
});
afterAll(() => stack.disposeAsync());

const token = (id: string, secret: string) => ({
  authorization: `Token ${id}:${secret}`,
  "content-type": "text/plain; charset=utf-8",
});

/** The record, once the region has heard of it. */
async function register(id: string, over: Parameters<HttpWorld["put"]>[1] = {}): Promise<string> {
  const secret = await world.put(id, over);
  await eventually("the region knows the record", async () => {
    expect((await world.post("/api/v2/write", "", token(id, secret))).status).toBe(204);
  });
  return secret;
}

const V2 = "/api/v2/write?org=o&bucket=b&precision=ms";

test("204 means stored; a partial write names the lines that are not, and the rest is stored", async () => {
  const secret = await register("flux-1");
  const nowMs = Date.now();
  const lines = `climate,host=x temperature=20.5,humidity=40i ${nowMs}\n# comment\nclimate temperature=21 ${nowMs + 1}\n`;
  const plain = await world.post(V2, lines.replace(",host=x", ""), token("flux-1", secret));
  expect([plain.status, plain.text]).toEqual([204, ""]);
  const gzip = { ...token("flux-1", secret), "content-encoding": "gzip" };
  const later = `climate temperature=22 ${nowMs + 2}`;
  expect((await world.post(V2, gzipSync(later), gzip)).status).toBe(204);
  const bad = `climate temperature="x" ${nowMs}\nclimate temperature=23 ${nowMs + 3}\nnonsense\nclimate,device=other temperature=1 ${nowMs}\nunknown f=1`;
  const partial = await world.post(V2, bad, token("flux-1", secret));
  expect([partial.status, partial.json["code"]]).toEqual([400, "invalid"]);
  expect(partial.json["message"]).toMatch(
    /^partial write: line 1: contract_violation: \/temperature .*; line 3: .*; line 4: not_authorized.*; line 5: .* dropped=4$/,
  );
  const logged = await world.logged("flux-1");
  expect(logged.map(({ payload }) => payload)).toEqual([
    { temperature: 20.5, humidity: 40, ts: nowMs },
    { temperature: 21, ts: nowMs + 1 },
    { temperature: 22, ts: nowMs + 2 },
    { temperature: 23, ts: nowMs + 3 },
  ]);
  expect(await world.rejects("flux-1")).toHaveLength(4);
  const unknown = await world.post("/api/v2/write?precision=x", "m f=1", token("flux-1", secret));
  expect(unknown.json).toMatchObject({ code: "invalid" });
  expect((await world.post(V2, "m f=1", token("flux-1", "wrong"))).json).toMatchObject({
    code: "unauthorized",
  });
});

test("digits below the millisecond are kept, and tell points apart", async () => {
  const secret = await register("flux-2");
  const ns = `${Date.now()}000001`;
  const lines = `climate temperature=1 ${ns}\nclimate temperature=1 ${BigInt(ns) + 1n}`;
  expect((await world.post("/api/v2/write", lines, token("flux-2", secret))).status).toBe(204);
  const times = (await world.logged("flux-2")).map(({ payload }) => String(payload["ts"]));
  expect(times.map((time) => time.slice(-7))).toEqual(["000001Z", "000002Z"]);
});

test("the address of InfluxDB 1.x takes its credentials, and says that its database is there", async () => {
  const secret = await register("flux-3");
  const nowMs = Date.now();
  const line = `climate temperature=20 ${nowMs}`;
  const v1 = `/write?db=d&precision=ms`;
  expect((await world.post(v1, line, basic("flux-3", secret))).status).toBe(204);
  const named = `${v1}&u=flux-3&p=${secret}`;
  expect((await world.post(named, `climate temperature=21 ${nowMs + 1}`)).status).toBe(204);
  const bad = await world.post(named, "climate temperature=t");
  expect([bad.status, bad.json["error"]]).toEqual([
    400,
    expect.stringMatching(/^partial write: line 1/) as string,
  ]);
  const made = await world.post("/query?q=CREATE+DATABASE+%22d%22", "", basic("flux-3", secret));
  expect([made.status, made.json]).toEqual([200, { results: [{ statement_id: 0 }] }]);
  expect((await world.post("/query?q=SELECT+1", "", basic("flux-3", secret))).status).toBe(400);
  const ping = await fetch(`${world.url}/ping`);
  expect([ping.status, ping.headers.get("x-influxdb-version")]).toEqual([204, "1.8.10"]);
  expect(await world.logged("flux-3")).toHaveLength(2);
});

test("what is no contract goes to the mapping table, with the right to", async () => {
  const secret = await register("flux-4", { topics: ["influx/+/flux-4"] });
  const line = `cpu,cpu=total usage=12.5 ${Date.now()}`;
  expect((await world.post(V2, line, token("flux-4", secret))).status).toBe(204);
  expect(await world.logged("flux-4")).toMatchObject([
    { contract: "measurement", payload: { value: 12.5, quantity: "cpu" } },
  ]);
});

test("what no mapping takes is refused and kept: relayed to subscribers alone would not be stored", async () => {
  const secret = await register("flux-5", { topics: ["influx/+/flux-5"] });
  const unknown = await world.post(V2, `mem used=1 ${Date.now()}`, token("flux-5", secret));
  expect(unknown.status).toBe(400);
  expect(unknown.text).toContain("unmapped_topic");
  const misfit = await world.post(V2, `cpu idle=1 ${Date.now()}`, token("flux-5", secret));
  expect(misfit.status).toBe(400);
  expect(misfit.text).toContain("unmappable");
});

test("a device of ThingsBoard sends as it does", async () => {
  const secret = await register("board-1", { topics: ["thingsboard/board-1"] });
  const nowMs = Date.now();
  const path = `/api/v1/${secret}/telemetry`;
  expect((await world.post(path, '{"temperature":20}')).status).toBe(200);
  const timed = `[{"ts":${nowMs},"values":{"temperature":21}},{"ts":${nowMs + 1},"values":{"temperature":22}}]`;
  expect((await world.post(`${path}?contract=climate`, timed)).status).toBe(200);
  expect((await world.post(`${path}?contract=climate`, '{"ts":1,"values":{}}')).status).toBe(400);
  expect((await world.post("/api/v1/wrong/telemetry", "{}")).status).toBe(401);
  const payloads = (await world.logged("board-1")).map(({ payload }) => payload["temperature"]);
  expect(payloads).toEqual([20, 21, 22]);
});

const TELEGRAF = ["/tmp/tg", ...searchDirectories(process.env["PATH"] ?? "")]
  .map((path) => join(path, "telegraf"))
  .find((path) => existsSync(path));

test.each([
  [
    "influxdb_v2",
    (url: string, secret: string) => `[[outputs.influxdb_v2]]
  urls = ["${url}"]
  token = "tg-v2:${secret}"
  organization = "o"
  bucket = "b"
  content_encoding = "gzip"`,
  ],
  [
    "influxdb",
    (url: string, secret: string) => `[[outputs.influxdb]]
  urls = ["${url}"]
  username = "tg-v1"
  password = "${secret}"
  database = "d"`,
  ],
])("Telegraf's %s loses nothing through two kills of the gateway", async (kind, output) => {
  if (TELEGRAF === undefined) {
    process.stderr.write(
      `NOT TRIED: there is no telegraf in /tmp/tg and none on the PATH (${kind})\n`,
    );
    return;
  }
  const device = kind === "influxdb" ? "tg-v1" : "tg-v2";
  const secret = await register(device);
  const site = await temporaryDirectory();
  const lines = ["topic nothing/of/it out 1"];
  const to = world.mqttPort;
  const broker = await startBridge({ directory: site.path, to, clientId: `${device}-site`, lines });
  await using _broker = broker.process;
  const config = join(directory, `${device}.conf`);
  await writeFile(
    config,
    `[agent]
  flush_interval = "200ms"
  metric_batch_size = 100
  metric_buffer_limit = 100000
  omit_hostname = true
[[inputs.mqtt_consumer]]
  servers = ["tcp://127.0.0.1:${broker.port}"]
  topics = ["points"]
  topic_tag = ""
  qos = 1
  max_undelivered_messages = 10000
  name_override = "climate"
  data_format = "json"
  json_time_key = "ts"
  json_time_format = "unix_ms"
  [inputs.mqtt_consumer.tags]
    device = "${device}"
${output(world.url, secret)}
`,
  );
  const telegraf = new ServerProcess({
    ...{ name: "telegraf", program: TELEGRAF, args: ["--config", config], env: {} },
    ready: () => Promise.resolve(true),
  });
  await using _telegraf = telegraf;
  await telegraf.start();
  await using client = await connectClient(broker.port, { clientId: `${device}-source` });
  const startMs = Date.now() - 60_000;
  const publish = (n: number) =>
    client.publishAsync("points", JSON.stringify({ temperature: n % 50, ts: startMs + n }), {
      qos: 1,
    });
  await eventually("Telegraf hears and writes", async () => {
    await publish(0);
    expect((await world.logged(device)).length).toBeGreaterThan(0);
  });
  const rounds = 3;
  for (let round = 0; round < rounds; round++) {
    await Promise.all(Array.from({ length: 500 }, (_, n) => publish(round * 500 + n)));
    await eventually("some of it is in the log", async () => {
      expect((await world.logged(device)).length).toBeGreaterThan(round * 500 + 50);
    });
    if (round === rounds - 1) break;
    await world.gateway.process.kill();
    await world.gateway.process.start();
  }
  await eventually("all of it is in the log", async () => {
    const times = new Set((await world.logged(device)).map(({ payload }) => payload["ts"]));
    expect(times.size).toBe(500 * rounds);
  });
  expect(await world.rejects(device)).toEqual([]);
});
