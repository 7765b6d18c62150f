// Goal: two measurements are two readings, and one that is sent again is one, from a device to InfluxDB.
// Method: a gateway with the shipped mappings, an aggregator and InfluxDB as real processes, MQTT clients.
import { join } from "node:path";
import { connectAsync } from "mqtt";
import { expect, test } from "vitest";
import { type Row, quote } from "../../cloud/sinks/influx/client.ts";
import { makeAggregator } from "../support/aggregator.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { startInflux } from "../support/influx.ts";
import { startHubAndRegions } from "../support/nats.ts";
import { startService } from "../support/services.ts";

const MAPPINGS = join(import.meta.dirname, "../../infra/mappings/examples.json");

test("equal pulses are as many as were sent; three spellings of a file are one; a restarted sequence loses nothing", async () => {
  await using stack = new AsyncDisposableStack();
  const world = stack.use(await startHubAndRegions({ regions: ["eu"] }));
  const influx = stack.use(await startInflux());
  const aggregator = await makeAggregator(world, influx, ["eu"]);
  stack.use(aggregator.process);
  await aggregator.process.start();
  const port = await freePort();
  const gateway = await startService("gateway/main.ts", {
    SKERRY_REGION: "eu",
    SKERRY_NATS_URL: world.region("eu").url,
    SKERRY_MQTT_PORT: String(port),
    SKERRY_ANONYMOUS: "loopback",
    SKERRY_MAPPINGS: MAPPINGS,
  });
  stack.use(gateway.process);
  const mqtt = await connectAsync(`mqtt://127.0.0.1:${port}`, { protocolVersion: 5 });
  stack.defer(() => mqtt.endAsync(true));
  const publish = (topic: string, payloads: readonly string[]): Promise<unknown> =>
    Promise.all(payloads.map((payload) => mqtt.publishAsync(topic, payload, { qos: 1 })));
  const rows = (measurement: string, device: string): Promise<Row[]> =>
    influx.client().query(`SELECT * FROM "${measurement}" WHERE device = ${quote(device)}`);
  let marks = 0;
  /** Once a later reading of the same device is stored, so is everything before it. */
  const settled = async (device: string): Promise<void> => {
    marks += 1;
    const temperature = 1_000 + marks;
    const mark = JSON.stringify({ ts: Date.now(), temperature });
    await publish(`devices/${device}/telemetry/machine`, [mark]);
    await eventually(`mark ${marks} is stored`, async () =>
      (await rows("machine", device)).some((row) => row["temperature"] === temperature),
    );
  };

  await publish("sensors/pulse-2/pulse", new Array<string>(200).fill("1"));
  await settled("pulse-2");
  expect(await rows("measurement", "pulse-2")).toHaveLength(200);

  // Some of them are older than every open window.
  const startMs = Date.now() - 3_600_000;
  const file = Array.from({ length: 100 }, (_, at) => startMs + at * 35_000);
  const line = (ts: number | string, at: number): string =>
    at % 2 === 0
      ? `{"ts":${JSON.stringify(ts)},"temperature":${at}.0}`
      : JSON.stringify({ temperature: at, ts });
  const zoned = (ms: number): string =>
    new Date(ms + 2 * 3_600_000).toISOString().replace("Z", "+02:00");
  const spellings = [(ms: number) => ms, (ms: number) => new Date(ms).toISOString(), zoned];
  for (const spell of spellings)
    await publish(
      "devices/file/telemetry/machine",
      file.map((ms, at) => line(spell(ms), at)),
    );
  await settled("file");
  const stored = (await rows("machine", "file")).filter(
    (row) => Number(row["temperature"]) < 1_000,
  );
  expect(stored).toHaveLength(100);

  // All of one device in one millisecond, twice; then its counter begins anew.
  const ts = Date.now();
  const room = { temperature: 20, humidity: 40, light: 0, occupancy: 0 };
  const counted = (co2: number): string[] =>
    Array.from({ length: 1_000 }, (_, seq) => JSON.stringify({ ...room, ts, seq, co2 }));
  await publish("devices/room/telemetry/environment", [
    ...counted(400),
    ...counted(400),
    ...counted(500),
  ]);
  await settled("room");
  const points = await rows("environment", "room");
  expect(points).toHaveLength(2_000);
  expect(new Set(points.map(({ seq, co2 }) => `${String(seq)} ${String(co2)}`)).size).toBe(2_000);
  const { repeatedReadings, sequenceRestarts } = await aggregator.status();
  expect(repeatedReadings).toBeGreaterThanOrEqual(1_000);
  expect(sequenceRestarts.devices).toEqual({ room: 1 });
});
