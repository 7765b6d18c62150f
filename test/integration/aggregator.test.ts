// Goal: every reading of the log is in InfluxDB exactly once and every rollup counts right, whichever
// process dies. Method: real servers and a real aggregator process; a test gateway with its own clock
// writes minutes of readings within seconds, so that windows close while processes are killed.
import { join } from "node:path";
import { expect, test } from "vitest";
import type { AggregatorStatus } from "../../contracts/status.ts";
import { type InfluxUnderTest, startInflux } from "../support/influx.ts";
import { FrameWriter, type TestReading } from "../support/nats-frames.ts";
import { ServerProcess, eventually, freePort } from "../support/nats-influx-process.ts";
import { type NatsWorld, startHubAndRegions } from "../support/nats.ts";

const MAIN = join(import.meta.dirname, "../../cloud/aggregator/main.ts");
const MINUTE_MS = 60_000;

interface AggregatorUnderTest {
  readonly process: ServerProcess;
  status(): Promise<AggregatorStatus & { repeatedReadings: number }>;
}

async function makeAggregator(
  world: NatsWorld,
  influx: InfluxUnderTest,
  regions: readonly string[],
): Promise<AggregatorUnderTest> {
  const port = await freePort();
  const at = `http://127.0.0.1:${port}`;
  return {
    process: new ServerProcess({
      name: "aggregator",
      program: process.execPath,
      args: [MAIN, "--regions", regions.join(","), "--status-port", String(port)],
      env: { SKERRY_NATS_URL: world.hub.url, SKERRY_INFLUX_URL: influx.url },
      ready: async () => (await fetch(`${at}/readyz`)).status === 200,
    }),
    status: async () =>
      (await (await fetch(`${at}/status`)).json()) as AggregatorStatus & {
        repeatedReadings: number;
      },
  };
}

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
  return rows.map(({ device, time, co2 }) => `${device} ${time} ${co2}`).sort();
}

const expectedPoints = (sent: readonly TestReading[]): string[] =>
  sent
    .map(({ device, payload }) => {
      const ts = payload["ts"] as number;
      const seq = payload["seq"] as number;
      const slot = seq === 0 ? "" : String(seq).padStart(6, "0");
      const fraction = `${String(ts % 1000).padStart(3, "0")}${slot}`.replace(/0+$/, "");
      const time = `${new Date(ts).toISOString().slice(0, 19)}${fraction && `.${fraction}`}Z`;
      return `${device.replace("\\ ", "%5C ")} ${time} ${seq}`;
    })
    .sort();

const startOfRecentMinutes = (): number =>
  Math.floor((Date.now() - 15 * MINUTE_MS) / MINUTE_MS) * MINUTE_MS;

test("kills of aggregator, influxd and hub: every point once, every rollup right", async () => {
  const regions = ["eu", "us"];
  await using world = await startHubAndRegions({ regions });
  await using influx = await startInflux();
  const aggregator = await makeAggregator(world, influx, regions);
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
    expect(open).toEqual(finals);
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
