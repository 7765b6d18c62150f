// Goal: an hour that is whole in InfluxDB is found so, whatever repeats the log holds; one that is not
// raises an alert at the hub, with figures that are right.
// Method: real servers and processes; two hours are written through a log, then points of the second
// are deleted from InfluxDB before the steward compares.
import { pino } from "pino";
import { expect, test } from "vitest";
import { NO_TRACING } from "../../otel/tracing.ts";
import { HubAlerts } from "../../cloud/hub-alerts.ts";
import { reconcileHour } from "../../cloud/steward/reconciliation.ts";
import { SCHEMAS_DIRECTORY, loadCatalog } from "../../contracts/schema/catalog.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import { Positions } from "../../platform/nats/lanes/positions.ts";
import type { Alert } from "../../contracts/messages/alert.ts";
import { makeAggregator } from "../support/aggregator.ts";
import { startInflux } from "../support/influx.ts";
import { FrameWriter, type TestReading } from "../support/nats-frames.ts";
import { eventually } from "../support/eventually.ts";
import { startHubAndRegions } from "../support/nats.ts";
import { startService } from "../support/services.ts";

const HOUR_MS = 3_600_000;
const PER_HOUR = 60;

const environment = (seq: number, ts: number): TestReading => ({
  device: "room",
  contract: "environment",
  receivedAtMs: ts,
  payload: { ts, seq, temperature: 20, humidity: 40, light: 1, co2: seq, occupancy: 1 },
});

/** Its fields come and go, and nothing but its content says which reading it is. */
const climate = (at: number, ts: number): TestReading => ({
  device: "kitchen",
  contract: "climate",
  receivedAtMs: ts,
  payload: at % 2 === 0 ? { ts, temperature: 20 + at / 10 } : { ts, humidity: 40 + at / 10 },
});

test("each hour is compared; a difference raises an alert, and says how large it is", async () => {
  await using world = await startHubAndRegions({ regions: ["eu"], partitions: 1 });
  await using influx = await startInflux();
  const aggregator = await makeAggregator(world, influx, ["eu"], { SKERRY_PARTITIONS: "1" });
  await using _ = aggregator.process;
  await aggregator.process.start();
  const connection = await world.region("eu").connect();
  const hub = await world.hub.connect();
  const writer = new FrameWriter({ region: "eu", partition: 0 });
  // The log's own store times are of now, so hours are chosen as a log of now could hold them.
  const nowHourMs = Math.floor(Date.now() / HOUR_MS) * HOUR_MS;
  const [first, second] = [nowHourMs - 2 * HOUR_MS, nowHourMs - HOUR_MS];
  let sent: TestReading[] = [];
  for (const startMs of [first, second])
    for (let at = 0; at < PER_HOUR; at++) {
      const ts = startMs + at * 59_000;
      const fresh = [environment(at, ts), climate(at, ts)];
      // Devices repeat what they sent last.
      await writer.publish(connection, [...sent, ...fresh], ts);
      sent = fresh;
    }
  await writer.publish(connection, [], Date.now());
  const last = 2 * PER_HOUR + 1;
  const done = async () => (await aggregator.status()).lanes.some(({ doneSeq }) => doneSeq >= last);
  await eventually("all is in InfluxDB", done);
  for (const where of [`time >= ${second}ms AND time < ${second + 10 * 59_000}ms`]) {
    await influx.client().execute(`DELETE FROM environment WHERE ${where}`);
  }
  const bucket = await hub.jetstream().views.kv("positions");
  await bucket.put("reconciled.eu", String(first - HOUR_MS));

  const steward = await startService("cloud/steward/main.ts", {
    SKERRY_NATS_URL: world.hub.urlOf("steward"),
    SKERRY_INFLUX_URL: influx.url,
    SKERRY_REGIONS: "eu",
    SKERRY_PARTITIONS: "1",
    SKERRY_RECONCILE_SCHEDULE: "* * * * * *",
  });
  await using __ = steward.process;
  const found = async (): Promise<unknown[]> => {
    const rows = await influx
      .client()
      .query("SELECT readings, missing, surplus FROM skerry_reconciliation GROUP BY contract");
    return rows
      .map(({ time, contract, readings, missing, surplus }) => {
        const hour = Date.parse(String(time)) === first ? "first" : "second";
        return [hour, contract, readings, missing, surplus];
      })
      .sort();
  };
  await eventually("both hours are compared", async () => (await found()).length === 4, 40_000);
  expect(await found()).toEqual([
    ["first", "climate", PER_HOUR, 0, 0],
    ["first", "environment", PER_HOUR, 0, 0],
    ["second", "climate", PER_HOUR, 0, 0],
    ["second", "environment", PER_HOUR, 10, 0],
  ]);
  const { streams } = await hub.jetstreamManager();
  await eventually("the alert is raised", async () => {
    return (await streams.info("ALERTS_hub")).state.messages === 1;
  });
  const alert = (await streams.getMessage("ALERTS_hub", { seq: 1 })).json<Alert>();
  expect(alert).toMatchObject({
    rule: "reconciliation",
    key: "eu/environment",
    region: "hub",
    state: "firing",
    value: 10,
    atMs: second,
  });
});

test("an hour that is trimmed in part is not taken for one of which the sink holds too much", async () => {
  await using world = await startHubAndRegions({ regions: ["eu"], partitions: 1 });
  const eu = await world.region("eu").connect();
  const hub = await world.hub.connect();
  const streams = new Streams(hub);
  const hourMs = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - HOUR_MS;
  const writer = new FrameWriter({ region: "eu", partition: 0 });
  for (let at = 0; at < 3; at++) await writer.publish(eu, [environment(at, hourMs + at)], hourMs);
  const copied = async () => (await streams.state("TELEMETRY_eu")).lastSeq === 3;
  await eventually("the hub has its copy", copied);
  const positions = await Positions.open<object>(hub, "aggregator");
  const lane = { region: "eu", partition: 0 };
  await positions.load(lane);
  await positions.save(lane, { seq: 4, doneSeq: 3, finalThroughMs: hourMs + HOUR_MS });
  const held = new Map(["temperature", "humidity", "light", "co2", "occupancy"].map((f) => [f, 3]));
  const recorded: unknown[] = [];
  const source = {
    name: "a store",
    countFields: () => Promise.resolve(held),
    record: (...of: unknown[]) => Promise.resolve(void recorded.push(of)),
  };
  const catalog = loadCatalog(SCHEMAS_DIRECTORY);
  const [alerts, logger] = [new HubAlerts(hub, NO_TRACING), pino({ level: "silent" })];
  const parts = { connection: hub, source, catalog, alerts, partitions: 1, logger };
  const whole = { contract: "environment", readings: 3, missing: 0, surplus: 0 };
  expect(await reconcileHour("eu", hourMs, parts)).toEqual([whole]);
  expect(recorded).toEqual([["eu", hourMs, [whole]]]);
  await streams.purge("TELEMETRY_eu", { before: 3 });
  expect(await reconcileHour("eu", hourMs, parts)).toEqual([]);
  expect(recorded).toHaveLength(1);
  expect((await streams.state("ALERTS_hub")).messages).toBe(0);
});
