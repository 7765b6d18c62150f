// Goal: the write API of InfluxDB 2.x and 3.x, against a real server that speaks it.
// Method: VictoriaMetrics takes `/api/v2/write`; an aggregator writes to it, a kill in between.
// It checks no token, so what the request says is looked at by itself.
import { createServer } from "node:http";
import { join } from "node:path";
import { expect, test } from "vitest";
import { InfluxClient } from "../../cloud/sinks/influx/client.ts";
import type { AggregatorStatus } from "../../contracts/messages/status.ts";
import { makeAggregator } from "../support/aggregator.ts";
import { FrameWriter, type TestReading } from "../support/nats-frames.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { ServerProcess } from "../support/server-process.ts";
import { makeService } from "../support/services.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { startHubAndRegions } from "../support/nats.ts";

const MINUTE_MS = 60_000;
const TOKEN = "let-me-in";

async function startVictoria(stack: AsyncDisposableStack): Promise<{ url: string }> {
  const { path } = stack.use(await temporaryDirectory());
  const url = `http://127.0.0.1:${await freePort()}`;
  const server = new ServerProcess({
    name: "victoria-metrics",
    program: "victoria-metrics",
    // Like InfluxDB it is to keep one of equal points: those around a kill are written twice.
    args: [
      "-dedup.minScrapeInterval=1ms",
      `-httpListenAddr=${new URL(url).host}`,
      `-storageDataPath=${join(path, "data")}`,
    ],
    env: {},
    ready: async () => (await fetch(`${url}/health`)).ok,
  });
  stack.use(server);
  await server.start();
  return { url };
}

/** Values of one field of one measurement, by time. */
async function values(url: string, name: string): Promise<[number, number][]> {
  await fetch(`${url}/internal/force_flush`);
  const match = encodeURIComponent(`{__name__="${name}"}`);
  const text = await (await fetch(`${url}/api/v1/export?match[]=${match}`)).text();
  return text
    .split("\n")
    .filter((line) => line !== "")
    .flatMap((line) => {
      const series = JSON.parse(line) as { values: number[]; timestamps: number[] };
      return series.values.map((value, at): [number, number] => [series.timestamps[at]!, value]);
    })
    .sort(([a], [b]) => a - b);
}

test("readings and rollups through /api/v2/write, with a kill in between", async () => {
  await using stack = new AsyncDisposableStack();
  const victoria = await startVictoria(stack);
  await using world = await startHubAndRegions({ regions: ["eu"] });
  const env = {
    SKERRY_INFLUX_URL: victoria.url,
    SKERRY_INFLUX_API: "v2",
    SKERRY_INFLUX_ORG: "skerry",
    SKERRY_INFLUX_TOKEN: TOKEN,
  };
  const aggregator = await makeAggregator(world, victoria, ["eu"], env);
  await using _ = aggregator.process;
  await aggregator.process.start();
  const connection = await world.region("eu").connect();
  const writer = new FrameWriter({ region: "eu", partition: 0 });
  const startMs = Math.floor((Date.now() - 10 * MINUTE_MS) / MINUTE_MS) * MINUTE_MS;
  const reading = (seq: number): TestReading => {
    const ts = startMs + seq * 1_000;
    const rest = { temperature: 20, humidity: 40, light: 1, occupancy: 1 };
    const payload = { ts, seq, co2: 400 + seq, ...rest };
    return { device: "a", contract: "environment", receivedAtMs: ts, payload };
  };
  for (let seq = 0; seq < 60; seq++) {
    await writer.publish(connection, [reading(seq)], startMs + seq * 1_000);
    if (seq === 30) await aggregator.process.restart();
  }
  await writer.publish(connection, [], startMs + 2 * MINUTE_MS);
  await eventually("all is done", async () => {
    const { lanes } = await aggregator.status();
    return lanes.some(({ partition, doneSeq }) => partition === 0 && doneSeq === 61);
  });
  const points = Array.from({ length: 60 }, (_, seq) => [startMs + seq * 1_000, 400 + seq]);
  expect(await values(victoria.url, "environment_co2")).toEqual(points);
  expect(await values(victoria.url, "environment_1m_count")).toEqual([[startMs, 60]]);
  const tens = [0, 1, 2, 3, 4, 5].map((at) => [startMs + at * 10_000, 10]);
  expect(await values(victoria.url, "environment_10s_count")).toEqual(tens);
});

test("organisation, bucket, precision and token are where a 2.x looks for them", async () => {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url} ${request.headers.authorization}`);
    response.writeHead(204).end();
  });
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  try {
    const target = {
      url: `http://127.0.0.1:${port}`,
      database: "b&t",
      api: "v2",
      org: "o",
    } as const;
    const client = new InfluxClient({ ...target, token: TOKEN });
    await client.createDatabase();
    await client.write(["m f=1 1"]);
    expect(seen).toEqual([`POST /api/v2/write?org=o&bucket=b%26t&precision=ns Token ${TOKEN}`]);
  } finally {
    server.close();
  }
});

test("a 3.x gets nothing, the aggregator says why and is not ready, and goes on once a 1.x is there", async () => {
  let version = "3.4.1";
  const written: string[] = [];
  const server = createServer((request, response) => {
    response.setHeader("x-influxdb-version", version);
    if (request.url!.startsWith("/ping")) return response.writeHead(200).end("{}");
    written.push(request.url!);
    return response.writeHead(204).end();
  });
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  await using world = await startHubAndRegions({ regions: ["eu"], partitions: 1 });
  const aggregator = await makeService("cloud/aggregator/main.ts", {
    SKERRY_NATS_URL: world.hub.urlOf("aggregator"),
    SKERRY_REGIONS: "eu",
    SKERRY_PARTITIONS: "1",
    SKERRY_INFLUX_URL: `http://127.0.0.1:${port}`,
    SKERRY_INFLUX_API: "v2",
    SKERRY_INFLUX_TOKEN: TOKEN,
  });
  await using _ = aggregator.process;
  const starting = aggregator.process.start();
  starting.catch(() => undefined);
  const readyz = async (): Promise<string> =>
    fetch(aggregator.url("/readyz")).then(
      (answer) => answer.text(),
      () => "",
    );
  await eventually("it says why", async () =>
    /InfluxDB 3\.4\.1 is not supported/.test(await readyz()),
  );
  const writer = new FrameWriter({ region: "eu", partition: 0 });
  await writer.publish(await world.region("eu").connect(), [], Date.now());
  expect(written).toEqual([]);
  version = "v2.7.12";
  await starting;
  await eventually("it takes writes", async () =>
    /"ok"/.test(JSON.stringify((await aggregator.status<AggregatorStatus>()).influx)),
  );
  await new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });
}, 60_000);
