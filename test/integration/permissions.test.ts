// Goal: every kind of process may do what it needs and not more, and a region gives to the others what
// it is told to give. (That they may do what they need is shown by every other test: a violation that a
// nats-server logs fails it.)
// Method: real servers; as one user, what is another's.
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { expect, test } from "vitest";
import { Bucket } from "../../platform/nats/client/bucket.ts";
import { requestsTo } from "../../platform/nats/client/requests.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import { readLane } from "../../platform/nats/lanes/lane-source.ts";
import { makeLogger } from "../../platform/runtime/logger.ts";
import { FrameWriter } from "../support/nats-frames.ts";
import { eventually } from "../support/eventually.ts";
import { startHubAndRegions } from "../support/nats.ts";

const LANE = { region: "eu", partition: 0 };
const SOON = { timeout: 500 };

/** How a request ended: with an answer, or not. */
const asked = (connection: NatsConnection, subject: string, body = ""): Promise<string> =>
  connection.request(subject, body, SOON).then(
    (answer) => answer.string().slice(0, 30),
    (error: unknown) => (error as Error).message,
  );

test("a gateway cannot raise alerts, issue commands, change streams or move positions; the engine cannot write the log, a notifier no alerts", async () => {
  await using world = await startHubAndRegions({ regions: ["eu"], violationsExpected: true });
  const gateway = await world.region("eu").connect("gateway");
  const alerting = await world.region("eu").connect("alerting");
  const refusal = /permissions violation/i;
  for (const subject of [
    "alerts.eu.rule.key",
    "commands.device.id",
    "$JS.API.STREAM.PURGE.REPLIES_eu",
    "$JS.API.STREAM.DELETE.COMMANDS",
    "$KV.positions.alerting.eu.0",
    "$JS.API.STREAM.DELETE.TELEMETRY_eu",
    "$JS.API.STREAM.UPDATE.TELEMETRY_eu",
    "$JS.API.CONSUMER.CREATE.KV_leases",
  ])
    expect(await asked(gateway, subject), subject).toMatch(refusal);
  for (const subject of [
    "telemetry.eu.0",
    "rejects.eu.x.y",
    "replies.eu.x.y",
    "$JS.API.STREAM.PURGE.TELEMETRY_eu",
  ])
    expect(await asked(alerting, subject), subject).toMatch(refusal);
  const notifier = await world.region("eu").connect("notifier");
  for (const subject of [
    "alerts.eu.rule.key",
    "deadletters.us.channel.rule",
    "$KV.notifiers.eu",
    "$JS.API.STREAM.MSG.DELETE.ALERTS_eu",
    "$JS.API.CONSUMER.CREATE.TELEMETRY_eu",
  ])
    expect(await asked(notifier, subject), subject).toMatch(refusal);
  const admin = await world.region("eu").connect();
  const { state } = await (await admin.jetstreamManager()).streams.info("TELEMETRY_eu");
  expect(state.messages).toBe(0);
});

