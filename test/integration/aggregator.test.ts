// Goal: every reading of the log is in InfluxDB exactly once and every rollup counts right, whichever
// process dies. Method: real servers and a real aggregator process; a test gateway with its own clock
// writes minutes of readings within seconds, so that windows close while processes are killed.
import { expect, test } from "vitest";
import type { Alert } from "../../contracts/messages/alert.ts";
import { findRejects } from "../../cloud/operations/rejects/find.ts";
import type { Row } from "../../cloud/sinks/influx/client.ts";
import { makeAggregator } from "../support/aggregator.ts";
import { type InfluxUnderTest, startInflux } from "../support/influx.ts";
import { FrameWriter, type TestReading } from "../support/nats-frames.ts";
import { eventually } from "../support/eventually.ts";
import { type NatsWorld, startHubAndRegions } from "../support/nats.ts";

const MINUTE_MS = 60_000;

const reading = (device: string, seq: number, ts: number): TestReading => ({
  device,
  contract: "environment",
  receivedAtMs: ts,
  payload: { ts, seq, temperature: 20 + (seq % 7), humidity: 40, light: 1, co2: seq, occupancy: 1 },
});

const DEVICES = ["room 1", "room,2", "rööm=3\\"];

/** Writes `frames` frames of a lane, half a second of the gateway's clock each; returns what it sent. */
async function writeLane(
  world: NatsWorld,
  lane: { region: string; partition: number },
  startMs: number,
  frames: number,
  onFrame: (frame: number) => Promise<void>,
): Promise<TestReading[]> {
  const connection = await world.region(lane.region).connect();
  const writer = new FrameWriter(lane);
  const sent: TestReading[] = [];
  for (let frame = 0; frame < frames; frame++) {
    const clockMs = startMs + frame * 500;
    const fresh = DEVICES.map((device) => reading(`${device} ${lane.partition}`, frame, clockMs));
    // Devices repeat their last readings after a lost PUBACK; every tenth frame is stored twice.
    const repeated = frame % 3 === 0 ? sent.slice(-2) : [];
    await writer.publish(connection, [...repeated, ...fresh], clockMs, frame % 10 === 0);
    sent.push(...fresh);
    await onFrame(frame);
  }
  // An empty frame at last, which closes every window.
  await writer.publish(connection, [], startMs + frames * 500 + 2 * MINUTE_MS);
  return sent;
}

async function storedPoints(influx: InfluxUnderTest, region: string): Promise<string[]> {
  const rows = await influx
    .client()
    .query(`SELECT seq, co2 FROM environment WHERE region = '${region}' GROUP BY device`);
  return rows.map(({ device, time, co2 }) => `${device} ${Date.parse(String(time))} ${co2}`).sort();
}

const expectedPoints = (sent: readonly TestReading[]): string[] =>
  sent
    .map(({ device, payload }) => {
      const [ts, seq] = [payload["ts"] as number, payload["seq"] as number];
      return `${device.replace("\\ ", "%5C ")} ${ts} ${seq}`;
    })
    .sort();

const startOfRecentMinutes = (): number =>
  Math.floor((Date.now() - 15 * MINUTE_MS) / MINUTE_MS) * MINUTE_MS;

const idOf = ({ device, time }: Row): string => `${String(device)} ${String(time)}`;

