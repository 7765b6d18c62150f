// Goal: what a newer program has written does no harm to an older one: alerts stay open, positions and the ledger's base stay
// as they are, and each says why it stands.
// Method: a real region with an engine, whose rule, whose position and whose snapshot become those of a newer version
// while it is down; the hub's buckets with entries of a newer version.
import { pino } from "pino";
import { expect, test } from "vitest";
import { LedgerStore } from "../../cloud/steward/ledger-store.ts";
import type { AlertingStatus } from "../../contracts/messages/status.ts";
import {
  LEDGER_BUCKET,
  POSITIONS_BUCKET,
  RULES_BUCKET,
  ledgerBaseKey,
  positionKey,
} from "../../contracts/names/subjects.ts";
import { Bucket } from "../../platform/nats/client/bucket.ts";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { textOf } from "../../platform/nats/client/payload.ts";
import { Positions, neededFrom } from "../../platform/nats/lanes/positions.ts";
import { eventually } from "../support/eventually.ts";
import { FrameWriter } from "../support/nats-frames.ts";
import { startHubAndRegions } from "../support/nats.ts";
import { makeService } from "../support/services.ts";
import { SetAsideInMemory } from "../support/set-aside.ts";
import { skerry } from "../support/skerry.ts";

const LANE = { region: "eu", partition: 0 };
const RULE = { id: "high", version: 1, kind: "threshold", contract: "environment" };

const valueOf = async (bucket: Bucket, key: string): Promise<string> =>
  textOf((await bucket.get(key))!.data!);

function writerTo(connection: NatsConnection) {
  const writer = new FrameWriter(LANE);
  let seq = 0;
  return (co2: number): Promise<unknown> => {
    const ts = Date.now();
    const rest = { temperature: 1, humidity: 1, light: 1, occupancy: 1 };
    const payload = { ts, seq: (seq += 1), ...rest, co2 };
    const reading = { device: "room", contract: "environment", receivedAtMs: ts, payload };
    return writer.publish(connection, [reading], ts);
  };
}

test("an engine that cannot read a rule at its start, or its own position, leaves alerts open", async () => {
  await using stack = new AsyncDisposableStack();
  const world = stack.use(await startHubAndRegions({ regions: ["eu"], partitions: 1 }));
  const [hub, eu] = [await world.hub.connect(), await world.region("eu").connect()];
  const rules = await Bucket.open(hub, RULES_BUCKET);
  const positions = await Bucket.open(eu, POSITIONS_BUCKET);
  const write = writerTo(eu);
  const listed = async () => (await skerry(["alerts", "list", "--nats", world.hub.url])).out;
  const engine = await makeService("gateway/alerting/main.ts", {
    SKERRY_REGION: "eu",
    SKERRY_NATS_URL: world.region("eu").urlOf("alerting"),
    SKERRY_PARTITIONS: "1",
  });
  stack.use(engine.process);
  const status = () => engine.status<AlertingStatus>();
  const evaluated = async (seq: number) =>
    eventually(`frame ${seq} is evaluated`, async () => (await status()).lanes[0]!.doneSeq >= seq);

  await rules.put("high", JSON.stringify({ ...RULE, when: "co2 > 1000" }));
  await engine.process.start();
  await eventually("the rule is known", async () => (await status()).rules.length === 1);
  await write(2_000);
  await eventually("the alert is at the hub", async () => (await listed()).includes("firing"));
  await engine.process.stop("SIGTERM");

  // A console of the next release has changed the rule, and this engine is started again.
  await rules.put("high", JSON.stringify({ ...RULE, version: 2, v: 2, expression: ["co2", 900] }));
  await engine.process.start();
  await write(2_000);
  await evaluated(2);
  expect(await listed()).toMatch(/high {2}room {2}firing/);
  const aside = await skerry(["set-aside", "list", "--at", "eu", "--nats", world.region("eu").url]);
  expect(aside.out).toContain("it is a rule of version 2, and this program reads 1");
  await engine.process.stop("SIGTERM");

  // An engine of the next release was here.
  const key = positionKey("alerting", LANE);
  const own = await valueOf(positions, key);
  const newer = JSON.stringify({ v: 2, ...(JSON.parse(own) as object), position: { at: "7/1" } });
  await positions.put(key, newer);
  const started = engine.process.start().catch(() => undefined);
  const stoppedBy = await eventually("the lane stands", async () => {
    return (await status().catch(() => null))?.lanes[0]?.stoppedBy ?? false;
  });
  expect(stoppedBy).toMatch(
    /position alerting\.eu\.0: it is a position of version 2, and .* reads 1/,
  );
  await write(2_000);
  expect(await listed()).toMatch(/high {2}room {2}firing/);
  await engine.process.kill();
  await started;
  expect(await valueOf(positions, key)).toBe(newer);

  // Taken back, it goes on, and its rule ends what it raised.
  await positions.put(key, own);
  await engine.process.start();
  await write(1);
  await eventually("it is resolved", async () => !(await listed()).includes("  high  "));
});

test("a newer position is not begun anew, and holds the log; a newer base of the ledger is not replaced", async () => {
  await using world = await startHubAndRegions({ regions: [] });
  const hub = await world.hub.connect();
  const bucket = await Bucket.open(hub, POSITIONS_BUCKET);
  const newer = JSON.stringify({ v: 2, savedBy: "next", position: { seq: 900 } });
  await bucket.put(positionKey("aggregator", LANE), newer);
  const setAside = new SetAsideInMemory();
  const positions = await Positions.open(hub, "aggregator", { setAside });
  await expect(positions.load(LANE)).rejects.toMatchObject({ code: "FORMAT_NEWER" });
  expect(setAside.all).toEqual([]);
  expect(await neededFrom(hub, "aggregator", "eu", [1])).toEqual([null]);

  const ledger = await Bucket.open(hub, LEDGER_BUCKET);
  const base = JSON.stringify({ v: 2, terms: {} });
  await ledger.put(ledgerBaseKey(LANE), base);
  const lines: string[] = [];
  const logger = pino({ level: "error" }, { write: (line: string) => void lines.push(line) });
  const store = new LedgerStore(hub, logger);
  await store.load([LANE]);
  await store.save(LANE, { steps: [] } as never);
  expect(await valueOf(ledger, ledgerBaseKey(LANE))).toBe(base);
  expect(lines.join()).toContain("it is a ledger of version 2");
});
