// Goal: a region whose store lost its newest, unsynced messages (a power cut) is noticed; nothing new is
// skipped; what is lost for good is named; the hub's copy ends with all that the two had.
// Method: real servers; the region's directory is replaced by an older copy of itself, while a gateway
// goes on numbering its frames.
import { cp, rm } from "node:fs/promises";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { expect, test } from "vitest";
import { decodeFrame } from "../../contracts/messages/frame.ts";
import type { StewardStatus } from "../../contracts/messages/status.ts";
import { telemetryFilter } from "../../contracts/names/subjects.ts";
import { readStored } from "../../platform/nats/client/stream-reader.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import { storedAt } from "../../platform/nats/lanes/trim.ts";
import { makeAggregator } from "../support/aggregator.ts";
import { type InfluxUnderTest, startInflux } from "../support/influx.ts";
import { FrameWriter, type TestReading } from "../support/nats-frames.ts";
import { eventually } from "../support/eventually.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { startHubAndRegions } from "../support/nats.ts";
import { startService } from "../support/services.ts";

const STREAM = "TELEMETRY_eu";

const reading = (seq: number, ts: number): TestReading => ({
  device: "room",
  contract: "environment",
  receivedAtMs: ts,
  payload: { ts, seq, temperature: 20, humidity: 40, light: 1, co2: seq, occupancy: 1 },
});

const storedSequences = async (influx: InfluxUnderTest): Promise<number[]> => {
  const rows = await influx.client().query("SELECT seq, co2 FROM environment");
  return rows.map(({ co2 }) => Number(co2)).sort((a, b) => a - b);
};

const lastSeq = async (connection: NatsConnection): Promise<number> =>
  (await (await connection.jetstreamManager()).streams.info(STREAM)).state.last_seq;

/** Readings of the copy or the log at a server, by their `co2`. */
async function readingsIn(connection: NatsConnection): Promise<unknown[]> {
  const slice = { stream: STREAM, subject: telemetryFilter("eu"), from: 1 };
  const found: unknown[] = [];
  for await (const { data } of readStored(connection, slice))
    for (const { contract, payload } of decodeFrame(data).readings)
      if (contract === "environment") found.push(payload["co2"]);
  return found;
}

/** When each message was stored, by sequence. */
async function storeTimes(connection: NatsConnection): Promise<(number | null)[]> {
  const streams = new Streams(connection);
  const last = await lastSeq(connection);
  return Promise.all(range(1, last).map((seq) => storedAt(streams, STREAM, seq)));
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, at) => from + at);

const TIMEOUT_MS = 180_000;

test(
  "frames behind a rolled back log are read from the region, what is gone is named",
  { timeout: TIMEOUT_MS },
  async () => {
    await using backup = await temporaryDirectory();
    await using world = await startHubAndRegions({ regions: ["eu"], partitions: 1 });
    await using influx = await startInflux();
    const aggregator = await makeAggregator(world, influx, ["eu"], { SKERRY_PARTITIONS: "1" });
    await using _ = aggregator.process;
    await aggregator.process.start();
    const eu = world.region("eu");
    const connection = await eu.connect();
    const hub = await world.hub.connect();
    const writer = new FrameWriter({ region: "eu", partition: 0 });
    const startMs = Date.now() - 20 * 60_000;
    const write = async (from: number, to: number): Promise<void> => {
      for (const seq of range(from, to)) {
        // Half a second of the gateway's clock each, so that minutes are over at the end.
        const clockMs = startMs + seq * 500;
        await writer.publish(connection, [reading(seq, clockMs)], clockMs);
      }
    };
    const stored = (upTo: number) =>
      eventually(
        `${upTo} is stored`,
        async () => (await storedSequences(influx)).includes(upTo),
        60_000,
      );

    await write(1, 50);
    await stored(50);
    await eu.process.stop("SIGTERM");
    await cp(eu.store, backup.path, { recursive: true });
    await eu.process.start();
    await write(51, 90);
    await stored(90);
    // From nats-server 2.10 on a lane is read from the region meanwhile.
    await eventually("the hub has it", async () => (await lastSeq(hub)) === 90, 60_000);
    // What the hub never got is lost with the region's disk.
    await world.hub.process.kill();
    await write(91, 100);
    await eu.process.kill();
    await rm(eu.store, { recursive: true });
    await cp(backup.path, eu.store, { recursive: true });
    await eu.process.start();
    await eventually("it is rolled back", async () => (await lastSeq(connection)) === 50);
    await world.hub.process.start();

    // The first 40 of these take sequence numbers that the hub's mirror has already.
    await write(101, 160);
    await stored(160);
    expect(await storedSequences(influx)).toEqual([...range(1, 90), ...range(101, 160)]);
    const { losses, lanes } = await aggregator.status();
    expect(losses).toMatchObject([{ region: "eu", partition: 0, readings: 10 }]);
    expect(losses[0]!.what).toContain("frames 91 to 100");
    expect(lanes.find(({ partition }) => partition === 0)?.stoppedBy).toBe(null);
    await eventually("the hub's copy is as long", async () => (await lastSeq(hub)) === 110, 60_000);
    expect(await storeTimes(hub)).not.toEqual(await storeTimes(connection));

    // The region writes again behind the copy what it has under numbers of the copy.
    const steward = await startService("cloud/steward/main.ts", {
      SKERRY_NATS_URL: world.hub.urlOf("steward"),
      SKERRY_INFLUX_URL: influx.url,
      SKERRY_REGIONS: "eu",
      SKERRY_PARTITIONS: "1",
      SKERRY_COPY_SCHEDULE: "* * * * * *",
    });
    await using __ = steward.process;
    const wentOn = async () => (await steward.status<StewardStatus>()).copies["eu"]?.rollback;
    await eventually("it is noticed", async () => (await wentOn())?.rebuiltAtMs === null);
    expect(await wentOn()).toMatchObject({ fromSeq: 51, copySeq: 90 });
    expect(await readingsIn(hub)).not.toContain(140);
    const gateway = await startService("gateway/main.ts", {
      SKERRY_NATS_URL: eu.urlOf("gateway"),
      ...{ SKERRY_REGION: "eu", SKERRY_PARTITIONS: "1", SKERRY_MQTT_PORT: "0" },
    });
    await using ___ = gateway.process;
    const all = [...range(1, 90), ...range(101, 160)];
    await eventually("the hub has all that the two had", async () => {
      const found = await readingsIn(hub);
      return all.every((seq) => found.includes(seq));
    });
    await eventually("it is over", async () => typeof (await wentOn())?.rebuiltAtMs === "number");

    // A crash does not make it see the hole in another way.
    await aggregator.process.restart();
    await write(161, 170);
    await stored(170);
    expect(await storedSequences(influx)).toEqual([...range(1, 90), ...range(101, 170)]);
  },
);
