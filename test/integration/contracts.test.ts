// Goal: a version that is published reaches every region at once, also past a dead WAN, and one that
// would break buffered readings reaches nobody; operators wait for a version instead of losing data.
// Method: `skerry contracts …` as child processes, real nats-servers, a real aggregator and engine.
import { execFile, execFileSync } from "node:child_process";
import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { SCHEMAS_DIRECTORY, type Catalog } from "../../contracts/schema/catalog.ts";
import type { AlertingStatus, LaneStatus } from "../../contracts/messages/status.ts";
import {
  contractSubject,
  openContractRegistry,
} from "../../platform/nats/lanes/contract-registry.ts";
import { makeLogger } from "../../platform/runtime/logger.ts";
import { startInflux } from "../support/influx.ts";
import { FrameWriter } from "../support/nats-frames.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { ServerProcess } from "../support/server-process.ts";
import { skerry as runSkerry } from "../support/skerry.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { type NatsWorld, startHubAndRegions } from "../support/nats.ts";

const PROJECT = join(import.meta.dirname, "../..");
const stack = new AsyncDisposableStack();
const stop = new AbortController();
let world: NatsWorld;
let directory: string;

beforeAll(async () => {
  world = stack.use(await startHubAndRegions({ regions: ["eu"] }));
  stack.defer(() => stop.abort());
  directory = stack.use(await temporaryDirectory()).path;
});
afterAll(() => stack.disposeAsync());

interface Result {
  code: number;
  out: string;
  err: string;
}

const skerry = (args: readonly string[], cwd = directory): Promise<Result> =>
  new Promise((resolve) => {
    const all = [join(PROJECT, "infra/cli/main.ts"), "contracts", ...args];
    execFile(process.execPath, all, { cwd }, (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, out, err }),
    );
  });

const publish = (schemas: string, ...more: string[]): Promise<Result> =>
  skerry(["publish", "--schemas", schemas, "--nats", world.hub.url, ...more]);

const number = (more: object = {}) => ({ type: "number", "x-role": "field", ...more });
const schema = (properties: object, more: object = {}) => ({
  type: "object",
  additionalProperties: false,
  properties: { ts: { type: "integer", "x-role": "time" }, ...properties },
  ...more,
});

/** Writes a directory of schemas: `{ "pump/v1": {…} }`. */
function writeSchemas(name: string, files: Record<string, object | string>): string {
  const path = join(directory, name);
  for (const [file, content] of Object.entries(files)) {
    const at = join(path, `${file}.json`);
    mkdirSync(dirname(at), { recursive: true });
    writeFileSync(at, typeof content === "string" ? content : JSON.stringify(content, null, 2));
  }
  return path;
}

async function regionCatalog(): Promise<Catalog> {
  const connection = await world.region("eu").connect();
  const logger = makeLogger({}, "silent");
  return openContractRegistry(
    { connection, shippedDirectory: SCHEMAS_DIRECTORY, logger },
    stop.signal,
  );
}

test("published at the hub, known in the region at once; an incompatible one is refused", async () => {
  const catalog = await regionCatalog();
  expect(catalog.get("environment", 1)).toBeDefined();
  const v1 = schema({ flow: number({ "x-unit": "m3/h" }) });
  const schemas = writeSchemas("publish", { "pump/v1": v1 });
  const known = catalog.whenKnown("pump", 1, AbortSignal.timeout(10_000));
  const published = await publish(schemas);
  const answeredMs = performance.now();
  expect(published).toMatchObject({ code: 0, out: "published pump v1\n" });
  expect((await known)?.fields.map(({ name }) => name)).toEqual(["flow"]);
  expect(performance.now() - answeredMs).toBeLessThan(2_000);
  expect(await publish(schemas)).toMatchObject({ code: 0, out: "nothing new to publish\n" });

  writeSchemas("publish", {
    "pump/v2": schema({ flow: number({ "x-unit": "l/s" }), p: number() }, { required: ["p"] }),
  });
  const refused = await publish(schemas);
  expect(refused.code).toBe(1);
  expect(refused.err).toContain(
    "pump/v2.json: p: v2 requires `p`, v1 does not: readings that devices on v1 still buffer would be rejected by v2",
  );
  expect(refused.err).toContain("pump/v2.json: flow: is in m3/h in v1 and in l/s in v2");
  expect(refused.out).toBe("nothing published: 2 problems\n");
  expect(catalog.get("pump", 2)).toBeUndefined();

  // The bucket counts, whatever the directory says v1 was; so do the versions that ship.
  const other = writeSchemas("other", {
    "pump/v1": schema({ flow: number() }),
    "machine/v2": schema({ temperature: { type: "integer", "x-role": "field" } }),
  });
  const immutable = await publish(other);
  expect(immutable.code).toBe(1);
  expect(immutable.err).toContain("pump/v1.json: it differs from pump v1 of the bucket");
  expect(immutable.err).toContain("machine/v2.json: temperature: is of type number in v1");

  const list = await skerry(["list", "--nats", world.region("eu").url]);
  expect(list.out).toMatch(/^pump v1 {2}published \d{4}-.*\(BACKWARD\)$/m);
  expect(list.out).toMatch(/^machine v1 {2}shipped, not published$/m);
  const mirror = await skerry(["publish", "--schemas", schemas, "--nats", world.region("eu").url]);
  expect(mirror).toMatchObject({
    code: 1,
    err: expect.stringContaining("say the hub's URL") as string,
  });
});