test("kills of aggregator, influxd and hub: every point once, every rollup right", async () => {
  const regions = ["eu", "us"];
  await using world = await startHubAndRegions({ regions, partitions: 4 });
  await using influx = await startInflux();
  const aggregator = await makeAggregator(world, influx, regions, { SKERRY_PARTITIONS: "4" });
  await using _ = aggregator.process;
  await aggregator.process.start();

  const startMs = startOfRecentMinutes();
  const FRAMES = 400;
  const kills: Record<number, () => Promise<void>> = {
    60: () => aggregator.process.restart(),
    140: () => influx.process.restart(),
    200: () => aggregator.process.restart(),
    260: () => world.hub.process.restart(),
    330: () => aggregator.process.restart(),
  };
  const sent = new Map<string, TestReading[]>(regions.map((region) => [region, []]));
  await Promise.all(
    regions.flatMap((region) =>
      [0, 3].map(async (partition) => {
        const conductor = region === "eu" && partition === 0;
        const wrote = await writeLane(
          world,
          { region, partition },
          startMs,
          FRAMES,
          async (frame) => {
            if (conductor) await kills[frame]?.();
          },
        );
        sent.get(region)!.push(...wrote);
      }),
    ),
  );
  // 400 frames of half a second are 200 s: four windows of each of six series.
  const minutes = [0, 1, 2, 3].map((minute) => startMs + minute * MINUTE_MS);
  await eventually(
    "all finals are written",
    async () => {
      const rows = await influx.client().query(`SELECT count FROM environment_1m`);
      return rows.length >= regions.length * 6 * minutes.length;
    },
    30_000,
  );

  for (const region of regions) {
    expect(await storedPoints(influx, region)).toEqual(expectedPoints(sent.get(region)!));
    const finals = await influx
      .client()
      .query(`SELECT * FROM environment_1m WHERE region = '${region}' GROUP BY device`);
    const open = await influx
      .client()
      .query(`SELECT * FROM environment_1m_open WHERE region = '${region}' GROUP BY device`);
    // What hours and days are merged from is in finals only.
    const asFinal = new Map(
      finals.map(({ revision: _, co2_sketch: __, ...rest }) => [idOf(rest), rest]),
    );
    // A window that a kill let nobody see open has a final only.
    for (const row of open) expect(row).toEqual(asFinal.get(idOf(row)));
    const counts = finals.map(({ time, count }) => `${time} ${count}`);
    expect(counts.sort()).toEqual(
      minutes
        .flatMap((minute, at) => {
          const time = new Date(minute).toISOString().replace(".000Z", "Z");
          return Array<string>(6).fill(`${time} ${at < 3 ? 120 : 40}`);
        })
        .sort(),
    );
    const whole = finals.find(({ time }) => Date.parse(String(time)) === startMs)!;
    expect(whole).toMatchObject({ co2_min: 0, co2_max: 119, co2_first: 0, co2_last: 119 });
    expect(whole["co2_mean"]).toBe(59.5);
  }
  const status = await aggregator.status();
  expect(status.lateReadings).toBe(0);
  expect(status.lanes.map(({ stoppedBy }) => stoppedBy)).toEqual(Array(8).fill(null));
});

test("SIGTERM ends it within 3 s with its position saved; the next start writes nothing again", async () => {
  await using world = await startHubAndRegions({ regions: ["eu"] });
  await using influx = await startInflux();
  const aggregator = await makeAggregator(world, influx, ["eu"]);
  await using _ = aggregator.process;
  await aggregator.process.start();
  const lane = { region: "eu", partition: 0 };
  const startMs = startOfRecentMinutes();
  await writeLane(world, lane, startMs, 150, () => Promise.resolve());
  await eventually("all is stored", async () => (await aggregator.status()).readingsStored === 450);

  const stopping = performance.now();
  expect(await aggregator.process.stop("SIGTERM")).toBe(0);
  expect(performance.now() - stopping).toBeLessThan(3_000);

  // Whatever is written again would reappear.
  await dropMeasurements(influx, [
    "environment",
    "environment_1m",
    "environment_1m_open",
    "environment_10s",
    "environment_10s_open",
  ]);
  await aggregator.process.start();
  const connection = await world.region("eu").connect();
  const clockMs = startMs + 5 * MINUTE_MS;
  const marker = new FrameWriter(lane, "g2");
  await marker.publish(connection, [reading("marker", 1, clockMs)], clockMs);
  await eventually("the marker is stored", async () => {
    return (await influx.client().query("SELECT seq FROM environment")).length > 0;
  });
  expect(await influx.client().query("SELECT seq FROM environment GROUP BY device")).toHaveLength(
    1,
  );
  expect(await influx.client().query("SELECT count FROM environment_1m")).toEqual([]);
});

test("frames that the region never had are named as lost; a frozen InfluxDB holds up nothing for good", async () => {
  await using world = await startHubAndRegions({ regions: ["eu"], partitions: 2 });
  await using influx = await startInflux();
  const aggregator = await makeAggregator(world, influx, ["eu"], { SKERRY_PARTITIONS: "2" });
  await using _ = aggregator.process;
  await aggregator.process.start();
  const connection = await world.region("eu").connect();
  const nowMs = Date.now();
  const broken = new FrameWriter({ region: "eu", partition: 0 });
  broken.encode([], nowMs);
  await broken.publish(connection, [reading("a", 1, nowMs)], nowMs);

  influx.process.freeze();
  const whole = new FrameWriter({ region: "eu", partition: 1 });
  for (let seq = 0; seq < 50; seq++)
    await whole.publish(connection, [reading("b", seq, nowMs + seq)], nowMs + seq);
  await eventually("the loss is shown", async () => {
    const { losses } = await aggregator.status();
    return losses[0]?.what.startsWith("frames 1 to 1 of") === true;
  });
  influx.process.resume();
  await eventually("both lanes are stored", async () => {
    return (await aggregator.status()).readingsStored === 51;
  });
  const { lanes, influx: influxStatus } = await aggregator.status();
  expect(lanes.map(({ stoppedBy }) => stoppedBy)).toEqual([null, null]);
  const { streams } = await (await world.hub.connect()).jetstreamManager();
  const alert = (await streams.getMessage("ALERTS_hub", { seq: 1 })).json<Alert>();
  expect(alert).toMatchObject({ rule: "data_lost", key: "eu/0", state: "firing" });
  expect(influxStatus).toEqual({ state: "ok", detail: "", sinceMs: null });
  expect(await influx.client().query("SELECT seq FROM environment")).toHaveLength(51);
});

