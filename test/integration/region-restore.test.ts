// Goal: a region whose disks are gone gets its log back from its copies, under the same sequence numbers
// and times, and everything goes on: gateway, engine, mirrors, aggregator.
// Method: real servers; the region's directory is deleted, the command of the manual is run, then more is
// written; the other region's copy is behind the hub's, so the command has to choose.
import { rm } from "node:fs/promises";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { expect, test } from "vitest";
import { applyTopology } from "../../platform/nats/topology/apply-topology.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import { storedAt } from "../../platform/nats/lanes/trim.ts";
import { makeAggregator } from "../support/aggregator.ts";
import { startInflux } from "../support/influx.ts";
import { FrameWriter, type TestReading } from "../support/nats-frames.ts";
import { eventually } from "../support/eventually.ts";
import { startHubAndRegions } from "../support/nats.ts";
import { skerry } from "../support/skerry.ts";

const STREAM = "TELEMETRY_eu";

const reading = (seq: number, ts: number): TestReading => ({
  device: "room",
  contract: "environment",
  receivedAtMs: ts,
  payload: { ts, seq, temperature: 20, humidity: 40, light: 1, co2: seq, occupancy: 1 },
});

async function timesOf(connection: NatsConnection, last: number): Promise<(number | null)[]> {
  const streams = new Streams(connection);
  const seqs = Array.from({ length: last }, (_, at) => at + 1);
  return Promise.all(seqs.map((seq) => storedAt(streams, STREAM, seq)));
}

const lastSeq = async (connection: NatsConnection): Promise<number> =>
  (await (await connection.jetstreamManager()).streams.info(STREAM)).state.last_seq;

test("a lost region is restored from the copy that has most of it, and goes on", async () => {
  const regions = ["eu", "us"];
  const copies = [["eu", "us"]] as const;
  await using world = await startHubAndRegions({ regions, copies });
  await using influx = await startInflux();
  const aggregator = await makeAggregator(world, influx, ["eu"]);
  await using _ = aggregator.process;
  await aggregator.process.start();
  const [hub, us] = [await world.hub.connect(), await world.region("us").connect()];
  const region = world.region("eu");
  const eu = await region.connect();
  const writer = new FrameWriter({ region: "eu", partition: 0 });
  const write = async (from: number, to: number): Promise<void> => {
    for (let seq = from; seq <= to; seq++)
      await writer.publish(eu, [reading(seq, Date.now())], Date.now());
  };
  await write(1, 150);
  await eventually("us has a copy", async () => (await lastSeq(us)) === 150);
  await world.region("us").process.kill();
  await write(151, 200);
  await eventually("the hub has all of it", async () => (await lastSeq(hub)) === 200);
  const times = await timesOf(hub, 200);

  await region.process.kill();
  await world.region("us").process.start();
  await rm(region.store, { recursive: true });
  await region.process.start();
  const from = ["--from", world.region("us").url, world.hub.url];
  const restore = ["region", "restore", "--region", "eu", "--to", region.url, "--log-gib", "1"];
  const { code, out } = await skerry([...restore, ...from]);
  expect(code, out).toBe(0);
  expect(out).toContain(`TELEMETRY_eu: up to sequence 200, from ${new URL(world.hub.url).host}`);
  const again = await skerry([...restore, ...from]);
  expect(again.code).toBe(1);
  expect(again.out).toContain("exists at the new server already");
  const connections = { hub, us, eu };
  await applyTopology(connections, { regions, copies, partitions: 1, logBytesMax: 1024 ** 3 });
  await eventually("the client is back", async () => (await lastSeq(eu)) === 200);
  expect(await timesOf(eu, 200)).toEqual(times);

  // A new start of the gateway: its disk is gone as well.
  const next = new FrameWriter({ region: "eu", partition: 0 }, "g1", "e2");
  for (let seq = 201; seq <= 300; seq++)
    await next.publish(eu, [reading(seq, Date.now())], Date.now());
  for (const copy of [hub, us])
    await eventually("it is copied", async () => (await lastSeq(copy)) === 300);
  await eventually("every reading is stored once", async () => {
    return (await influx.client().query("SELECT seq FROM environment")).length === 300;
  });
  expect((await aggregator.status()).lanes.map(({ stoppedBy }) => stoppedBy)).toEqual([null]);
});