test("names that the store needs are refused before anybody has to live with them", async () => {
  const tag = { type: "string", "x-role": "tag" };
  const schemas = writeSchemas("reserved", {
    "clash/v1": schema({ device: tag, region: tag, value: number() }),
    "clashtime/v1": schema({ time: number(), value: number() }),
    "clashfield/v1": schema({ device: { type: "string", "x-role": "field" }, value: number() }),
    "climate_10s/v1": schema({ count: number(), value: number() }),
    "anyof/v1": schema({ value: number() }, { anyOf: [{ minProperties: 1 }] }),
  });
  for (const run of [() => publish(schemas), () => skerry(["check", "--schemas", schemas])]) {
    const { code, err } = await run();
    expect(code).toBe(1);
    for (const line of [
      'clash/v1.json: device: a stored property may not be called "device"',
      'clash/v1.json: region: a stored property may not be called "region"',
      'clashtime/v1.json: time: a stored property may not be called "time"',
      'clashfield/v1.json: device: a stored property may not be called "device"',
      "climate_10s/v1.json: a contract's name may not end in _10s",
      'anyof/v1.json: the keyword "anyOf" is not allowed',
    ])
      expect(err).toContain(line);
  }
});

test("a break on purpose needs a reason, which is kept, and is a new beginning", async () => {
  const schemas = writeSchemas("breaks", { "boiler/v1": schema({ heat: number() }) });
  expect(await publish(schemas)).toMatchObject({ code: 0 });
  const text = { type: "string", "x-role": "field" };
  writeSchemas("breaks", { "boiler/v2": schema({ heat: text }) });
  expect(await publish(schemas)).toMatchObject({ code: 1 });
  expect(await publish(schemas, "--mode", "NONE")).toMatchObject({
    code: 2,
    err: expect.stringContaining("--mode NONE needs --reason") as string,
  });
  expect(await publish(schemas, "--reason", "because")).toMatchObject({ code: 2 });
  expect(await publish(schemas, "--mode", "NONE", "--reason", " ")).toMatchObject({
    code: 1,
    err: expect.stringContaining("--reason is empty") as string,
  });
  const broken = await publish(
    schemas,
    "--mode",
    "NONE",
    "--reason",
    "no boiler sends v1 any more",
  );
  expect(broken).toMatchObject({ code: 0, out: "published boiler v2\n" });
  expect(broken.err).toMatch(/^warning: .*boiler\/v2.json: heat: is of type number in v1/m);
  const { out } = await skerry(["list", "--nats", world.hub.url]);
  expect(out).toMatch(/^boiler v2 {2}published .*\(NONE: no boiler sends v1 any more\)$/m);

  writeSchemas("breaks", { "boiler/v3": schema({ heat: text, note: text }) });
  expect(await publish(schemas)).toMatchObject({ code: 0, out: "published boiler v3\n" });
});

