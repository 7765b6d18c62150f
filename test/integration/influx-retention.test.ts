// Goal: each kind of record is kept for its own time, a change that loses something is told before, and readings that
// are older than what is kept are rejects: they hold up no lane, and the ledger loses none of them.
// Method: a real influxd, changed by the command line; an aggregator that gets old readings by the thousand among new ones.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeAggregator } from "../support/aggregator.ts";
import { eventually } from "../support/eventually.ts";
import { INFLUX_PASSWORDS, type InfluxUnderTest, startInflux } from "../support/influx.ts";
import { FrameWriter, type TestReading } from "../support/nats-frames.ts";
import { type NatsWorld, startHubAndRegions } from "../support/nats.ts";
import { skerry } from "../support/skerry.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import type { StewardStatus } from "../../contracts/messages/status.ts";
import { lookAtProcess } from "../../infra/cli/doctor/processes.ts";
import { startService } from "../support/services.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const [MINUTE_MS, DAY_MS] = [60_000, 86_400_000];
const OLD = 3_000;

const stack = new AsyncDisposableStack();
let influx: InfluxUnderTest;
let world: NatsWorld;
let directory: string;

beforeAll(async () => {
  directory = stack.use(await temporaryDirectory()).path;
  writeFileSync(join(directory, "administrator"), INFLUX_PASSWORDS.administrator);
  influx = stack.use(await startInflux());
  world = stack.use(await startHubAndRegions({ regions: ["eu"] }));
}, 60_000);

afterAll(() => stack.disposeAsync());

const retention = (...more: string[]) =>
  skerry(
    [
      ...["influx", "retention", "--influx", influx.origin],
      ...["--administrator-password-file", "administrator", ...more],
    ],
    { cwd: directory },
  );

test("what is kept for how long is shown, and changed; a shorter time needs to be meant", async () => {
  expect((await retention()).out.trim().split("\n")).toEqual([
    "readings: kept for ever",
    "1m: kept as long as readings",
    ...["1h: kept for ever", "1d: kept for ever"],
  ]);
  const monthAgoMs = Date.now() - 40 * DAY_MS;
  await influx.client().write([`climate,region=eu,device=d temperature=1 ${monthAgoMs}000000`]);
  const keep = ["--keep", "readings=2d", "--keep", "1m=30d", "--keep", "1h=5y"];
  const refused = await retention(...keep);
  expect(refused.code).toBe(1);
  expect(refused.out).toMatch(/nothing was changed; add --shorten if that is meant:/);
  expect(refused.out).toMatch(
    /readings, .* kept for 2 d instead of for ever; lost for good within half an hour: 2026-\S+ to 2026-\S+ \(1 shard\)/,
  );
  expect((await retention()).out).toMatch(/^readings: kept for ever/);
  const { code, out } = await retention(...keep, "--shorten");
  expect([code, out]).toEqual([
    0,
    expect.stringMatching(/1m: kept for 30 d, in a policy of their own/),
  ]);
  expect((await retention()).out.trim().split("\n")).toEqual([
    ...["readings: kept for 2 d", "1m: kept for 30 d", "1h: kept for 5 y", "1d: kept for ever"],
  ]);
  const again = await retention(...keep);
  expect([again.code, again.out]).toEqual([0, expect.not.stringMatching(/instead/)]);
  const wrong = await retention("--keep", "1h=1d");
  expect([wrong.code, wrong.out]).toEqual([2, expect.stringMatching(/2d to 100y/)]);
}, 60_000);

let seq = 0;
const reading = (ts: number): TestReading => ({
  ...{ device: "hall", contract: "environment", receivedAtMs: Date.now() },
  payload: { ts, seq: seq++, temperature: 20.5, humidity: 40, light: 1, co2: 400, occupancy: 1 },
});

