// Goal: what the engine raises is a function of the log, whenever the engine or its nats-server dies; people
// can acknowledge; gateways that fall silent raise one alert.
// Method: real servers and engines; a log that is written while they are killed, and the plain
// definitions of the rules over the same log.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { NO_TRACING } from "../../otel/tracing.ts";
import type { AlertingStatus } from "../../contracts/messages/status.ts";
import { AlertLog } from "../../gateway/alerting/alert-log.ts";
import { watchGateways } from "../../gateway/alerting/gateway-silence.ts";
import { Bucket } from "../../platform/nats/client/bucket.ts";
import { loadChunked, saveChunked } from "../../platform/nats/client/chunked-value.ts";
import { jsonOf } from "../../platform/nats/client/payload.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import { makeLogger } from "../../platform/runtime/logger.ts";
import { PROVE_RULES, compareAlerts } from "../prove/alerts.ts";
import { FrameWriter, type TestReading } from "../support/nats-frames.ts";
import { SetAsideInMemory } from "../support/set-aside.ts";
import { eventually } from "../support/eventually.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { startHubAndRegions } from "../support/nats.ts";
import { seededRandom } from "../support/seed.ts";
import { makeService } from "../support/services.ts";
import { skerry } from "../support/skerry.ts";

const SILENT = makeLogger({}, "silent");

test("alerts equal their definitions through kill -9 of the engine and of nats-server", async () => {
  const { seed, random } = seededRandom();
  console.log(`SKERRY_SEED=${seed}`);
  await using stack = new AsyncDisposableStack();
  const world = stack.use(await startHubAndRegions({ regions: ["eu"], partitions: 1 }));
  const eu = world.region("eu");
  const engine = await makeService("gateway/alerting/main.ts", {
    SKERRY_REGION: "eu",
    SKERRY_NATS_URL: eu.urlOf("alerting"),
    SKERRY_PARTITIONS: "1",
    SKERRY_RULES: PROVE_RULES,
  });
  stack.use(engine.process);
  await engine.process.start();
  const connection = await eu.connect();
  const writer = new FrameWriter({ region: "eu", partition: 0 });
  const sent: TestReading[] = [];
  let seq = 0;
  const reading = (device: string, at: number): TestReading => {
    const ts = Date.now() - (random() < 0.1 ? 3_000 * random() : 0);
    const own = sent.filter((one) => one.device === device);
    if (random() < 0.1 && own.length > 0) return own[Math.floor(random() * own.length)]!;
    // People come and go every four seconds, and the air follows.
    const occupancy = Math.floor(at / 100) % 2;
    const light = occupancy * (500 + 50 * random());
    const co2 = 950 + 250 * Math.sin(at / 40) + 20 * random();
    const payload = { ts, seq: (seq += 1), temperature: 20, humidity: 40, light, co2, occupancy };
    return { device, contract: "environment", receivedAtMs: Date.now(), payload };
  };
  const FRAMES = 400;
  for (let at = 0; at < FRAMES; at++) {
    // Each room is silent for a while, in turn.
    const rooms = ["a", "b", "c"].filter((_, room) => Math.floor(at / 180) !== room);
    const readings = at < FRAMES - 20 ? rooms.map((room) => reading(room, at)) : [];
    sent.push(...readings);
    await writer.publish(connection, readings, Date.now());
    await sleep(40);
    if (at % 90 === 45) {
      await engine.process.kill();
      await engine.process.start();
    }
    if (at === 200) {
      await eu.process.kill();
      await eu.process.start();
    }
  }
  const status = await eventually("the engine is through", async () => {
    const now = await engine.status<AlertingStatus>();
    return now.lanes[0]!.doneSeq >= FRAMES && now;
  });
  const compared = await compareAlerts(connection, status);
  expect(compared.examples).toEqual([]);
  expect([compared.missing, compared.unexpected, compared.twice]).toEqual([0, 0, 0]);
  expect(Object.keys(compared.byRule).length).toBeGreaterThanOrEqual(5);
  expect(compared.byRule["room-gone"]).toBeGreaterThan(1);
});

