// Goal: no single record stops anything. Whatever is wrong with it, it is listed with its reason and alerted,
// the processes and lanes go on, and devices that have nothing to do with it are served as before.
// Method: a region and a hub with every process; poisons are written where nothing checks them; bystanders
// publish, raise alerts and get commands after each batch.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { connectAsync } from "mqtt";
import { expect, test } from "vitest";
import type { AlertingStatus, GatewayStatus, LaneStatus } from "../../contracts/messages/status.ts";
import type { SetAsideRecord } from "../../contracts/messages/set-aside.ts";
import {
  CONTRACTS_BUCKET,
  DEVICES_BUCKET,
  POSITIONS_BUCKET,
  RULES_BUCKET,
  alertSubject,
  commandFilter,
  positionKey,
  telemetrySubject,
} from "../../contracts/names/subjects.ts";
import { Bucket } from "../../platform/nats/client/bucket.ts";
import { publishOnce, publisherOn } from "../../platform/nats/client/publish.ts";
import { makeAggregator } from "../support/aggregator.ts";
import { anAlert } from "../support/an-alert.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { startInflux } from "../support/influx.ts";
import { startHubAndRegions } from "../support/nats.ts";
import { startService } from "../support/services.ts";
import { skerry } from "../support/skerry.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const PARTITIONS = 2;
const BYSTANDERS = ["room-1", "room-2", "room-3", "room-4", "room-5"];

interface Listed extends SetAsideRecord {
  readonly domain: string;
  readonly seq: number;
}

