// Goal: what is refused and kept stays within its bounds, no device pushes out another's, and what goes is
// counted, told and listed; a copy is kept the same way.
// Method: real servers with little room; the gateway's and the steward's own rights.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Alert } from "../../contracts/messages/alert.ts";
import type { Reject } from "../../contracts/messages/reject.ts";
import { NO_TRACING } from "../../otel/tracing.ts";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import { ConditionAlerts } from "../../platform/nats/lanes/condition-alerts.ts";
import { RejectKeeper } from "../../platform/nats/lanes/reject-keeper.ts";
import { RejectLog } from "../../platform/nats/lanes/reject-log.ts";
import { makeRoom } from "../../platform/nats/lanes/reject-room.ts";
import { makeLogger } from "../../platform/runtime/logger.ts";
import { keepRejects } from "../../gateway/retention/keep-rejects.ts";
import { eventually } from "../support/eventually.ts";
import { type NatsWorld, startHubAndRegions } from "../support/nats.ts";
import { skerry } from "../support/skerry.ts";

const BYTES_MAX = 1_000_000;
const DAY_MS = 86_400_000;
const SILENT = makeLogger({}, "silent");
const NEVER = new AbortController().signal;

const stack = new AsyncDisposableStack();
let world: NatsWorld;
let region: NatsConnection;
let hub: NatsConnection;

beforeAll(async () => {
  const rejects = { bytesMax: BYTES_MAX, keepMs: 30 * DAY_MS };
  world = stack.use(await startHubAndRegions({ regions: ["eu"], rejects }));
  region = await world.region("eu").connect("gateway");
  hub = await world.hub.connect("steward");
});

afterAll(() => stack.disposeAsync());

const A_REJECT: Reject = {
  reason: "unknown_contract",
  detail: "no contract newmeter",
  topic: "devices/d/telemetry/newmeter",
  clientId: "d",
  device: "d",
  contract: "newmeter",
  version: null,
  receivedAtMs: Date.now(),
  payload: Buffer.alloc(150).toString("base64"),
};

let logs = 0;

/** Stores rejects as a gateway does. */
async function reject(device: string, count: number, over: Partial<Reject> = {}): Promise<void> {
  const log = new RejectLog(region, {
    domain: "eu",
    idPrefix: `test:${(logs += 1)}`,
    isKnown: () => true,
  });
  const one: Reject = {
    ...A_REJECT,
    topic: `devices/${device}/telemetry/newmeter`,
    clientId: device,
    device,
    receivedAtMs: Date.now(),
    ...over,
  };
  await Promise.all(Array.from({ length: count }, () => log.append(one, NEVER)));
}

async function keptOf(connection: NatsConnection, device: string): Promise<number> {
  const counts = await new Streams(connection).subjects("REJECTS_eu", `rejects.eu.*.${device}.*`);
  return [...counts.values()].reduce((sum, one) => sum + one, 0);
}

/** What the steward does, once the copy has everything. */
async function keepCopy(): Promise<void> {
  const lastSeq = async (of: NatsConnection) => (await new Streams(of).state("REJECTS_eu")).lastSeq;
  await eventually(
    "the copy is there",
    async () => (await lastSeq(hub)) === (await lastSeq(region)),
  );
  expect((await makeRoom(hub, "eu", Date.now())).dropped).toEqual([]);
}

const list = async (...args: string[]): Promise<string[]> => {
  const where = ["--region", "eu", "--nats", world.region("eu").url, "--limit", "100000"];
  return (await skerry(["rejects", "list", ...where, ...args])).out.trim().split("\n");
};