test("two publishers of one number: one wins, the other is told; entries of nobody harm nobody", async () => {
  const one = writeSchemas("one", { "valve/v1": schema({ a: number() }) });
  const two = writeSchemas("two", { "valve/v1": schema({ b: number() }) });
  const results = await Promise.all([publish(one), publish(two)]);
  expect(results.map(({ code }) => code).sort()).toEqual([0, 1]);
  const loser = results.find(({ code }) => code === 1)!;
  expect(loser.err).toContain("valve/v1.json: it differs from valve v1 of the bucket");

  const hub = await world.hub.connect();
  await hub.jetstream().publish(contractSubject("broken", 1), "{");
  const valve = { name: "valve", version: 2, schema: schema({ a: number(), b: number() }) };
  await hub.jetstream().publish(contractSubject(valve.name, 2), JSON.stringify(valve));
  const catalog = await regionCatalog();
  expect(await catalog.whenKnown("valve", 2, AbortSignal.timeout(5_000))).not.toBeNull();
  expect(catalog.names).not.toContain("broken");
  const third = writeSchemas("third", { "broken/v1": schema({}) });
  const taken = await publish(third);
  expect(taken.err).toContain("warning: the entry $KV.contracts.broken.v1 is ignored everywhere");
  expect(taken.err).toContain("a number is used once");
  expect(taken.code).toBe(1);
});

test("with the hub down a region's registry opens with all that was published", async () => {
  await world.hub.process.kill();
  try {
    const catalog = await regionCatalog();
    expect(catalog.get("pump", 1)).toBeDefined();
    expect(catalog.get("machine", 1)).toBeDefined();
  } finally {
    await world.hub.process.start();
  }
});

test("frames of a contract that nobody published hold up no lane, and count once it is: retried", async () => {
  await using influx = await startInflux();
  const start = async (main: string, env: Record<string, string>): Promise<string> => {
    const status = `http://127.0.0.1:${await freePort()}`;
    const process_ = new ServerProcess({
      name: main,
      program: process.execPath,
      args: [join(PROJECT, main), "--status-port", new URL(status).port],
      env,
      ready: async () => (await fetch(`${status}/readyz`)).ok,
    });
    stack.use(process_);
    await process_.start();
    return `${status}/status`;
  };
  const rule = { id: "hot", version: 1, kind: "threshold", contract: "oven", when: "heat > 5" };
  const rules = join(directory, "rules.json");
  writeFileSync(rules, JSON.stringify([rule]));
  const operators = await Promise.all([
    start("cloud/aggregator/main.ts", {
      SKERRY_NATS_URL: world.hub.urlOf("aggregator"),
      SKERRY_INFLUX_URL: influx.url,
      SKERRY_REGIONS: "eu",
    }),
    start("gateway/alerting/main.ts", {
      SKERRY_NATS_URL: world.region("eu").urlOf("alerting"),
      SKERRY_REGION: "eu",
      SKERRY_RULES: rules,
    }),
  ]);
  const lanes = (): Promise<LaneStatus[]> =>
    Promise.all(
      operators.map(async (url) => {
        const { lanes: all } = (await (await fetch(url)).json()) as AlertingStatus;
        return all[0]!;
      }),
    );

  const connection = await world.region("eu").connect();
  const writer = new FrameWriter({ region: "eu", partition: 0 });
  const nowMs = Date.now();
  const payload = { ts: nowMs, heat: 9 };
  const reading = { device: "d", contract: "oven", receivedAtMs: nowMs, payload };
  await writer.publish(connection, [], nowMs);
  await writer.publish(connection, [reading], nowMs);
  await writer.publish(connection, [], nowMs);
  await eventually("both lanes have passed the frame", async () =>
    (await lanes()).every(({ stoppedBy, doneSeq }) => stoppedBy === null && doneSeq >= 3),
  );
  const [eu, hub] = [world.region("eu").url, world.hub.url];
  const setAside = async (at: string, nats: string, ...args: string[]): Promise<string> => {
    const more = args[0] === "retry" ? ["--region-nats", eu] : [];
    const { out } = await runSkerry(["set-aside", ...args, "--at", at, "--nats", nats, ...more]);
    return out;
  };
  expect(await setAside("eu", eu, "list")).toMatch(/alerting frame unknown: .*contract oven v1/);
  expect(await setAside("hub", hub, "list")).toMatch(
    /aggregator frame unknown: .*contract oven v1/,
  );
  expect(await setAside("hub", hub, "retry", "--all")).toMatch(/no gateway of eu is running/);
  await start("gateway/main.ts", {
    SKERRY_NATS_URL: world.region("eu").urlOf("gateway"),
    SKERRY_REGION: "eu",
    SKERRY_MQTT_PORT: String(await freePort()),
    SKERRY_DATA_DIR: join(directory, "gateway"),
    SKERRY_ANONYMOUS: "loopback",
  });
  // Not yet published: it stays.
  expect(await setAside("hub", hub, "retry", "--all")).toMatch(
    /still set aside: d: unknown_contract: contract "oven" is unknown/,
  );

  const schemas = writeSchemas("oven", { "oven/v1": schema({ heat: number() }) });
  expect(await publish(schemas)).toMatchObject({ code: 0 });
  await eventually("the hub's is handled", async () =>
    /^hub \d+ handled$/m.test(await setAside("hub", hub, "retry", "--all")),
  );
  expect(await setAside("hub", hub, "list")).not.toMatch(/frame unknown/);
  await eventually("the reading is stored", async () => {
    return (await influx.client().query("SELECT heat FROM oven")).length === 1;
  });
  // The rule's, and those about what is set aside.
  await eventually("its alert is raised", async () => {
    const { out } = await runSkerry(["alerts", "list", "--region", "eu", "--nats", eu]);
    return /hot {2}d {2}firing/.test(out);
  });
  // The same frame was set aside by the engine, too: that is done with it.
  expect(await setAside("eu", eu, "list")).not.toMatch(/frame unknown/);
  expect(await influx.client().query("SELECT heat FROM oven")).toMatchObject([{ heat: 9 }]);
});