test("a dozen poisons: each is listed with its reason, and nobody else notices", async () => {
  await using stack = new AsyncDisposableStack();
  const directory = stack.use(await temporaryDirectory());
  const world = stack.use(await startHubAndRegions({ regions: ["eu"], partitions: PARTITIONS }));
  const influx = stack.use(await startInflux());
  const mqttPort = await freePort();
  const rules = join(directory.path, "rules.json");
  const hot = {
    id: "hot",
    version: 1,
    kind: "threshold",
    contract: "environment",
    when: "temperature > 50",
    commands: [{ on: "firing", payload: { fan: "on" } }],
  };
  await writeFile(rules, JSON.stringify([hot]));
  const applied = await skerry(["rules", "apply", rules, "--nats", world.hub.url]);
  expect(applied.code, applied.out).toBe(0);
  const eu = { SKERRY_REGION: "eu", SKERRY_PARTITIONS: String(PARTITIONS) };
  const gateway = await startService("gateway/main.ts", {
    ...eu,
    SKERRY_NATS_URL: world.region("eu").urlOf("gateway"),
    SKERRY_MQTT_PORT: String(mqttPort),
    SKERRY_DATA_DIR: join(directory.path, "gateway"),
    SKERRY_ANONYMOUS: "loopback",
  });
  stack.use(gateway.process);
  const engine = await startService("gateway/alerting/main.ts", {
    ...eu,
    SKERRY_NATS_URL: world.region("eu").urlOf("alerting"),
  });
  stack.use(engine.process);
  const aggregator = await makeAggregator(world, influx, ["eu"], {
    SKERRY_PARTITIONS: String(PARTITIONS),
  });
  stack.use(aggregator.process);
  await aggregator.process.start();
  const steward = await startService("cloud/steward/main.ts", {
    SKERRY_REGIONS: "eu",
    SKERRY_PARTITIONS: String(PARTITIONS),
    SKERRY_NATS_URL: world.hub.urlOf("steward"),
    SKERRY_INFLUX_URL: influx.url,
  });
  stack.use(steward.process);
  const pids = (): (number | undefined)[] =>
    [gateway, engine, aggregator, steward].map(({ process }) => process.pid);
  const began = pids();

  const region = await world.region("eu").connect();
  const hub = await world.hub.connect();
  const store = (connection: typeof region, subject: string, data: string | Uint8Array) => {
    const bytes = typeof data === "string" ? Buffer.from(data) : data;
    const messageId = `${subject}:${performance.now()}`;
    return publishOnce(publisherOn(connection), { subject, data: bytes, messageId });
  };
  const alert = (key: string, data: unknown) =>
    store(region, alertSubject({ region: "eu", rule: "poison", key }), JSON.stringify(data));
  const client = await connectAsync(`mqtt://127.0.0.1:${mqttPort}`, { clientId: "bystander" });
  stack.defer(() => client.endAsync());
  const heard = new Set<string>();
  client.on("message", (topic) => void heard.add(topic));
  await client.subscribeAsync(["alerts/hot/#", "devices/+/commands/#"], { qos: 1 });

  let round = 0;
  /** Every bystander raises its alert, is told its command, and its reading reaches the sink. */
  const bystandersAreServed = async (): Promise<void> => {
    round += 1;
    const before = (await aggregator.status()).readingsStored;
    for (const temperature of [80, 20]) {
      heard.clear();
      for (const room of BYSTANDERS) {
        const payload = { seq: round * 100 + temperature, temperature, humidity: 40 };
        const rest = { light: 1, co2: 500, occupancy: 1 };
        const topic = `devices/${room}/telemetry/environment`;
        await client.publishAsync(topic, JSON.stringify({ ...payload, ...rest }), { qos: 1 });
      }
      await eventually(`round ${round}: everybody's alert at ${temperature} is told`, () =>
        BYSTANDERS.every((room) => heard.has(`alerts/hot/${room}`)),
      );
    }
    await eventually(`round ${round}: the readings are in the sink`, async () => {
      const { readingsStored } = await aggregator.status();
      return readingsStored >= before + 2 * BYSTANDERS.length;
    });
  };
  const list = async (): Promise<Listed[]> => {
    const all: Listed[] = [];
    for (const [at, { url }] of [
      ["eu", world.region("eu")],
      ["hub", world.hub],
    ] as const) {
      const { code, out } = await skerry([
        "set-aside",
        "list",
        "--at",
        at,
        "--json",
        "--nats",
        url,
      ]);
      expect(code, out).toBe(0);
      for (const line of out.split("\n").filter((text) => text !== ""))
        all.push(JSON.parse(line) as Listed);
    }
    return all;
  };
  const listed = async (): Promise<string[]> =>
    (await list())
      .map(({ domain, by, kind, reason }) => `${domain} ${by} ${kind} ${reason}`)
      .sort();

  await bystandersAreServed();
  expect(await listed()).toEqual([]);

  // Alerts of keys that no reading may have any more, or that are none; one asks for a command that is none.
  await alert("surrogate", anAlert({ rule: "poison", key: "\ud800" }));
  await alert("long", anAlert({ rule: "poison", key: "k".repeat(70_000) }));
  await alert("number", 7);
  await store(region, alertSubject({ region: "eu", rule: "poison", key: "torn" }), '{"rule":');
  const command = { device: "a/b", payload: 1, expiresMs: 60_000 };
  await alert("command", anAlert({ rule: "poison", key: "command", commands: [command] }));
  // Commands that are none.
  await store(hub, commandFilter({ device: "room-1", id: "torn" }), "{");
  await store(hub, commandFilter({ device: "room-1", id: "level" }), '{"id":"a/b","device":"x"}');
  // Records of devices, rules and contracts.
  const put = async (bucket: string, key: string, value: string): Promise<void> =>
    void (await (await Bucket.open(hub, bucket)).put(key, value));
  await put(DEVICES_BUCKET, "boiler", "{");
  await put(
    DEVICES_BUCKET,
    "pump",
    '{"id":"other","role":"device","credentials":[],"createdAtMs":1}',
  );
  await put(RULES_BUCKET, "broken", '{"id":"broken","when":"((("}');
  await put(RULES_BUCKET, "torn", "not json");
  await put(CONTRACTS_BUCKET, "gadget.v1", '{"schema":7}');
  await put(CONTRACTS_BUCKET, "Nonsense", "{}");
  // Frames: damaged bytes in every lane, and a frame that lies about itself.
  for (let partition = 0; partition < PARTITIONS; partition++) {
    await store(
      region,
      telemetrySubject("eu", partition),
      Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 9]),
    );
    await store(region, telemetrySubject("eu", partition), "[null]");
  }

  await bystandersAreServed();
  const expected = [
    // Two in each of two lanes, for both operators.
    ...Array<string>(2 * PARTITIONS).fill("eu alerting frame unreadable"),
    ...Array<string>(2 * PARTITIONS).fill("hub aggregator frame unreadable"),
    // Shown on a topic, and looked through for commands. Keys that no reading may have any more are shown.
    "eu gateway alert unpublishable",
    ...Array<string>(2 + 2).fill("eu gateway alert unreadable"),
    ...Array<string>(2).fill("eu gateway command unreadable"),
    ...Array<string>(2).fill("eu gateway device unreadable"),
    ...Array<string>(2).fill("eu alerting rule unreadable"),
    ...["eu gateway", "eu alerting", "hub aggregator"].flatMap((who) =>
      Array<string>(2).fill(`${who} contract unreadable`),
    ),
  ].sort();
  await eventually(
    "every poison is listed",
    async () => (await listed()).length >= expected.length,
  );
  expect(await listed()).toEqual(expected);
  expect(pids()).toEqual(began);
  const lanes: LaneStatus[] = [
    ...(await engine.status<AlertingStatus>()).lanes,
    ...(await aggregator.status()).lanes,
  ];
  expect(lanes.map(({ stoppedBy }) => stoppedBy)).toEqual(lanes.map(() => null));
  expect((await gateway.status<GatewayStatus>()).setAside).toBeGreaterThan(0);

  // Commands that list records tell of those that are none, or pass them over.
  const said = async (...args: string[]): Promise<string> => {
    const { code, out } = await skerry([...args, "--nats", world.hub.url]);
    expect(code, out).toBe(0);
    return out;
  };
  expect(await said("rules", "list")).toMatch(/^broken: is no rule .*\n(.*\n)*torn: is no rule/m);
  expect(await said("devices", "list")).toMatch(/the record boiler is unreadable/);
  expect(await said("commands", "status")).toBe("no commands\n");
  const told = async (at: string, url: string): Promise<string[]> => {
    const { out } = await skerry(["alerts", "list", "--region", at, "--nats", url]);
    return out.split("\n").filter((line) => line.includes("record_set_aside"));
  };
  await eventually("each place and reason is alerted", async () => {
    const [eu, atHub] = [
      await told("eu", world.region("eu").url),
      await told("hub", world.hub.url),
    ];
    return eu.length === 8 && atHub.length === 2;
  });

  // A restart meets the same records again: they are still one each, and it comes up. One is mended
  // while nobody looks.
  await gateway.process.kill();
  const pump = { id: "pump", role: "device", credentials: [], createdAtMs: 1 };
  await put(DEVICES_BUCKET, "pump", JSON.stringify(pump));
  await gateway.process.start();
  for (const [{ process }, connection, operator] of [
    [engine, region, "alerting"],
    [aggregator, hub, "aggregator"],
  ] as const) {
    await process.kill();
    // Where it stood is torn, too: the lane begins anew, and nothing is raised or counted twice.
    const positions = await Bucket.open(connection, POSITIONS_BUCKET);
    const key = positionKey(operator, { region: "eu", partition: 0 });
    expect(await positions.get(key)).not.toBeNull();
    await positions.put(key, '{"position":{"seq":5}}');
    await process.start();
  }
  await eventually("the bystander is connected again", () => client.connected);
  await bystandersAreServed();
  // An engine that starts looks at the last alert of each rule and key, too.
  const afterwards = [
    ...expected,
    ...Array<string>(2).fill("eu alerting alert unreadable"),
    "eu alerting position unreadable",
    "hub aggregator position unreadable",
  ].sort();
  expect(await listed()).toEqual(afterwards);

  // What is mended goes by itself; what is retried in vain stays; what is dropped ends its alert.
  await put(RULES_BUCKET, "torn", JSON.stringify({ ...hot, id: "torn" }));
  await eventually("the mended rule is not listed", async () => {
    return !(await list()).some(
      ({ place }) => place.subject.endsWith(".torn") && place.stream === "KV_rules",
    );
  });
  const url = world.region("eu").url;
  const retried = await skerry(["set-aside", "retry", "--all", "--at", "eu", "--nats", url]);
  expect(retried.out).toMatch(/still set aside: frame \d+ cannot be read/);
  expect(retried.out).toMatch(/^1 handled, \d+ still set aside$/m);
  expect(retried.code).toBe(1);
  expect((await list()).filter(({ kind }) => kind === "device")).toMatchObject([
    { place: { subject: "$KV.devices.boiler" }, payload: null },
  ]);
  for (const [at, { url: there }] of [
    ["eu", world.region("eu")],
    ["hub", world.hub],
  ] as const)
    expect((await skerry(["set-aside", "drop", "--all", "--at", at, "--nats", there])).out).toMatch(
      /dropped/,
    );
  expect(await listed()).toEqual([]);
  await eventually("the alerts are resolved", async () => {
    return (await told("eu", url)).length + (await told("hub", world.hub.url)).length === 0;
  });
}, 150_000); // Some forty command lines, each a process.
