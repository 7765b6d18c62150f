// Goal: a region that begins anew with empty disks uses no sequence again: the hub's copy keeps what the region lost, what
// nobody had read yet still reaches the store, and so does what comes next, at once.
// Method: real servers; the region's directory is deleted while the aggregator is away, and the topology is applied.
import { rm } from "node:fs/promises";
import { expect, test } from "vitest";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import { applyTopology, diffTopology } from "../../platform/nats/topology/apply-topology.ts";
import { makeAggregator } from "../support/aggregator.ts";
import { eventually } from "../support/eventually.ts";
import { startInflux } from "../support/influx.ts";
import { FrameWriter, type TestReading } from "../support/nats-frames.ts";
import { startHubAndRegions } from "../support/nats.ts";

const STREAM = "TELEMETRY_eu";
const LANE = { region: "eu", partition: 0 };
const WITHIN_MS = 60_000;

const reading = (seq: number): TestReading => ({
  device: "room",
  contract: "environment",
  receivedAtMs: Date.now(),
  payload: {
    ...{ ts: Date.now() - 1_000 + seq, seq, temperature: 20, humidity: 40, light: 1 },
    ...{ co2: seq, occupancy: 1 },
  },
});

test(
  "a region whose disks are gone goes on behind the hub's copy",
  { timeout: 150_000 },
  async () => {
    await using world = await startHubAndRegions({ regions: ["eu"], partitions: 1 });
    await using influx = await startInflux();
    const aggregator = await makeAggregator(world, influx, ["eu"], { SKERRY_PARTITIONS: "1" });
    await using _ = aggregator.process;
    const region = world.region("eu");
    const write = async (writer: FrameWriter, from: number, to: number): Promise<void> => {
      const eu = await region.connect();
      for (let seq = from; seq <= to; seq++) await writer.publish(eu, [reading(seq)], Date.now());
    };
    const hub = await world.hub.connect();
    const lastSeq = async (at: NatsConnection) => (await new Streams(at).state(STREAM)).lastSeq;
    const stored = async () =>
      (await influx.client().query("SELECT co2 FROM environment"))
        .map(({ co2 }) => Number(co2))
        .sort((a, b) => a - b);

    await write(new FrameWriter(LANE), 1, 80);
    await eventually("the hub has a copy", async () => (await lastSeq(hub)) === 80, WITHIN_MS);
    await region.process.kill();
    await rm(region.store, { recursive: true });
    await region.process.start();
    const connections = { hub: await world.hub.connect(), eu: await region.connect() };
    const options = { regions: ["eu"], partitions: 1, logBytesMax: 1024 ** 3 };
    expect(await applyTopology(connections, options)).toEqual([
      "eu: TELEMETRY_eu was empty, and goes on behind 80: what it held up to there is in the hub's copy",
    ]);
    expect(await applyTopology(connections, options)).toEqual([]);
    expect(await diffTopology(connections, options)).toEqual([]);

    // Its gateway has lost its disk, too.
    await write(new FrameWriter(LANE, "g1", "e2"), 81, 100);
    const eu = await region.connect();
    expect(await new Streams(eu).state(STREAM)).toMatchObject({ firstSeq: 81, lastSeq: 100 });
    await eventually("the hub goes on", async () => (await lastSeq(hub)) === 100, WITHIN_MS);
    expect(await new Streams(hub).state(STREAM)).toMatchObject({ firstSeq: 1, messages: 100 });
    await aggregator.process.start();
    const all = Array.from({ length: 100 }, (_each, at) => at + 1);
    await eventually("all is stored", async () => (await stored()).length === 100, WITHIN_MS);
    expect(await stored()).toEqual(all);
    expect((await aggregator.status()).losses).toEqual([]);
  },
);