test("what InfluxDB refuses is refused by itself; a database that vanished is created again", async () => {
  await using world = await startHubAndRegions({ regions: ["eu"] });
  await using influx = await startInflux();
  const aggregator = await makeAggregator(world, influx, ["eu"]);
  await using _ = aggregator.process;
  await aggregator.process.start();
  const connection = await world.region("eu").connect();
  const nowMs = Date.now();
  const writer = new FrameWriter({ region: "eu", partition: 0 });
  const readings = Array.from({ length: 40 }, (_, seq) => reading("a", seq, nowMs + seq));
  // Longer than InfluxDB's limit for a series key.
  // Somebody else's point of the same measurement has another type.
  await influx.client().createDatabase();
  await influx.client().write([`energy power="much" ${nowMs}000000`]);
  const payload = { ts: nowMs, power: 5 };
  const refused = { device: "meter", contract: "energy", receivedAtMs: nowMs, payload };
  // A time beyond what nanoseconds can tell.
  const timeless = reading("a", 99, 1e17);
  await writer.publish(connection, [...readings.slice(0, 9), refused, timeless], nowMs);
  await writer.publish(connection, readings.slice(9), nowMs);
  await eventually(
    "the frame is done",
    async () => (await aggregator.status()).lanes[0]!.doneSeq === 2,
  );
  expect(await influx.client().query("SELECT seq FROM environment")).toHaveLength(40);
  const rejects = await findRejects(await world.hub.connect(), { region: "hub" }, 10);
  expect(rejects.map(({ reject }) => [reject.device, reject.reason])).toEqual([
    ["a", "unwritable"],
    ["meter", "unwritable"],
  ]);
  expect(rejects.map(({ reject }) => reject.detail)).toEqual([
    expect.stringContaining("time"),
    expect.stringContaining("field type conflict"),
  ]);
  const kept = JSON.parse(Buffer.from(rejects[1]!.reject.payload, "base64").toString()) as unknown;
  expect(kept).toEqual(refused.payload);
  await aggregator.process.said(/InfluxDB refused a line/);
  expect((await aggregator.status()).readingsStored).toBe(40);

  // Whoever writes may not make a database: it says who has to.
  await influx.administrator().execute('DROP DATABASE "skerry"');
  await writer.publish(connection, [reading("b", 1, nowMs)], nowMs);
  await eventually("it says that an administrator must make the database", async () =>
    (await aggregator.status()).influx.detail.includes("npx skerry influx apply"),
  );
  await influx.setUp();
  await eventually("the next reading is stored", async () => {
    return (await influx.client().query("SELECT seq FROM environment")).length === 1;
  });
});

test("a restarted sequence loses nothing, a reading that was sent again is one, and the restart is told", async () => {
  await using world = await startHubAndRegions({ regions: ["eu"] });
  await using influx = await startInflux();
  const aggregator = await makeAggregator(world, influx, ["eu"]);
  await using _ = aggregator.process;
  await aggregator.process.start();
  const connection = await world.region("eu").connect();
  const writer = new FrameWriter({ region: "eu", partition: 0 });
  const nowMs = Date.now() - 1_000;
  const first = [0, 1, 2, 3].map((seq) => reading("a", seq, nowMs));
  // The same numbers and the same millisecond, other values.
  const anew = first.map((one): TestReading => ({
    ...one,
    payload: { ...one.payload, co2: 900 },
  }));
  await writer.publish(connection, first, nowMs);
  await writer.publish(connection, [...anew, ...first, ...anew], nowMs);
  await eventually("both frames are done", async () => {
    return (await aggregator.status()).lanes.some(({ doneSeq }) => doneSeq === 2);
  });
  const points = await influx.client().query("SELECT seq, co2 FROM environment");
  expect(points.map(({ seq, co2 }) => `${String(seq)} ${String(co2)}`).sort()).toEqual(
    [...first, ...anew]
      .map(({ payload }) => `${String(payload["seq"])} ${String(payload["co2"])}`)
      .sort(),
  );
  const { repeatedReadings, sequenceRestarts } = await aggregator.status();
  expect([repeatedReadings, sequenceRestarts]).toEqual([8, { total: 1, devices: { a: 1 } }]);
});

async function dropMeasurements(influx: InfluxUnderTest, names: readonly string[]): Promise<void> {
  for (const name of names) await influx.administrator().execute(`DROP MEASUREMENT "${name}"`);
}