test("a device that floods pushes out its own oldest only, counted, told and listed", async () => {
  const alerts = new ConditionAlerts(region, "eu", NO_TRACING);
  const keeper = new RejectKeeper({ connection: region, domain: "eu", alerts, logger: SILENT });
  await reject("quiet", 100);
  let sent = 0;
  for (let round = 0; round < 8; round++) {
    await reject("flood", 250);
    await reject("flood", 50, { reason: "not_json" });
    sent += 300;
    await keeper.look(Date.now());
    await keepCopy();
    expect((await new Streams(region).state("REJECTS_eu")).bytes).toBeLessThan(0.85 * BYTES_MAX);
  }
  expect(await keptOf(region, "quiet")).toBe(100);
  const kept = await keptOf(region, "flood");
  expect(kept).toBeGreaterThan(500);
  expect(keeper.dropped.total).toBe(sent - kept);
  expect(keeper.dropped.most.map(({ device, reason }) => [device, reason])).toEqual([
    ["flood", "unknown_contract"],
    ["flood", "not_json"],
  ]);

  const listed = await list("--device", "flood");
  expect(listed[0]).toBe(`${(sent - kept).toLocaleString("en")} older ones were dropped`);
  expect(listed).toHaveLength(kept + 1);
  expect((await list("--device", "quiet"))[0]).not.toMatch(/dropped/);
  const replay = await skerry(
    ["rejects", "replay", "--region", "eu", "--nats", world.region("eu").url].concat(
      "--dry-run",
      "--reason",
      "not_json",
    ),
  );
  expect(replay.out).toMatch(/^[\d,]+ older ones were dropped\n/);

  const last = await new Streams(region).newest("ALERTS_eu", "alerts.eu.rejects_dropped.flood");
  const alert = JSON.parse(Buffer.from(last!.data).toString()) as Alert;
  expect(alert).toMatchObject({ state: "firing", key: "flood", severity: "critical" });
  expect(alert.message).toMatch(/dropped to make room \([\d,]+ unknown_contract, \d+ not_json\)/);
  const told = await new Streams(region).subjects("ALERTS_eu", "alerts.eu.rejects_dropped.>");
  expect([...told]).toEqual([["alerts.eu.rejects_dropped.flood", 1]]);

  await keeper.look(Date.now() + 2 * 3_600_000);
  const then = await new Streams(region).newest("ALERTS_eu", "alerts.eu.rejects_dropped.flood");
  expect(JSON.parse(Buffer.from(then!.data).toString())).toMatchObject({
    id: alert.id,
    state: "resolved",
  });
});

test("the hub's copy keeps the quiet device's too, in the same bounds, and counts nothing twice", async () => {
  const { streams } = await (await world.hub.connect()).jetstreamManager();
  const { config } = await streams.info("REJECTS_eu");
  expect(config).toMatchObject({ max_bytes: BYTES_MAX, max_age: 30 * DAY_MS * 1e6 });
  for (let round = 0; round < 6; round++) {
    await reject("flood", 250);
    await makeRoom(region, "eu", Date.now());
    await keepCopy();
  }
  expect(await keptOf(hub, "quiet")).toBe(100);
  expect((await makeRoom(hub, "hub", Date.now())).dropped).toEqual([]);
});

test("those that grow too old go, counted as such, before the server removes them uncounted", async () => {
  const aged = await makeRoom(region, "eu", Date.now() + 29.98 * DAY_MS);
  expect(aged.dropped.find(({ device }) => device === "quiet")).toMatchObject({
    byAge: 100,
    forRoom: 0,
  });
  expect(await keptOf(region, "quiet")).toBe(0);
  expect((await list("--device", "quiet"))[0]).toBe("100 older ones were dropped");
});

test("however fast rejects come, whatever goes is counted: the server drops none by itself", async () => {
  const alerts = new ConditionAlerts(region, "eu", NO_TRACING);
  const keeper = new RejectKeeper({ connection: region, domain: "eu", alerts, logger: SILENT });
  await keeper.look(Date.now());
  const before = { dropped: keeper.dropped.total, kept: await keptOf(region, "torrent") };
  expect(before.kept).toBe(0);
  const log = new RejectLog(region, { domain: "eu", idPrefix: "torrent", isKnown: () => true });
  const stop = new AbortController();
  const kept = keepRejects({ rejectKeeper: keeper, rejectLog: log, logger: SILENT }, stop.signal);
  const sent = 6_000;
  const one = { ...A_REJECT, device: "torrent", clientId: "torrent" };
  // As fast as one gateway stores them: so many at once.
  for (let at = 0; at < sent; at += 20)
    await Promise.all(Array.from({ length: 20 }, () => log.append(one, NEVER)));
  stop.abort();
  await kept;
  await keeper.look(Date.now());
  const own = keeper.dropped.most.filter(({ device }) => device === "torrent");
  const gone = own.reduce((sum, { forRoom }) => sum + forRoom, 0);
  expect(gone).toBeGreaterThan(sent / 2);
  expect((await keptOf(region, "torrent")) + gone).toBe(sent);
});

test("topology apply remembers the bounds that were once given", async () => {
  const flags = [
    "--hub",
    world.hub.url,
    "--region",
    `eu=${world.region("eu").url}`,
    "--log-gib",
    "1",
  ];
  expect((await skerry(["topology", "diff", ...flags])).out).toBe("no difference\n");
  await skerry(["topology", "apply", ...flags, "--rejects-gib", "0.5", "--rejects-keep", "7d"]);
  expect((await skerry(["topology", "diff", ...flags])).out).toBe("no difference\n");
  const { streams } = await (await world.region("eu").connect()).jetstreamManager();
  expect((await streams.info("REJECTS_eu")).config).toMatchObject({
    max_bytes: 512 * 1024 ** 2,
    max_age: 7 * DAY_MS * 1e6,
    max_msgs_per_subject: -1,
  });
});
