// Goal: rollups of hours and days are what their readings give, whoever is killed meanwhile, after late readings, and
// after a refill of all of it.
// Method: two days of one region's log, by the clock of its gateway; an aggregator that is killed some times; every hour
// and day is recomputed from the raw points that InfluxDB has.
import { afterAll, beforeAll, expect, test } from "vitest";
import { wrongStatistics } from "../../infra/local/audit-rollups.ts";
import { loadCatalog, SCHEMAS_DIRECTORY } from "../../contracts/schema/catalog.ts";
import { readSeries } from "../../cloud/console/series/read-series.ts";
import type { Row } from "../../cloud/sinks/influx/client.ts";
import { makeAggregator } from "../support/aggregator.ts";
import { eventually } from "../support/eventually.ts";
import { type InfluxUnderTest, startInflux } from "../support/influx.ts";
import { FrameWriter, type TestReading } from "../support/nats-frames.ts";
import { type NatsWorld, startHubAndRegions } from "../support/nats.ts";
import { skerry } from "../support/skerry.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const [MINUTE_MS, HOUR_MS, DAY_MS] = [60_000, 3_600_000, 86_400_000];
const WINDOWS = [
  ["1h", HOUR_MS],
  ["1d", DAY_MS],
] as const;
const DEVICES = ["hall", "room, 'x'", "back\\"];
const startMs = Math.floor(Date.now() / DAY_MS) * DAY_MS - 2 * DAY_MS;
const environment = loadCatalog(SCHEMAS_DIRECTORY).versions("environment")[0]!;

const stack = new AsyncDisposableStack();
let world: NatsWorld;
let influx: InfluxUnderTest;
let writer: FrameWriter;
let aggregator: Awaited<ReturnType<typeof makeAggregator>>;

let seq = 0;
const reading = (device: string, ts: number, co2: number): TestReading => ({
  ...{ device, contract: "environment", receivedAtMs: ts },
  payload: { ts, seq: seq++, temperature: co2 / 7, humidity: 40.1, light: 1, co2, occupancy: 1 },
});

/** The hour's readings: most minutes hold one, one holds more than a sketch keeps one by one. */
function hourOf(hour: number): TestReading[] {
  const atMs = startMs + hour * HOUR_MS;
  return DEVICES.flatMap((device, which) => [
    ...Array.from({ length: 50 }, (_, minute) =>
      reading(device, atMs + minute * MINUTE_MS + which, 400 + ((hour * 7 + minute * 13) % 90)),
    ),
    ...Array.from({ length: 30 }, (_, second) =>
      reading(device, atMs + 55 * MINUTE_MS + second * 1_000 + which, 380 + ((second * 37) % 200)),
    ),
  ]);
}

async function publish(fromHour: number, untilHour: number): Promise<void> {
  const connection = await world.region("eu").connect();
  for (let hour = fromHour; hour < untilHour; hour++) {
    await writer.publish(connection, hourOf(hour), startMs + (hour + 1) * HOUR_MS - 1_000);
    await writer.publish(connection, [], startMs + (hour + 1) * HOUR_MS + 10_000);
  }
}

const finals = (window: string): Promise<Row[]> =>
  influx.client().query(`SELECT * FROM "${window}"."environment_${window}"`);

/** What is wrong with any hour or day against the raw points; and how many were looked at. */
async function audit(window: string, sizeMs: number): Promise<{ wrong: string[]; looked: number }> {
  const idOf = ({ time, device }: Row): string =>
    `${String(device)} ${Math.floor(Date.parse(String(time)) / sizeMs)}`;
  const points = Map.groupBy(await influx.client().query("SELECT * FROM environment"), idOf);
  const rollups = await finals(window);
  const wrong = rollups.flatMap((rollup) =>
    wrongStatistics(rollup, points.get(idOf(rollup))!, environment),
  );
  return { wrong, looked: rollups.length };
}

const longThrough = (window: string, count: number): Promise<unknown> =>
  eventually(`${count} rollups of ${window}`, async () => (await finals(window)).length >= count);

beforeAll(async () => {
  world = stack.use(await startHubAndRegions({ regions: ["eu"] }));
  influx = stack.use(await startInflux());
  writer = new FrameWriter({ region: "eu", partition: 0 });
  aggregator = await makeAggregator(world, influx, ["eu"], {
    SKERRY_REPAIR_SCHEDULE: "* * * * * *",
  });
  stack.use(aggregator.process);
}, 60_000);

afterAll(() => stack.disposeAsync());

