// Goal: what devices of strangers send is in the database as often as it was measured, with what is right
// of it, and nothing else is refused.
// Method: one installation with the shipped mappings, and a second gateway whose plugs are on local time;
// messages by mosquitto_pub as the reports have them; InfluxDB, alerts and rejects are read.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { connectAsync } from "mqtt";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Alert } from "../../contracts/messages/alert.ts";
import { type Row, quote } from "../../cloud/sinks/influx/client.ts";
import { makeAggregator } from "../support/aggregator.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { type InfluxUnderTest, startInflux } from "../support/influx.ts";
import { shipped } from "../support/mapped.ts";
import { type NatsWorld, startHubAndRegions } from "../support/nats.ts";
import { publishLines } from "../support/publish-lines.ts";
import { startService } from "../support/services.ts";
import { skerry } from "../support/skerry.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const MANY_PULSES = {
  id: "many-pulses",
  version: 1,
  kind: "frequency",
  contract: "measurement",
  where: 'quantity == "pulse"',
  over: "1m",
  moreThan: 100,
};

/** The shipped table, with its metering plugs on local time, and with files of readings. */
const LOCAL = [
  ...shipped.mappings.map((entry) =>
    "name" in entry && entry.name === "tasmota-energy"
      ? {
          ...entry,
          time: { ...(entry as unknown as { time: object }).time, zone: "Europe/Berlin" },
        }
      : entry,
  ),
  {
    name: "files",
    topic: "files/{device}",
    contract: "measurement",
    time: { pointer: "/t", format: ["iso8601", "epoch_s"], zone: "Europe/Berlin" },
    fields: { value: { pointer: "/v" } },
  },
  {
    name: "nanoseconds",
    topic: "nanoseconds/{device}",
    contract: "measurement",
    time: { pointer: "/ts", format: "epoch_ns" },
    fields: { value: { pointer: "/v" } },
  },
];

const stack = new AsyncDisposableStack();
let world: NatsWorld;
let influx: InfluxUnderTest;
/** Ports of the gateways: mappings as shipped, and LOCAL. */
let port: number;
let localPort: number;
const told = new Map<string, Alert>();

beforeAll(async () => {
  world = stack.use(await startHubAndRegions({ regions: ["eu"] }));
  influx = stack.use(await startInflux());
  const aggregator = await makeAggregator(world, influx, ["eu"]);
  stack.use(aggregator.process);
  await aggregator.process.start();
  const directory = stack.use(await temporaryDirectory()).path;
  const table = async (name: string, mappings: readonly object[]): Promise<string> => {
    const path = join(directory, name);
    await writeFile(path, JSON.stringify({ mappings }));
    return path;
  };
  const rules = join(directory, "rules.json");
  await writeFile(rules, JSON.stringify([MANY_PULSES]));
  const applied = await skerry(["rules", "apply", rules, "--nats", world.hub.url]);
  expect(applied.code, applied.out).toBe(0);
  const region = { SKERRY_REGION: "eu" };
  const gateway = async (mappings: string): Promise<number> => {
    const mqttPort = await freePort();
    const service = await startService("gateway/main.ts", {
      ...region,
      SKERRY_NATS_URL: world.region("eu").urlOf("gateway"),
      SKERRY_MQTT_PORT: String(mqttPort),
      SKERRY_ANONYMOUS: "loopback",
      SKERRY_MAPPINGS: mappings,
    });
    stack.use(service.process);
    return mqttPort;
  };
  port = await gateway(await table("shipped.json", shipped.mappings));
  localPort = await gateway(await table("local.json", LOCAL));
  const engine = await startService("gateway/alerting/main.ts", {
    ...region,
    SKERRY_NATS_URL: world.region("eu").urlOf("alerting"),
  });
  stack.use(engine.process);
  const client = await connectAsync(`mqtt://127.0.0.1:${port}`);
  stack.defer(() => client.endAsync(true));
  client.on("message", (topic, payload) => {
    if (payload.length > 0) told.set(topic, JSON.parse(payload.toString()) as Alert);
  });
  await client.subscribeAsync("alerts/#", { qos: 1 });
}, 60_000);

afterAll(() => stack.disposeAsync());

const rowsOf = (measurement: string, device: string): Promise<Row[]> =>
  influx.client().query(`SELECT * FROM "${measurement}" WHERE device = ${quote(device)}`);

/** The rows of a device once they are as many as they should be, and a mark behind them is stored as well. */
async function stored(measurement: string, device: string, count: number): Promise<Row[]> {
  const mark = `${device}-mark`;
  for (const at of [port, localPort])
    await publishLines(at, `devices/${device}/telemetry/machine`, [
      JSON.stringify({ ts: Date.now(), temperature: at }),
    ]);
  await eventually(`${mark} and ${count} rows of ${device} are stored`, async () => {
    const marks = await rowsOf("machine", device);
    return marks.length >= 2 && (await rowsOf(measurement, device)).length >= count;
  });
  return rowsOf(measurement, device);
}

