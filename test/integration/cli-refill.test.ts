// Goal: a time that InfluxDB has lost is there again from the log, point by point, rollups too, also after an interruption.
// Method: a real hub and region, an aggregator with repeats, readings under one millisecond and late ones; what InfluxDB
// holds is written down, deleted, refilled by the command line as a process, and compared.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeAggregator } from "../support/aggregator.ts";
import { endAtExit } from "../support/children.ts";
import { eventually } from "../support/eventually.ts";
import { type InfluxUnderTest, startInflux } from "../support/influx.ts";
import { FrameWriter, type TestReading } from "../support/nats-frames.ts";
import { type NatsWorld, startHubAndRegions } from "../support/nats.ts";
import { skerry } from "../support/skerry.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const MINUTE_MS = 60_000;
const MINUTES = 12;
const MAIN = join(import.meta.dirname, "../../infra/cli/main.ts");
const MEASUREMENTS = ["environment", "environment_10s", "environment_1m"];

const stack = new AsyncDisposableStack();
const startMs = Math.floor((Date.now() - 40 * MINUTE_MS) / MINUTE_MS) * MINUTE_MS;
let world: NatsWorld;
let influx: InfluxUnderTest;
let directory: string;

let seq = 0;
const reading = (device: string, ts: number, co2: number): TestReading => ({
  ...{ device, contract: "environment", receivedAtMs: ts },
  payload: { ts, seq: seq++, temperature: -3.5, humidity: 40, light: 1, co2, occupancy: 1 },
});

/** Every point of what is compared, in an order of its own. */
async function stored(): Promise<string[]> {
  const of = MEASUREMENTS.map(async (name) => {
    const rows = await influx.client().query(`SELECT * FROM "${name}"`);
    return rows.map((row) => `${name} ${JSON.stringify(Object.entries(row).sort())}`);
  });
  return (await Promise.all(of)).flat().sort();
}

async function wipe(fromMs: number, untilMs: number): Promise<void> {
  for (const name of MEASUREMENTS)
    await influx
      .client()
      .execute(`DELETE FROM "${name}" WHERE time >= ${fromMs}ms AND time < ${untilMs}ms`);
}

const env = () => ({
  SKERRY_NATS_URL: world.hub.urlOf("operator"),
  SKERRY_INFLUX_URL: influx.url,
});
const args = (...more: string[]): string[] => [
  ...["refill", "--nats", world.hub.urlOf("operator")],
  ...["--since", new Date(startMs).toISOString(), ...more],
];
const refill = (...more: string[]) => skerry(args(...more), { cwd: directory, env: env() });

beforeAll(async () => {
  directory = stack.use(await temporaryDirectory()).path;
  world = stack.use(await startHubAndRegions({ regions: ["eu"], partitions: 1 }));
  influx = stack.use(await startInflux());
  const aggregator = await makeAggregator(world, influx, ["eu"], {
    ...{ SKERRY_PARTITIONS: "1", SKERRY_REPAIR_SCHEDULE: "* * * * * *" },
  });
  stack.use(aggregator.process);
  await aggregator.process.start();
  const connection = await world.region("eu").connect();
  const writer = new FrameWriter({ region: "eu", partition: 0 });
  const first: TestReading[] = [];
  for (let minute = 0; minute < MINUTES; minute++) {
    const atMs = startMs + minute * MINUTE_MS;
    const readings = Array.from({ length: 60 }, (_, at) =>
      // Two of each device under one millisecond.
      reading(at % 2 ? "room, 'x'" : "hall", atMs + 900 * (at >> 2), 400 + ((at * 7) % 90)),
    );
    if (minute === 0) first.push(readings[5]!);
    await writer.publish(connection, readings, atMs + 55_000);
  }
  // A repeat that comes late is stored in its own place once more.
  await writer.publish(connection, [first[0]!], startMs + MINUTES * MINUTE_MS);
  await writer.publish(connection, [], startMs + (MINUTES + 2) * MINUTE_MS);
  const late = [2, 3, 3].map((minute, at) =>
    reading("hall", startMs + minute * MINUTE_MS + 1_000 + at, 900),
  );
  await writer.publish(connection, late, startMs + (MINUTES + 3) * MINUTE_MS);
  await writer.publish(connection, [], startMs + (MINUTES + 5) * MINUTE_MS);
  await eventually("all is stored and repaired", async () => {
    const { readingsStored, repairsWaiting, rollupsRevised } = await aggregator.status();
    return readingsStored === MINUTES * 60 + 4 && repairsWaiting === 0 && rollupsRevised > 0;
  });
}, 90_000);

afterAll(() => stack.disposeAsync());

test("a range that was wiped is refilled, point by point, with its rollups and their revisions", async () => {
  const before = await stored();
  expect(before.filter((line) => line.startsWith("environment ")).length).toBe(MINUTES * 60 + 3);
  const [fromMs, untilMs] = [startMs + MINUTE_MS, startMs + 7 * MINUTE_MS];
  await wipe(fromMs, untilMs);
  expect((await stored()).length).toBeLessThan(before.length);
  const { code, out } = await refill("--rate", "100000");
  expect([code, out]).toEqual([0, expect.stringMatching(/724 readings and \d+ rollups written/)]);
  expect(await stored()).toEqual(before);

  // What is there already stays as it is.
  expect((await refill("--rate", "100000")).code).toBe(0);
  expect(await stored()).toEqual(before);
}, 60_000);

test("only what was asked for is written", async () => {
  const before = await stored();
  await wipe(startMs, startMs + MINUTES * MINUTE_MS);
  const untilMs = startMs + 4 * MINUTE_MS;
  const { out } = await refill("--until", new Date(untilMs).toISOString(), "--rate", "100000");
  expect(out).toMatch(/^244 readings/m);
  const written = await stored();
  expect(written.length).toBeGreaterThan(240);
  for (const line of written) expect(before).toContain(line);
  expect((await refill("--contract", "climate", "--rate", "100000")).out).toMatch(/^0 readings/m);
  expect((await refill("--rate", "100000")).code).toBe(0);
  expect(await stored()).toEqual(before);
}, 60_000);

test("one that is interrupted goes on, at its rate, and ends with the same", async () => {
  const before = await stored();
  await wipe(startMs, startMs + MINUTES * MINUTE_MS);
  const running = spawn(process.execPath, [MAIN, ...args("--rate", "120")], {
    ...{ cwd: directory, env: { ...process.env, ...env() }, stdio: "ignore" },
  });
  endAtExit(running);
  const ended = once(running, "close");
  await eventually("some of it is there", async () => (await stored()).length > 200);
  running.kill("SIGINT");
  await ended;
  expect(running.exitCode).toBe(1);
  const state = join(directory, "skerry-refill.json");
  expect(existsSync(state)).toBe(true);
  expect((await stored()).length).toBeLessThan(before.length);
  const other = await refill("--contract", "climate");
  expect([other.code, other.out]).toEqual([1, expect.stringContaining("is of another refill")]);
  const { code, out } = await refill("--rate", "100000");
  expect([code, out]).toEqual([0, expect.stringContaining("going on with the refill of")]);
  expect(await stored()).toEqual(before);
  expect(existsSync(state)).toBe(false);
}, 90_000);

test("a time before the readings of the log, or turned around, is told", async () => {
  const { code, out } = await refill("--until", new Date(startMs - MINUTE_MS).toISOString());
  expect([code, out]).toEqual([1, expect.stringContaining("--until must be after --since")]);
});