test("check: versions against each other and against a commit, each line naming file and property", async () => {
  const repository = join(directory, "repository");
  const git = (...args: string[]): void =>
    void execFileSync("git", [
      "-C",
      repository,
      "-c",
      "user.name=t",
      "-c",
      "user.email=t@t",
      ...args,
    ]);
  const at = "repository/contracts/schemas";
  cpSync(SCHEMAS_DIRECTORY, join(directory, at), { recursive: true });
  writeSchemas(at, { "pump/v1": schema({ flow: number() }), "gone/v1": schema({ a: number() }) });
  git("init", "-q");
  git("add", ".");
  git("commit", "-qm", "before");
  const check = (...more: string[]): Promise<Result> =>
    skerry(["check", "--schemas", "contracts/schemas", ...more], repository);
  expect(await check("--against", "HEAD")).toMatchObject({ code: 0, err: "" });

  writeSchemas(at, { "pump/v2": schema({ flow: number({ minimum: 0 }) }) });
  const narrowed = await check();
  expect(narrowed.code).toBe(1);
  expect(narrowed.err).toBe(
    "contracts/schemas/pump/v2.json: flow: v2 accepts `flow` only as numbers from 0, where v1 allowed any number: readings that devices on v1 still buffer would be rejected by v2\n",
  );
  // Alone: some of the shipped ones are compatible backwards only.
  const alone = writeSchemas("alone", {
    "pump/v1": schema({ flow: number() }),
    "pump/v2": schema({ flow: number({ minimum: 0 }) }),
  });
  expect(await check("--schemas", alone, "--mode", "FORWARD")).toMatchObject({ code: 0 });

  writeSchemas(at, { "pump/v1": schema({ flow: number({ minimum: 0 }) }) });
  rmSync(join(directory, at, "gone"), { recursive: true });
  expect(await check()).toMatchObject({ code: 0 });
  const changed = await check("--against", "HEAD");
  expect(changed.code).toBe(1);
  expect(changed.err).toContain(
    "contracts/schemas/pump/v1.json: property flow differs from HEAD: versions are immutable, make it v3",
  );
  expect(changed.err).toContain("HEAD:gone/v1.json: it exists at HEAD and is gone");
  expect(changed.err).toContain("pump/v2.json: flow: v2 accepts `flow` only as numbers from 0");

  writeSchemas(at, { "pump/v3": "{" });
  const broken = await check();
  expect(broken).toMatchObject({ code: 1, err: expect.stringContaining("pump/v3.json") as string });
  expect(await check("--against", "nowhere")).toMatchObject({ code: 1 });
});