test("readings older than what is kept are rejects, in a few requests; those among them are stored", async () => {
  const aggregator = await makeAggregator(world, influx, ["eu"], {
    SKERRY_REPAIR_SCHEDULE: "* * * * * *",
  });
  await using _ = aggregator.process;
  await aggregator.process.start();
  const connection = await world.region("eu").connect();
  const writer = new FrameWriter({ region: "eu", partition: 0 });
  const startMs = Math.floor((Date.now() - 20 * MINUTE_MS) / MINUTE_MS) * MINUTE_MS;
  await writer.publish(connection, [reading(startMs)], startMs + 1_000);
  // Late, and a month before anything that is kept; every tenth is of now.
  for (let frame = 0; frame < 10; frame++) {
    const readings = Array.from({ length: OLD / 10 }, (__, at) =>
      reading(
        at % 10 === 0 ? startMs + frame * 100 + at : startMs - 35 * DAY_MS + at * 1_000 + frame,
      ),
    );
    await writer.publish(connection, readings, startMs + 10_000 + frame);
  }
  await writer.publish(connection, [], startMs + 3 * MINUTE_MS);
  await eventually("all is decided, and nothing waits", async () => {
    const { lanes, repairsWaiting } = await aggregator.status();
    return lanes[0]!.doneSeq >= 12 && repairsWaiting === 0;
  });
  const stored = OLD / 10 + 1;
  const status = await aggregator.status();
  expect(status).toMatchObject({ readingsStored: stored, linesRefused: 0 });
  expect(status).toMatchObject({ linesBeyondRetention: OLD - OLD / 10 });
  // The ledger: each is stored or refused, none is lost or waits.
  expect(status.lanes[0]!.settled!.settled["environment"]).toEqual({
    ...{ stored, repeats: 0, rejected: OLD - OLD / 10, setAside: 0 },
  });
  const { messages } = await new Streams(await world.hub.connect()).state("REJECTS_hub");
  expect(messages).toBeGreaterThan(0);
  const [{ count } = { count: 0 }] = await influx
    .client()
    .query("SELECT count(co2) FROM environment");
  expect(count).toBe(stored);
  // The minute is in its own policy, and read from there.
  const minutes = await influx.client().query(`SELECT count FROM "1m"."environment_1m"`);
  expect(minutes.map((row) => row["count"])).toEqual([stored]);
  expect(await influx.client().query(`SELECT count FROM environment_1m`)).toEqual([]);
}, 90_000);

test("what a configuration says is applied by whoever may, and what runs otherwise is told until then", async () => {
  writeFileSync(
    join(directory, "skerry.yaml"),
    "steward:\n  influx-keep: [readings=3d, 1m=30d, 1h=6y]\n",
  );
  const steward = await startService("cloud/steward/main.ts", {
    SKERRY_CONFIG: join(directory, "skerry.yaml"),
    SKERRY_NATS_URL: world.hub.urlOf("steward"),
    SKERRY_INFLUX_URL: influx.url,
    SKERRY_REGIONS: "eu",
    SKERRY_PARTITIONS: "1",
    SKERRY_COPY_SCHEDULE: "* * * * * *",
  });
  await using _ = steward.process;
  const differing = async () => (await steward.status<StewardStatus>()).retention;
  await eventually("it has compared", async () => (await differing())?.length === 2);
  expect(await differing()).toEqual([
    "readings: kept for 2 d, configured for 3 d",
    "1h: kept for 5 y, configured for 6 y",
  ]);
  const told = await lookAtProcess("steward", steward.url("/"), AbortSignal.timeout(10_000));
  expect(told.findings).toContainEqual(
    expect.objectContaining({ area: "retention", level: "warning" }),
  );
  // Longer is nobody's loss; the set-up of an installation does it.
  const { code, out } = await skerry(
    [
      ...["influx", "apply", "--influx", influx.origin],
      ...["administrator", "writer", "reader"].flatMap((user) => {
        writeFileSync(join(directory, user), INFLUX_PASSWORDS[user as "reader"]);
        return [`--${user}-password-file`, user];
      }),
    ],
    { cwd: directory },
  );
  expect([code, out]).toEqual([0, expect.stringMatching(/1h: kept for 6 y instead of for 5 y/)]);
  await eventually("nothing differs", async () => (await differing())?.length === 0);
  // Shorter is meant by a person, or not done.
  writeFileSync(join(directory, "skerry.yaml"), "shared:\n  influx-keep: readings=2d,1h=2y\n");
  const refused = await retention("--configured");
  expect([refused.code, refused.out]).toEqual([1, expect.stringMatching(/add --shorten/)]);
  const done = await retention("--configured", "--shorten");
  expect([done.code, done.out]).toEqual([0, expect.stringMatching(/1h: kept for 2 y instead/)]);
  expect((await retention("--configured", "--keep", "1h=3y")).out).toMatch(/exclude each other/);
  writeFileSync(join(directory, "skerry.yaml"), "steward:\n  influx-keep: 1h=5days\n");
  expect((await retention("--configured")).out).toMatch(
    /skerry.yaml:2: steward.influx-keep 1h: must be a duration of 2d to 100y/,
  );
}, 90_000);
