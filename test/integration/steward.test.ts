// Goal: one region harms no other at the hub, and a sink that cannot be asked is said to be one.
import { pino } from "pino";
import { expect, test } from "vitest";
import { careForCopy } from "../../cloud/steward/copies.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import { writeCopy } from "../../platform/nats/lanes/copies.ts";
import { FrameWriter } from "../support/nats-frames.ts";
import type { StewardStatus } from "../../contracts/messages/status.ts";
import { eventually } from "../support/eventually.ts";
import { startHubAndRegions } from "../support/nats.ts";
import { startService } from "../support/services.ts";

test("a region whose streams are not there costs no other one the care for its copy", async () => {
  await using world = await startHubAndRegions({
    regions: ["eu"],
    partitions: 1,
    violationsExpected: true, // Nobody may ask for streams of a region that is not configured.
  });
  const steward = await startService("cloud/steward/main.ts", {
    SKERRY_NATS_URL: world.hub.urlOf("steward"),
    SKERRY_SINK: "file",
    SKERRY_REGIONS: "nowhere,eu",
    SKERRY_PARTITIONS: "1",
    SKERRY_COPY_SCHEDULE: "* * * * * *",
    SKERRY_RECONCILE_SCHEDULE: "* * * * * *",
  });
  await using _ = steward.process;
  const status = () => steward.status<StewardStatus>();
  await eventually("both jobs of the copies have run", async () => {
    const { jobs } = await status();
    return jobs["copies"] !== undefined && jobs["rejects"] !== undefined;
  });
  const { jobs, copies, sink } = await status();
  expect(Object.keys(copies)).toEqual(["eu"]);
  expect(jobs["copies"]?.error).toMatch(/^nowhere: /);
  expect(jobs["rejects"]?.error).toMatch(/^nowhere: /);
  expect(Object.keys(jobs).sort()).toEqual(["copies", "rejects"]);
  expect(sink).toEqual({
    name: "file",
    uncompared: "the sink file cannot say what it holds, so log and sink are not compared",
  });
});

test("a copy that a steward before deleted, to make it again, is made", async () => {
  await using world = await startHubAndRegions({ regions: ["eu"], partitions: 1 });
  const hub = await world.hub.connect();
  const eu = await world.region("eu").connect();
  const streams = new Streams(hub);
  const writer = new FrameWriter({ region: "eu", partition: 0 });
  for (let at = 0; at < 3; at++) await writer.publish(eu, [], Date.now());
  const copied = async () => (await streams.find("TELEMETRY_eu"))?.lastSeq === 3;
  await eventually("the hub has its copy", copied);
  const rollback = { foundAtMs: Date.now(), copySeq: 3, rebuiltAtMs: null };
  await writeCopy(hub, "eu", { seq: 3, seenAtMs: Date.now(), rollback });
  await (await hub.jetstreamManager()).streams.delete("TELEMETRY_eu");

  const connection = await world.hub.connect("steward");
  const parts = { partitions: 1, keepMs: 3_600_000, logger: pino({ level: "silent" }) };
  const made = await careForCopy("eu", { ...parts, connection, wentOn: () => null });
  expect(made.rollback?.rebuiltAtMs).toEqual(expect.any(Number));
  await eventually("the hub has what the region has", copied, 20_000);
  expect((await streams.state("TELEMETRY_eu")).mirror).not.toBeNull();
});
