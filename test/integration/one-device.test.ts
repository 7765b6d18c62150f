// Goal: one device, whatever it says, stops no gateway, no rule and no alert of another device.
// Method: a gateway and an engine with one lane, so that all devices meet; readings that once ended a region.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Alert } from "../../contracts/messages/alert.ts";
import { CONTRACTS_BUCKET } from "../../contracts/names/subjects.ts";
import { latestAlerts } from "../../cloud/operations/alerts/latest.ts";
import { Bucket } from "../../platform/nats/client/bucket.ts";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { say } from "../poison/poison.ts";
import { FREE_KEY_CONTRACT } from "../poison/readings.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { type NatsWorld, startHubAndRegions } from "../support/nats.ts";
import { type Service, startService } from "../support/services.ts";
import { skerry } from "../support/skerry.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const stack = new AsyncDisposableStack();
let world: NatsWorld;
let region: NatsConnection;
let directory: string;
let mqttPort: number;
let services: readonly Service[];
let pids: readonly (number | undefined)[];

beforeAll(async () => {
  world = stack.use(await startHubAndRegions({ regions: ["eu"], partitions: 1 }));
  directory = stack.use(await temporaryDirectory()).path;
  mqttPort = await freePort();
  region = await world.region("eu").connect();
  const eu = { SKERRY_REGION: "eu", SKERRY_PARTITIONS: "1" };
  services = await Promise.all([
    startService("gateway/main.ts", {
      ...eu,
      SKERRY_NATS_URL: world.region("eu").urlOf("gateway"),
      SKERRY_MQTT_PORT: String(mqttPort),
      SKERRY_DATA_DIR: join(directory, "gateway"),
      SKERRY_ANONYMOUS: "loopback",
    }),
    startService("gateway/alerting/main.ts", {
      ...eu,
      SKERRY_NATS_URL: world.region("eu").urlOf("alerting"),
    }),
  ]);
  for (const { process } of services) stack.use(process);
  pids = services.map(({ process }) => process.pid);
});
afterAll(() => stack.disposeAsync());

async function apply(rule: object): Promise<void> {
  const file = join(directory, "rule.json");
  await writeFile(file, JSON.stringify([rule]));
  const { code, out } = await skerry(["rules", "apply", file, "--nats", world.hub.url]);
  expect(code, out).toBe(0);
}

const publish = (device: string, contract: string, reading: object): Promise<number | null> => {
  const topic = `devices/${device}/telemetry/${contract}`;
  return say({ mqttPort }, `client-${device}`, { topic, payload: JSON.stringify(reading) });
};

const alertOf = async (rule: string, key: string): Promise<Alert | undefined> =>
  (await latestAlerts(region, "eu")).find((one) => one.rule === rule && one.key === key);

test("a rule that throws for one device resolves and fires for all others of its lane", async () => {
  const when = "double(sensor) > 5.0 && value > 30";
  const id = "per-sensor-limit";
  await apply({ id, version: 1, kind: "threshold", contract: "measurement", when });
  const measure = (device: string, value: number, sensor: string) =>
    publish(device, "measurement", { ts: Date.now(), value, sensor });
  await eventually("w3 fires", async () => {
    expect(await measure("w3", 50, "7")).toBe(0);
    return (await alertOf(id, "w3{sensor=7}"))?.state === "firing";
  });
  expect(await measure("evil", 50, "kitchen")).toBe(0);
  expect(await measure("w3", 10, "7")).toBe(0);
  expect(await measure("w7", 99, "7")).toBe(0);
  await eventually("w7 fires", async () => (await alertOf(id, "w7{sensor=7}"))?.state === "firing");
  await eventually(
    "w3 resolves",
    async () => (await alertOf(id, "w3{sensor=7}"))?.state === "resolved",
  );
  await eventually("the key that cannot be evaluated is told", async () => {
    return (await alertOf("rule_error", `${id}/evil{sensor=kitchen}`))?.state === "firing";
  });
  const { out } = await skerry([
    "alerts",
    "list",
    "--region",
    "eu",
    "--nats",
    world.region("eu").url,
  ]);
  expect(out).not.toMatch(/rule_disabled/);
});

test("keys that no topic can carry are refused, every process lives, and the rule can be deleted", async () => {
  const hub = await world.hub.connect();
  const value = { schema: FREE_KEY_CONTRACT, publishedAtMs: Date.now(), mode: "BACKWARD" };
  await (await Bucket.open(hub, CONTRACTS_BUCKET)).put("bill.v1", JSON.stringify(value));
  await apply({
    id: "bill-high",
    version: 1,
    kind: "threshold",
    contract: "bill",
    when: "value > 50.0",
  });
  const bill = (account: string, seq: number) =>
    publish("b1", "bill", { seq, account, value: 100 });
  await eventually("a right one raises its alert", async () => {
    await bill("right", 1);
    return (await alertOf("bill-high", "right"))?.state === "firing";
  });
  for (const [at, account] of ["\ud800", "k".repeat(70_000), ""].entries())
    expect(await bill(account, 2 + at)).toBeGreaterThanOrEqual(0x80);
  const deleted = await skerry(["rules", "delete", "bill-high", "--nats", world.hub.url]);
  expect(deleted.code, deleted.out).toBe(0);
  await eventually("its alert is resolved", async () => {
    await publish("b1", "bill", { seq: 9, account: "right", value: 100 });
    return (await alertOf("bill-high", "right"))?.state === "resolved";
  });
  expect(services.map(({ process }) => process.pid)).toEqual(pids);
});