async function rejectsOf(device: string): Promise<string> {
  const where = ["--region", "eu", "--nats", world.region("eu").url, "--device", device];
  const { code, out } = await skerry(["rejects", "list", ...where]);
  expect(code, out).toBe(0);
  return out;
}

test("200 equal pulses of one moment are 200 readings, and their rule fires", async () => {
  await publishLines(port, "sensors/pulse-2/pulse", new Array<string>(200).fill("1"));
  expect(await stored("measurement", "pulse-2", 200)).toHaveLength(200);
  await eventually("the rule fires", () =>
    [...told.values()].some(({ rule, state }) => rule === MANY_PULSES.id && state === "firing"),
  );
});

test("equal readings of which a value is left out are as many as were sent", async () => {
  const line = '{"temperature":21.4,"battery":255}';
  await publishLines(port, "zigbee2mqtt/equal", new Array<string>(50).fill(line));
  expect(await stored("climate", "equal", 50)).toHaveLength(50);
});

test("a file sent through a mapping in three spellings of its times is stored once", async () => {
  const startMs = Math.floor(Date.now() / 1_000) * 1_000 - 7_200_000;
  const times = Array.from({ length: 100 }, (_, n) => startMs + n * 60_000 + 250);
  const berlin = (ms: number): string =>
    Temporal.Instant.fromEpochMilliseconds(ms)
      .toZonedDateTimeISO("Europe/Berlin")
      .toPlainDateTime()
      .toString({ fractionalSecondDigits: 3 })
      .replace(".", ",");
  const spellings = [
    (ms: number) => `"${new Date(ms).toISOString()}"`,
    (ms: number) => String(ms / 1_000),
    (ms: number) => `"${berlin(ms)}"`,
  ];
  for (const spell of spellings)
    await publishLines(
      localPort,
      "files/meter",
      times.map((ms, n) => `{"v":${n}.0,"t":${spell(ms)}}`),
    );
  expect(await stored("measurement", "meter", 100)).toHaveLength(100);
  expect(await rejectsOf("meter")).not.toContain("meter");
});

test("equal values within a millisecond are told apart by their nanoseconds, also when they are sent again", async () => {
  const ms = Date.now();
  const lines = Array.from({ length: 50 }, (_, n) => `{"ts":${ms}${100_001 + n},"v":1}`);
  await publishLines(localPort, "nanoseconds/fast", [...lines, ...lines]);
  expect(await stored("measurement", "fast", 50)).toHaveLength(50);
});

test("a plug on local time is stored as of now, and one without a clock too", async () => {
  const sinceMs = Date.now();
  const local = Temporal.Now.plainDateTimeISO("Europe/Berlin").toString({ smallestUnit: "second" });
  for (const [device, time] of [
    ["plug", local],
    ["unset", "1970-01-01T00:00:09"],
  ])
    await publishLines(localPort, `tele/${device}/SENSOR`, [
      `{"Time":"${time}","ENERGY":{"Power":23}}`,
    ]);
  for (const device of ["plug", "unset"]) {
    const [row] = await stored("energy", device, 1);
    expect(row).toMatchObject({ power: 23 });
    expect(Math.abs(Date.parse(String(row!["time"])) - sinceMs)).toBeLessThan(10_000);
    expect(await rejectsOf(device)).not.toContain(device);
  }
});

test("one bad optional value leaves the temperature, without a reject", async () => {
  const lines = [
    '{"temperature":21.4,"battery":255}',
    '{"temperature":21.5,"humidity":100.4}',
    '{"temperature":21.6,"battery":""}',
  ];
  await publishLines(port, "zigbee2mqtt/th1", lines);
  const rows = await stored("climate", "th1", 3);
  expect(rows.map(({ temperature }) => temperature)).toEqual([21.4, 21.5, 21.6]);
  for (const { battery, humidity } of rows)
    expect([battery ?? null, humidity ?? null]).toEqual([null, null]);
  expect(await rejectsOf("th1")).not.toContain("th1");
});

test("a plug with two relays is two channels and a meter, without a reject", async () => {
  const time = new Date().toISOString().slice(0, 19);
  await publishLines(port, "tele/dual/SENSOR", [
    `{"Time":"${time}","ENERGY":{"Total":3.262,"Power":[23.63,67.17],"Voltage":229}}`,
  ]);
  const rows = await stored("energy", "dual", 3);
  const shown = rows.map(({ channel, power, energy }) => [channel, power, energy]);
  expect(shown.sort()).toEqual(
    [
      [null, null, 3.262],
      ["1", 23.63, null],
      ["2", 67.17, null],
    ].sort(),
  );
  expect(await rejectsOf("dual")).not.toContain("dual");
});
