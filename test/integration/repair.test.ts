// Goal: a reading that comes after its minute is final still counts in its rollups, though every
// process that knew of it was killed before it was repaired.
import { expect, test } from "vitest";
import { makeAggregator } from "../support/aggregator.ts";
import { startInflux } from "../support/influx.ts";
import { FrameWriter, type TestReading } from "../support/nats-frames.ts";
import { eventually } from "../support/eventually.ts";
import { startHubAndRegions } from "../support/nats.ts";
import { pointTimeNs } from "../../contracts/messages/reading.ts";
import { loadCatalog, SCHEMAS_DIRECTORY } from "../../contracts/schema/catalog.ts";
import { InfluxRepairSource } from "../../cloud/sinks/influx/repair-source.ts";

const MINUTE_MS = 60_000;

const reading = (seq: number, ts: number, co2: number): TestReading => ({
  device: "room 'x'",
  contract: "environment",
  receivedAtMs: ts,
  payload: { ts, seq, temperature: 20.1, humidity: 40, light: 1, co2, occupancy: 1 },
});

test("late readings are repaired, once, after the aggregator that saw them was killed", async () => {
  await using world = await startHubAndRegions({ regions: ["eu"] });
  await using influx = await startInflux();
  // Its schedule never comes.
  const env = { SKERRY_REPAIR_SCHEDULE: "0 0 0 1 1 *" };
  const first = await makeAggregator(world, influx, ["eu"], env);
  await using _ = first.process;
  await first.process.start();
  const connection = await world.region("eu").connect();
  const writer = new FrameWriter({ region: "eu", partition: 0 });
  const startMs = Math.floor((Date.now() - 20 * MINUTE_MS) / MINUTE_MS) * MINUTE_MS;
  const inTime = [0, 1, 2].map((seq) => reading(seq, startMs + seq * 9_000, 400.1 + seq));
  await writer.publish(connection, inTime, startMs + 30_000);
  await writer.publish(connection, [], startMs + 2 * MINUTE_MS);
  const late = [3, 4].map((seq) => reading(seq, startMs + 100 + seq, 900.7));
  // One of them is a repeat of a reading that was counted in time.
  await writer.publish(connection, [...late, inTime[1]!], startMs + 3 * MINUTE_MS);
  await eventually("the late ones are stored", async () => {
    const { readingsStored, repairsWaiting } = await first.status();
    return readingsStored === 6 && repairsWaiting === 1;
  });
  const minutes = async (): Promise<unknown[]> =>
    (await influx.client().query("SELECT count, co2_max, revision FROM environment_1m")).map(
      ({ count, co2_max, revision }) => [count, co2_max, revision],
    );
  expect(await minutes()).toEqual([[3, 402.1, 0]]);
  await first.process.kill();

  const second = await makeAggregator(world, influx, ["eu"], {
    SKERRY_REPAIR_SCHEDULE: "* * * * * *",
  });
  await using __ = second.process;
  await second.process.start();
  await eventually("the repair is done", async () => {
    const { repairsWaiting, rollupsRevised } = await second.status();
    return repairsWaiting === 0 && rollupsRevised > 0;
  });
  expect(await minutes()).toEqual([[5, 900.7, 1]]);
  const tens = await influx.client().query("SELECT count, revision, co2_p50 FROM environment_10s");
  expect(tens.map(({ count, revision }) => [count, revision])).toEqual([
    [4, 1],
    [1, 0],
  ]);

  // The position passed the frame: a third start has nothing to repair.
  await second.process.stop("SIGTERM");
  await second.process.start();
  await eventually("it reads again", async () => (await second.status()).lanes[0]!.doneSeq >= 3);
  expect(await second.status()).toMatchObject({ repairsWaiting: 0, rollupsRevised: 0 });
});

test("a flooded minute is repaired, each of its readings counted once", async () => {
  const FLOOD = 60_000;
  await using world = await startHubAndRegions({ regions: ["eu"] });
  await using influx = await startInflux();
  const aggregator = await makeAggregator(world, influx, ["eu"], {
    SKERRY_REPAIR_SCHEDULE: "* * * * * *",
  });
  await using _ = aggregator.process;
  await aggregator.process.start();
  const connection = await world.region("eu").connect();
  const writer = new FrameWriter({ region: "eu", partition: 0 });
  const startMs = Math.floor((Date.now() - 20 * MINUTE_MS) / MINUTE_MS) * MINUTE_MS;
  // What a device that floods has left in the store: several readings under each millisecond.
  const flood = Array.from({ length: FLOOD }, (__, at) => {
    const time = pointTimeNs(startMs + 10 * Math.floor(at / 10), at % 10);
    return `environment,region=eu,device=room\\ 'x' co2=${400 + (at % 100)},seq=${at}i ${time}`;
  });
  for (let at = 0; at < FLOOD; at += 20_000)
    await influx.client().write(flood.slice(at, at + 20_000));
  await writer.publish(connection, [], startMs + 3 * MINUTE_MS);
  await writer.publish(connection, [reading(FLOOD, startMs + 1, 900.7)], startMs + 4 * MINUTE_MS);
  await eventually("the repair is done", async () => {
    const { readingsStored, repairsWaiting, rollupsRevised } = await aggregator.status();
    return readingsStored === 1 && repairsWaiting === 0 && rollupsRevised > 0;
  });
  const minutes = await influx.client().query("SELECT count, co2_max, co2_min FROM environment_1m");
  expect(minutes).toMatchObject([{ count: FLOOD + 1, co2_max: 900.7, co2_min: 400 }]);
  const tens = await influx.client().query("SELECT count FROM environment_10s");
  expect(tens.map(({ count }) => count)).toEqual([10_001, ...Array<number>(5).fill(10_000)]);
});

test("pages of any size give each point once, in the order of their times", async () => {
  await using influx = await startInflux();
  const client = influx.client();
  // Seven points of one time, in series that differ in a tag, among others.
  const times = [1, 2, 2, 2, 2, 2, 2, 2, 3, 4, 4, 5, 6, 7, 8, 9];
  const lines = times.map(
    (time, at) => `environment,region=eu,device=d,x=${at} seq=${at}i ${time}`,
  );
  await client.write(lines);
  const contract = loadCatalog(SCHEMAS_DIRECTORY).versions("environment")[0]!;
  const range = { region: "eu", contract, key: "d", seriesTags: [], fromMs: 0, toMs: 1 };
  for (let pageRows = 1; pageRows <= times.length + 1; pageRows += 1) {
    const seqs: unknown[] = [];
    for await (const part of new InfluxRepairSource(client, pageRows).readings(range))
      seqs.push(...part.map(({ payload }) => payload["seq"]));
    expect(seqs.toSorted((a, b) => Number(a) - Number(b))).toEqual(times.map((__, at) => at));
    expect(seqs.map((seq) => times[Number(seq)])).toEqual(times);
  }
});
