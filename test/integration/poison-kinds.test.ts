// Goal: whatever is sent or stored, no process ends, no lane stands still, and each kind of poison is listed
// with its reason.
// Method: a region and a hub with every process; the list of test/poison, which `npm run poison` measures
// the bystanders of.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { connectAsync } from "mqtt";
import { expect, test } from "vitest";
import type { AlertingStatus, LaneStatus } from "../../contracts/messages/status.ts";
import type { Installation } from "../poison/poison.ts";
import { POISONS, prepare, tryPoisons } from "../poison/try-poisons.ts";
import { makeAggregator } from "../support/aggregator.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { startInflux } from "../support/influx.ts";
import { startHubAndRegions } from "../support/nats.ts";
import { startService } from "../support/services.ts";
import { skerry } from "../support/skerry.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const PARTITIONS = 2;
const PROJECT = join(import.meta.dirname, "../..");

const HOT = {
  id: "hot",
  version: 1,
  kind: "threshold",
  contract: "environment",
  when: "temperature > 50",
};

test("two hundred kinds of poison: nothing ends, nothing stands still, and each is listed", async () => {
  await using stack = new AsyncDisposableStack();
  const directory = stack.use(await temporaryDirectory());
  const world = stack.use(await startHubAndRegions({ regions: ["eu"], partitions: PARTITIONS }));
  const influx = stack.use(await startInflux());
  const [mqttPort, httpPort] = [await freePort(), await freePort()];
  const rules = join(directory.path, "rules.json");
  await writeFile(rules, JSON.stringify([HOT]));
  const channels = join(directory.path, "channels.json");
  await writeFile(
    channels,
    JSON.stringify([
      {
        name: "nobody",
        kind: "webhook",
        format: "json",
        url: `http://127.0.0.1:${await freePort()}/`,
      },
    ]),
  );
  const eu = { SKERRY_REGION: "eu", SKERRY_PARTITIONS: String(PARTITIONS) };
  const gateway = await startService("gateway/main.ts", {
    ...eu,
    SKERRY_NATS_URL: world.region("eu").urlOf("gateway"),
    SKERRY_MQTT_PORT: String(mqttPort),
    SKERRY_HTTP_PORT: String(httpPort),
    SKERRY_DATA_DIR: join(directory.path, "gateway"),
    SKERRY_MAPPINGS: join(PROJECT, "infra/mappings/examples.json"),
    SKERRY_ANONYMOUS: "loopback",
  });
  stack.use(gateway.process);
  const engine = await startService("gateway/alerting/main.ts", {
    ...eu,
    SKERRY_NATS_URL: world.region("eu").urlOf("alerting"),
    SKERRY_RULES: rules,
  });
  stack.use(engine.process);
  const aggregator = await makeAggregator(world, influx, ["eu"], {
    SKERRY_PARTITIONS: String(PARTITIONS),
  });
  stack.use(aggregator.process);
  await aggregator.process.start();
  const notifier = await startService("cloud/notifier/main.ts", {
    SKERRY_REGIONS: "eu",
    SKERRY_NATS_URL: world.hub.urlOf("notifier"),
    SKERRY_CHANNELS: channels,
  });
  stack.use(notifier.process);
  const pids = (): (number | undefined)[] =>
    [gateway, engine, aggregator, notifier].map(({ process }) => process.pid);
  const began = pids();

  const bystander = await connectAsync(`mqtt://127.0.0.1:${mqttPort}`, { clientId: "bystander" });
  stack.defer(() => bystander.endAsync());
  const heard = new Set<string>();
  bystander.on("message", (topic) => void heard.add(topic));
  await bystander.subscribeAsync("alerts/hot/#", { qos: 1 });
  const installation: Installation = {
    region: "eu",
    partitions: PARTITIONS,
    mqttPort,
    httpPort,
    regionNats: await world.region("eu").connect(),
    hubNats: await world.hub.connect(),
  };
  await prepare(installation);
  const statuses = {
    alerting: () => engine.status<AlertingStatus>(),
    aggregator: () => aggregator.status(),
  };

  const tried = await tryPoisons(installation, statuses);
  expect(POISONS.length).toBeGreaterThanOrEqual(200);
  expect.soft(tried.filter(({ listed }) => listed === null).map(({ name }) => name)).toEqual([]);
  expect.soft(pids()).toEqual(began);

  // What lists records meets those that are none, too.
  const [region, hub] = [world.region("eu").url, world.hub.url];
  for (const [url, ...args] of [
    [region, "rejects", "list", "--region", "eu", "--limit", "5000"],
    [region, "set-aside", "list", "--at", "eu"],
    [hub, "set-aside", "list", "--at", "hub"],
    [region, "alerts", "list", "--region", "eu"],
    [hub, "rules", "list"],
    [hub, "devices", "list"],
    [hub, "contracts", "list"],
    [hub, "commands", "status"],
    [hub, "notify", "dead", "list", "--at", "hub"],
  ] as const) {
    const { code, out } = await skerry([...args, "--nats", url]);
    expect.soft(code, `${args.join(" ")}: ${out.slice(-2_000)}`).toBe(0);
  }

  // Bystanders of both lanes are served.
  const { readingsStored } = await aggregator.status();
  const rooms = ["room-1", "room-2", "room-3", "room-4", "room-5"];
  for (const temperature of [80, 20]) {
    heard.clear();
    for (const room of rooms) {
      const values = { temperature, humidity: 40, light: 1, co2: 500, occupancy: 1 };
      const payload = JSON.stringify({ seq: temperature, ...values });
      await bystander.publishAsync(`devices/${room}/telemetry/environment`, payload, { qos: 1 });
    }
    await eventually(`alerts at ${temperature}`, () =>
      rooms.every((room) => heard.has(`alerts/hot/${room}`)),
    );
  }
  await eventually("the readings are in the sink", async () => {
    return (await aggregator.status()).readingsStored >= readingsStored + 2 * rooms.length;
  });
  const lanes: LaneStatus[] = [
    ...(await statuses.alerting()).lanes,
    ...(await statuses.aggregator()).lanes,
  ];
  expect(lanes.map(({ stoppedBy }) => stoppedBy)).toEqual(lanes.map(() => null));
});