test("an acknowledged alert says so, and by whom, until it is resolved", async () => {
  await using directory = await temporaryDirectory();
  await using world = await startHubAndRegions({ regions: ["eu"], partitions: 1 });
  const rules = join(directory.path, "rules.json");
  const rule = { id: "high", version: 1, kind: "threshold", contract: "environment" };
  await writeFile(rules, JSON.stringify([{ ...rule, when: "co2 > 1000", severity: "critical" }]));
  const engine = await makeService("gateway/alerting/main.ts", {
    SKERRY_REGION: "eu",
    SKERRY_NATS_URL: world.region("eu").urlOf("alerting"),
    SKERRY_PARTITIONS: "1",
    SKERRY_RULES: rules,
  });
  await using _ = engine.process;
  await engine.process.start();
  const connection = await world.region("eu").connect();
  const writer = new FrameWriter({ region: "eu", partition: 0 });
  let seq = 0;
  const write = async (co2?: number): Promise<void> => {
    const ts = Date.now();
    const payload = { ts, seq: (seq += 1), temperature: 1, humidity: 1, light: 1, occupancy: 1 };
    const reading = { device: "room 1", contract: "environment", receivedAtMs: ts };
    const readings = co2 === undefined ? [] : [{ ...reading, payload: { ...payload, co2 } }];
    await writer.publish(connection, readings, ts);
  };
  const hub = ["--nats", world.hub.url];
  const region = ["--region", "eu", "--nats", world.region("eu").url];
  await write(2_000);
  const list = await eventually("the hub knows the alert", async () => {
    const { out } = await skerry(["alerts", "list", ...hub]);
    return out.includes("high") && out;
  });
  expect(list).toMatch(
    / eu {2}high {2}room 1 {2}firing {2}critical {2}room 1: co2 > 1000 \(2000\)/,
  );
  const id = list.split("  ")[1]!;
  expect((await skerry(["alerts", "ack", "ffff", ...hub])).out).toContain("there is no alert ffff");
  const ack = await skerry(["alerts", "ack", id, "--by", "anna", ...hub]);
  expect(ack.out).toBe("eu high room 1: acknowledged by anna\n");
  await eventually("the region says so", async () => {
    await write();
    return (await skerry(["alerts", "list", ...region])).out.includes("acknowledged by anna");
  });
  // Neither another start nor another look acknowledges it again.
  await engine.process.kill();
  await engine.process.start();
  await write();
  await write(1);
  await eventually("it is resolved", async () => {
    await write();
    return (await skerry(["alerts", "list", ...region])).out === "no alerts\n";
  });
  const { state } = await (await connection.jetstreamManager()).streams.info("ALERTS_eu");
  expect(state.messages).toBe(3);
});

test("gateways that fall silent raise one alert, whoever notices; one that writes again resolves it", async () => {
  await using world = await startHubAndRegions({ regions: ["eu"], partitions: 2 });
  const connection = await world.region("eu").connect();
  const streams = new Streams(connection);
  const writer = new FrameWriter({ region: "eu", partition: 1 });
  const stop = new AbortController();
  const watch = async (): Promise<AlertLog> => {
    const setAside = new SetAsideInMemory();
    const of = { connection, region: "eu", setAside, tracing: NO_TRACING, logger: SILENT };
    const alertLog = await AlertLog.open(of);
    void watchGateways({ streams, region: "eu", alertLog, logger: SILENT }, stop.signal, 500);
    return alertLog;
  };
  const stored = async (): Promise<number> => (await streams.state("ALERTS_eu")).messages;
  const first = await watch();
  await writer.publish(connection, [], Date.now());
  await eventually("it is raised", async () => (await stored()) === 1);
  const second = await watch();
  await eventually("whoever starts later knows of it", () =>
    Promise.resolve(second.openAlerts === 1),
  );
  await writer.publish(connection, [], Date.now());
  await eventually("it is resolved", () =>
    Promise.resolve(first.openAlerts + second.openAlerts === 0),
  );
  stop.abort();
  const kept = await streams.at("ALERTS_eu", 1);
  expect(jsonOf(kept!.data)).toMatchObject({ rule: "gateway_silent", key: "eu", state: "firing" });
});

test("a value of several megabytes is whole or not at all, and the one before it outlives a kill", async () => {
  await using world = await startHubAndRegions({ regions: ["eu"], partitions: 1 });
  const connection = await world.region("eu").connect();
  const bucket = await Bucket.open(connection, "alert_state");
  const { random } = seededRandom();
  const large = Buffer.from(Float64Array.from({ length: 300_000 }, () => random()).buffer);
  const [small, third] = [Buffer.from("small"), Buffer.from("third")];
  const first = await saveChunked(bucket, "eu.0", large, null);
  expect(first.chunks).toBeGreaterThan(3);
  expect((await loadChunked(bucket, "eu.0", first)).equals(large)).toBe(true);
  expect(await saveChunked(bucket, "eu.0", large, first)).toBe(first);
  // Killed before anybody kept the second reference: the first is still whole.
  const second = await saveChunked(bucket, "eu.0", small, first);
  expect((await loadChunked(bucket, "eu.0", first)).equals(large)).toBe(true);
  expect(await loadChunked(bucket, "eu.0", second)).toEqual(small);
  await saveChunked(bucket, "eu.0", third, second);
  await expect(loadChunked(bucket, "eu.0", first)).rejects.toMatchObject({ code: "STATE_LOST" });
});
