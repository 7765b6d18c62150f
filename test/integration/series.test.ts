// Goal: quantities of one device never meet in one rollup, nor do the series of one key in a repair.
// Method: rooms and plugs with tags, absent ones and ones that need escaping, against a real InfluxDB.
import { expect, test } from "vitest";
import type { Row } from "../../cloud/sinks/influx/client.ts";
import { compileContract } from "../../contracts/schema/contract.ts";
import { namesToQuote } from "../../contracts/schema/quoted-names.ts";
import { makeAggregator } from "../support/aggregator.ts";
import { startInflux } from "../support/influx.ts";
import { FrameWriter, type TestReading } from "../support/nats-frames.ts";
import { eventually } from "../support/eventually.ts";
import { startHubAndRegions } from "../support/nats.ts";

const MINUTE_MS = 60_000;
const TEN_SECONDS_MS = 10_000;
const HOSTILE = "a b,c=d 'e' \\";

const reading = (ts: number, value: number, tags: object): TestReading => ({
  device: "room9",
  contract: "measurement",
  receivedAtMs: ts,
  payload: { ts, value, ...tags },
});

const briefly = ({ quantity, count, value_mean, value_min, value_max, revision }: Row): unknown => [
  quantity,
  count,
  value_mean,
  value_min,
  value_max,
  revision,
];

test("each quantity of a room has a rollup of its own, also after late readings and a kill", async () => {
  await using world = await startHubAndRegions({ regions: ["eu"] });
  await using influx = await startInflux();
  const first = await makeAggregator(world, influx, ["eu"], {
    SKERRY_REPAIR_SCHEDULE: "0 0 0 1 1 *",
  });
  await using _ = first.process;
  await first.process.start();
  const connection = await world.region("eu").connect();
  const writer = new FrameWriter({ region: "eu", partition: 0 });
  const startMs = Math.floor((Date.now() - 20 * MINUTE_MS) / MINUTE_MS) * MINUTE_MS;
  const all = [0, 1, 2, 3, 4, 5].flatMap((n) => [
    reading(startMs + n * 1_000, 20, { quantity: "temperature" }),
    reading(startMs + n * 1_000, 1013, { quantity: "pressure" }),
    reading(startMs + n * 1_000, n, { quantity: HOSTILE }),
    reading(startMs + n * 1_000, 7, n % 2 === 0 ? {} : { quantity: "" }),
  ]);
  await writer.publish(connection, all, startMs + 30_000);
  await writer.publish(connection, [], startMs + 2 * MINUTE_MS);
  const late = [
    reading(startMs + 500, 30, { quantity: "temperature" }),
    reading(startMs + 20_000, 9, {}),
    reading(startMs + 501, 8, { quantity: HOSTILE }),
  ];
  await writer.publish(connection, late, startMs + 3 * MINUTE_MS);
  const stored = all.length + late.length;
  await eventually("the late ones are stored", async () => {
    const { readingsStored, repairsWaiting } = await first.status();
    return readingsStored === stored && repairsWaiting === 1;
  });
  const finals = async (window: string): Promise<unknown[]> =>
    (await influx.client().query(`SELECT * FROM measurement_${window} GROUP BY quantity`)).map(
      briefly,
    );
  // InfluxDB gives a backslash at the end of a tag back as it was stored.
  const hostile = HOSTILE.replace(/\\$/, "%5C");
  const before = [
    ["", 6, 7, 7, 7, 0],
    [hostile, 6, 2.5, 0, 5, 0],
    ["pressure", 6, 1013, 1013, 1013, 0],
    ["temperature", 6, 20, 20, 20, 0],
  ];
  expect(await finals("1m")).toEqual(before);
  expect(await finals("10s")).toEqual(before);
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
  expect(await finals("1m")).toEqual([
    ["", 7, 51 / 7, 7, 9, 1],
    [hostile, 7, 23 / 7, 0, 8, 1],
    ["pressure", 6, 1013, 1013, 1013, 0],
    ["temperature", 7, 150 / 7, 20, 30, 1],
  ]);
  const absent = "SELECT count FROM measurement_10s WHERE quantity = '' AND sensor = ''";
  expect(await influx.client().query(absent)).toMatchObject([
    { time: new Date(startMs).toISOString().replace(".000", ""), count: 6 },
    { time: new Date(startMs + 2 * TEN_SECONDS_MS).toISOString().replace(".000", ""), count: 1 },
  ]);
  expect((await second.status()).rollupsRevised).toBe(3 + 3);
});

test("the names that contracts are warned of are those that InfluxQL refuses without quotes", async () => {
  await using influx = await startInflux();
  const client = influx.client();
  await client.createDatabase();
  // Every keyword of the InfluxQL reference and of its scanner, and ordinary words beside them.
  const words =
    "ALL ALTER ANALYZE AND ANY AS ASC BEGIN BY CARDINALITY CONTINUOUS CREATE DATABASE DATABASES DEFAULT DELETE DESC " +
    "DESTINATIONS DIAGNOSTICS DISTINCT DROP DURATION END EVERY EXACT EXPLAIN FALSE FIELD FILL FOR FROM FUTURE GRANT GRANTS GROUP " +
    "GROUPS IN INF INSERT INTO KEY KEYS KILL LIMIT MEASUREMENT MEASUREMENTS NAME NOW OFFSET ON OR ORDER PASSWORD PAST " +
    "POLICIES POLICY PRIVILEGES QUERIES QUERY READ REPLICATION RESAMPLE RETENTION REVOKE SELECT SERIES SET SHARD " +
    "SHARDS SHOW SLIMIT SOFFSET STATS SUBSCRIPTION SUBSCRIPTIONS TAG TO TRUE TZ USER USERS VALUES WHERE WITH WRITE " +
    "value flow quantity channel phase state count power energy mean a_b a-b 2nd température";
  const taken = (query: string): Promise<boolean> =>
    client.query(query).then(
      () => true,
      () => false,
    );
  for (const word of words.toLowerCase().split(" ")) {
    const properties = { [word]: { type: "number", "x-role": "field" } };
    const contract = compileContract({ name: "pump", version: 1 }, { type: "object", properties });
    const bare = [`SELECT value FROM ${word}`, `SELECT ${word} FROM pump`];
    const refused = (await Promise.all(bare.map(taken))).includes(false);
    expect({ word, refused }).toEqual({ word, refused: namesToQuote(contract).length > 0 });
    expect(await taken(`SELECT "${word}" FROM "${word}"`)).toBe(true);
  }
});