test("the console reads what the hub has, changes what a person changes there, and asks gateways to replay", async () => {
  await using world = await startHubAndRegions({ regions: ["eu"], violationsExpected: true });
  const console = await world.hub.connect("console");
  const streams = new Streams(console);
  const names = (await streams.list()).map(({ name }) => name);
  expect(names).toContain("AUDIT");
  for (const name of names) expect((await streams.state(name)).name).toBe(name);
  const origin = new Streams(console, { domain: "eu" });
  expect((await origin.state("TELEMETRY_eu")).bytesMax).toBeGreaterThan(0);
  for (const name of ["devices", "rules", "contracts", "acknowledgements", "notifiers"]) {
    const bucket = await Bucket.open(console, name);
    expect(await bucket.put("a", "1"), name).toBeGreaterThan(0);
    expect(Buffer.from((await bucket.get("a"))!.data!).toString()).toBe("1");
  }
  for (const name of ["positions", "leases", "copies"]) await Bucket.open(console, name);
  for (const subject of ["commands.device.id", "audit.hub"])
    expect(await asked(console, subject, "{}"), subject).toContain("stream");
  for (const subject of [
    "rejects.eu.x.y",
    "rejects.hub.x.y",
    "alerts.hub.rule.key",
    "telemetry.eu.0",
    "$KV.positions.aggregator.eu.0",
    "$KV.copies.eu",
    "$JS.API.STREAM.PURGE.AUDIT",
    "$JS.API.STREAM.MSG.DELETE.AUDIT",
    "$JS.API.STREAM.UPDATE.AUDIT",
    "$JS.API.STREAM.DELETE.TELEMETRY_eu",
    "live.hub.process.steward.x",
  ])
    expect(await asked(console, subject), subject).toMatch(/permissions violation/i);
  const gateway = await world.region("eu").connect("gateway");
  const stop = new AbortController();
  // Gateways share the questions among them, in a queue.
  const place = { subject: "replay.eu.gateway", queue: "gateways" };
  const served = async (): Promise<void> => {
    for await (const { answer } of requestsTo(gateway, place, stop.signal))
      answer(Buffer.from("admitted"));
  };
  void served();
  await eventually(
    "the region's gateway answers the console",
    async () => (await asked(console, "replay.eu.gateway")) === "admitted",
  );
  stop.abort();
});

test("a log crosses the WAN only to whom it may; the hub can read the region's own", async () => {
  await using world = await startHubAndRegions({
    regions: ["eu", "us"],
    copies: [["us", "eu"]],
    violationsExpected: true,
  });
  const eu = await world.region("eu").connect();
  const us = await world.region("us").connect();
  await new FrameWriter(LANE).publish(eu, [], 1);
  await new FrameWriter({ region: "us", partition: 0 }).publish(us, [], 1);
  const countOf = async (connection: NatsConnection, stream: string): Promise<number | string> => {
    const { streams } = await connection.jetstreamManager();
    return streams.info(stream).then(
      (info) => info.state.messages,
      (error: unknown) => (error as Error).message,
    );
  };
  const hub = await world.hub.connect();
  await eventually("eu has a copy of us", async () => (await countOf(eu, "TELEMETRY_us")) === 1);
  await eventually("the hub has eu's", async () => (await countOf(hub, "TELEMETRY_eu")) === 1);
  expect(await countOf(us, "TELEMETRY_eu")).toBe("stream not found");
  // Whatever somebody in us tries.
  const create = { name: "TELEMETRY_eu", domain: "eu" };
  await (await us.jetstreamManager()).streams.add({ name: "TELEMETRY_eu", mirror: create });
  expect(await asked(us, "$JS.eu.API.STREAM.INFO.TELEMETRY_eu")).toBe("503");
  // What may cross does so meanwhile, both ways; the stolen copy has never heard from its origin.
  await new FrameWriter({ region: "us", partition: 0 }, "g2").publish(us, [], 1);
  await new FrameWriter({ region: "eu", partition: 0 }, "g2").publish(eu, [], 1);
  await eventually("eu's copy goes on", async () => (await countOf(eu, "TELEMETRY_us")) === 2);
  await eventually("the hub's copy too", async () => (await countOf(hub, "TELEMETRY_eu")) === 2);
  const stolen = await (await us.jetstreamManager()).streams.info("TELEMETRY_eu");
  expect(stolen.state.messages).toBe(0);
  expect(stolen.mirror?.active).toBe(-1);

  const aggregator = await world.hub.connect("aggregator");
  const stop = new AbortController();
  const domain = "eu";
  const logger = makeLogger({}, "silent");
  for await (const { seq } of readLane(aggregator, { ...LANE, domain }, 1, logger, stop.signal)) {
    expect(seq).toBe(1);
    break;
  }
  expect(await asked(aggregator, "$JS.eu.API.STREAM.DELETE.TELEMETRY_eu")).toMatch(/permissions/i);
  // Not even an administrator of the hub gets more than that from a region.
  expect(await asked(hub, "$JS.eu.API.STREAM.DELETE.TELEMETRY_eu")).not.toContain("success");
  expect(await countOf(eu, "TELEMETRY_eu")).toBe(2);
});