test("hours and days are what their readings give, though the aggregator is killed on the way", async () => {
  await aggregator.process.start();
  for (let hour = 0; hour < 36; hour += 12) {
    await publish(hour, hour + 12);
    await longThrough("1h", DEVICES.length * (hour + 4));
    await aggregator.process.kill();
    await aggregator.process.start();
  }
  await longThrough("1h", DEVICES.length * 36);
  await longThrough("1d", DEVICES.length);
  for (const [window, sizeMs] of WINDOWS) {
    const { wrong, looked } = await audit(window, sizeMs);
    expect([wrong, looked > 0]).toEqual([[], true]);
  }
  expect((await finals("1h")).every(({ revision }) => revision === 0)).toBe(true);
}, 180_000);

test("late readings change their hour, and its day if that is over, also where the aggregator was killed", async () => {
  const connection = await world.region("eu").connect();
  const late = [3, 30].map((hour) => reading("hall", startMs + hour * HOUR_MS + 123, 2_000.5));
  await writer.publish(connection, late, startMs + 36 * HOUR_MS + 60_000);
  await eventually("both are raw points", async () => {
    const [row] = await influx
      .client()
      .query("SELECT count(co2) FROM environment WHERE co2 > 2000");
    return row?.["count"] === 2;
  });
  await aggregator.process.kill();
  await aggregator.process.start();
  await eventually("their hours have them", async () => {
    const rows = await finals("1h");
    return rows.filter(({ co2_max }) => co2_max === 2_000.5).length === 2;
  });
  await eventually("nothing waits", async () => (await aggregator.status()).repairsWaiting === 0);
  for (const [window, sizeMs] of WINDOWS) expect((await audit(window, sizeMs)).wrong).toEqual([]);
  expect((await finals("1d")).map(({ co2_max }) => co2_max).toSorted()).toContain(2_000.5);
}, 60_000);

test("a refill of all that was wiped makes them identical", async () => {
  await using directory = await temporaryDirectory();
  const of = async (): Promise<string[]> =>
    (await Promise.all(WINDOWS.map(([window]) => finals(window))))
      .flat()
      .map(({ revision: _, ...row }) => JSON.stringify(Object.entries(row).sort()))
      .sort();
  const before = await of();
  const kinds = ["", "_10s", "_1m", "_1h", "_1d"];
  // InfluxDB deletes in every policy.
  for (const kind of kinds) await influx.client().execute(`DELETE FROM "environment${kind}"`);
  expect(await of()).toEqual([]);
  const url = world.hub.urlOf("operator");
  const args = ["refill", "--nats", url, "--since", new Date(startMs).toISOString()];
  const { code, out } = await skerry([...args, "--rate", "100000"], {
    cwd: directory.path,
    env: { SKERRY_NATS_URL: url, SKERRY_INFLUX_URL: influx.url },
  });
  expect([code, out]).toEqual([0, expect.stringMatching(/111 rollups of hours and days/)]);
  expect(await of()).toEqual(before);
}, 120_000);

test("the console draws weeks from hours, and what has no hour yet, or none any more, from minutes", async () => {
  const connection = await world.region("eu").connect();
  const half = hourOf(36).filter(({ receivedAtMs }) => receivedAtMs < startMs + 36.5 * HOUR_MS);
  await writer.publish(connection, half, startMs + 36.5 * HOUR_MS);
  await writer.publish(connection, [], startMs + 36.6 * HOUR_MS);
  const drawn = () =>
    readSeries(influx.client(), {
      ...{ contract: environment, field: "co2", tags: { device: "hall" }, source: "1h" },
      ...{ fromMs: startMs, untilMs: startMs + 37 * HOUR_MS, stepMs: HOUR_MS, pointsMax: 1_000 },
    });
  await eventually("the hour that is not over is drawn", async () => (await drawn()).length === 37);
  const whole = await drawn();
  expect(whole.map(({ tMs }) => tMs)).toEqual(
    Array.from({ length: 37 }, (_, hour) => startMs + hour * HOUR_MS),
  );
  expect(whole.filter(({ isFinal }) => !isFinal).map(({ tMs }) => tMs)).toEqual([
    startMs + 36 * HOUR_MS,
  ]);
  // As in an installation that has not made hours from the beginning.
  const until = `${startMs + 5 * HOUR_MS}ms`;
  await influx.client().execute(`DELETE FROM "environment_1h" WHERE time < ${until}`);
  const counts = (points: typeof whole) => points.slice(0, 36).map(({ count }) => count);
  expect(counts(await drawn())).toEqual(counts(whole));
});
