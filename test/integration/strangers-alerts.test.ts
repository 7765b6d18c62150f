// Goal: devices that are not ours raise the alerts that they should, and no others: slow clocks, buffers that are
// sent late, several quantities of one device, notifications that hold only what changed.
// Method: a region with its mappings as shipped, a gateway and an engine; devices publish as they do.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type MqttClient, connectAsync } from "mqtt";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Alert } from "../../contracts/messages/alert.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { startHubAndRegions } from "../support/nats.ts";
import { startService } from "../support/services.ts";
import { skerry } from "../support/skerry.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const RULES = [
  { id: "hot", kind: "threshold", contract: "climate", when: "temperature > 50" },
  { id: "batch-hot", kind: "threshold", contract: "measurement", when: "value == 99" },
  {
    id: "m-rate",
    kind: "rate",
    contract: "measurement",
    value: "value",
    per: "1m",
    when: "rate > 500 || rate < -500",
  },
  {
    id: "m-avg",
    kind: "aggregate",
    contract: "measurement",
    value: "value",
    over: "1m",
    having: "avg > 100 && avg < 1000 && count >= 4",
  },
  {
    id: "warm-and-heating",
    kind: "composite",
    contracts: { room: "climate", plug: "energy" },
    when: "room.temperature > 25 && plug.power > 500",
    within: "10m",
  },
  { id: "loud", kind: "threshold", contract: "energy", when: "power > 5000" },
].map((rule) => ({ version: 1, ...rule }));

const stack = new AsyncDisposableStack();
let client: MqttClient;
const told = new Map<string, Alert>();

beforeAll(async () => {
  const directory = stack.use(await temporaryDirectory());
  const world = stack.use(await startHubAndRegions({ regions: ["eu"], partitions: 2 }));
  const rules = join(directory.path, "rules.json");
  await writeFile(rules, JSON.stringify(RULES));
  const applied = await skerry(["rules", "apply", rules, "--nats", world.hub.url]);
  expect(applied.code, applied.out).toBe(0);
  const mqttPort = await freePort();
  const eu = { SKERRY_REGION: "eu", SKERRY_PARTITIONS: "2" };
  const gateway = await startService("gateway/main.ts", {
    ...eu,
    SKERRY_NATS_URL: world.region("eu").urlOf("gateway"),
    SKERRY_MQTT_PORT: String(mqttPort),
    SKERRY_DATA_DIR: join(directory.path, "gateway"),
    SKERRY_MAPPINGS: "infra/mappings/examples.json",
    SKERRY_ANONYMOUS: "loopback",
  });
  stack.use(gateway.process);
  const engine = await startService("gateway/alerting/main.ts", {
    ...eu,
    SKERRY_NATS_URL: world.region("eu").urlOf("alerting"),
  });
  stack.use(engine.process);
  client = await connectAsync(`mqtt://127.0.0.1:${mqttPort}`, { clientId: "strangers" });
  stack.defer(() => client.endAsync());
  client.on("message", (topic, payload) => {
    if (payload.length > 0) told.set(topic, JSON.parse(payload.toString()) as Alert);
  });
  await client.subscribeAsync("alerts/#", { qos: 1 });
}, 60_000);

afterAll(() => stack.disposeAsync());

const say = (topic: string, payload: unknown) =>
  client.publishAsync(topic, JSON.stringify(payload), { qos: 1 });
const climate = (device: string, temperature: number, agoMs = 0) =>
  say(`devices/${device}/telemetry/climate`, { ts: Date.now() - agoMs, temperature });
const alertOf = (rule: string, key: string, late = false): Alert | undefined =>
  told.get(`alerts/${rule}/${encodeURIComponent(key)}${late ? "/late" : ""}`);
const fires = (rule: string, key: string, late = false): Promise<Alert> =>
  eventually(`${rule} fires for ${key}`, () => {
    const alert = alertOf(rule, key, late);
    return alert?.state === "firing" && alert;
  });
/** Whatever the device's lane had to say about its earlier readings has been told after this. */
const allIsSaidOf = async (device: string): Promise<void> => {
  await climate(device, 99);
  await fires("hot", device);
};

test.each([
  ["a few seconds", 3_000, false],
  ["10 seconds", 10_000, false],
  ["10 minutes", 600_000, true],
  ["3 hours", 3 * 3_600_000, true],
])(
  "a device whose clock is %s behind raises its alert when its reading arrives",
  async (_, behindMs, late) => {
    const device = `slow-${behindMs}`;
    await climate(device, 70, behindMs);
    const alert = await fires("hot", device, late);
    expect(alert.late === true).toBe(late);
    expect(Math.abs(alert.receivedAtMs - behindMs - alert.atMs)).toBeLessThan(1_000);
    // Not the other way as well.
    expect(alertOf("hot", device, !late)).toBeUndefined();
  },
);

test("a freezer that thawed while it was away is told of when its buffer arrives, and is well now", async () => {
  await climate("freezer-1", -18);
  for (let minute = 9; minute >= 2; minute--) await climate("freezer-1", 70, minute * 60_000);
  const alert = await fires("hot", "freezer-1", true);
  expect(alert.message).toContain("while it was away");
  expect(alertOf("hot", "freezer-1")).toBeUndefined();
  // The buffer first, then what is.
  for (let minute = 9; minute >= 2; minute--) await climate("freezer-2", 70, minute * 60_000);
  await climate("freezer-2", -18);
  await fires("hot", "freezer-2", true);
});

test("a batch by the shipped mapping raises what its readings say", async () => {
  const now = Math.floor(Date.now() / 1_000);
  await say("batches/logger-1", {
    quantity: "temperature",
    readings: [
      { t: now - 30, v: 99 },
      { t: now - 10, v: 99 },
    ],
  });
  await fires("batch-hot", "logger-1{quantity=temperature}");
});

test("temperature and pressure of one room never meet in a rate or a mean", async () => {
  for (let time = 0; time < 6; time++) {
    await say("sensors/room9/temperature", 20);
    await say("sensors/room9/pressure", 1_013);
  }
  await allIsSaidOf("room9");
  expect([...told.keys()].filter((topic) => topic.includes("room9"))).toEqual(["alerts/hot/room9"]);
});

const notify = (device: string, value: object) =>
  say(`${device}/events/rpc`, {
    method: "NotifyStatus",
    params: { ts: Math.floor(Date.now() / 1_000), "switch:0": value },
  });

test.each([
  ["in one notification", [{ apower: 800, aenergy: { total: 1_000 } }]],
  ["in two notifications", [{ apower: 800 }, { aenergy: { total: 1_000 } }]],
  ["alone", [{ apower: 800 }]],
])(
  "a plug that tells its power and meter %s is joined with the climate of its room",
  async (name, notifications) => {
    const device = `plug-${name.replaceAll(" ", "-")}`;
    for (const value of notifications) await notify(device, value);
    await climate(device, 30);
    await fires("warm-and-heating", device);
  },
);

test("two relays of one device are two alerts", async () => {
  const Time = new Date().toISOString().slice(0, 19);
  await say("tele/dual/SENSOR", {
    Time,
    ENERGY: { Total: 3.262, Power: [23.63, 6_700.17], Voltage: 229 },
  });
  const loud = await eventually("the loud one is told", () => {
    const found = [...told.values()].filter(({ rule }) => rule === "loud");
    return found.length > 0 && found;
  });
  await allIsSaidOf("dual");
  expect(loud.map(({ series, value }) => [series?.key, value])).toEqual([["dual", 6_700.17]]);
});
