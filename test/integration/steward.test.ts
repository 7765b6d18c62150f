// Goal: one region harms no other at the hub, and a sink that cannot be asked is said to be one.
import { pino } from "pino";
import { expect, test } from "vitest";
import { careForCopy } from "../../cloud/steward/copies.ts";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import { Positions } from "../../platform/nats/lanes/positions.ts";
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

/** A connection over which streams are deleted, and whoever makes one is killed. */
const killedWhileMaking = (hub: NatsConnection): NatsConnection => {
  const jetstreamManager = async (...of: Parameters<typeof hub.jetstreamManager>) => {
    const manager = await hub.jetstreamManager(...of);
    const add = (): Promise<never> => Promise.reject(new Error("killed"));
    const streams = Object.create(manager.streams, { add: { value: add } }) as object;
    return Object.create(manager, { streams: { value: streams } }) as object;
  };
  return Object.create(hub, { jetstreamManager: { value: jetstreamManager } }) as NatsConnection;
};

test("a copy that was deleted to be made again is made, though the steward was killed in between", async () => {
  await using world = await startHubAndRegions({ regions: ["eu"], partitions: 1 });
  const hub = await world.hub.connect();
  const eu = await world.region("eu").connect();
  const streams = new Streams(hub);
  const lane = { region: "eu", partition: 0 };
  const writer = new FrameWriter(lane);
  for (let at = 0; at < 3; at++) await writer.publish(eu, [], Date.now());
  const copied = (seq: number) => async () => (await streams.find("TELEMETRY_eu"))?.lastSeq === seq;
  await eventually("the hub has its copy", copied(3));
  const positions = await Positions.open<object>(hub, "aggregator");
  await positions.load(lane);
  await positions.save(lane, { seq: 4 });
  // The region's store loses everything, and uses the first sequence again.
  const { streams: inRegion } = await eu.jetstreamManager();
  const { config } = await inRegion.info("TELEMETRY_eu");
  await inRegion.delete("TELEMETRY_eu");
  await inRegion.add(config);
  await new FrameWriter(lane, "g1", "e2").publish(eu, [], Date.now());

  const steward = await world.hub.connect("steward");
  const parts = { partitions: 1, keepMs: 3_600_000, logger: pino({ level: "silent" }) };
  const killed = careForCopy("eu", { ...parts, connection: killedWhileMaking(steward) });
  await expect(killed).rejects.toThrow("killed");
  expect(await streams.find("TELEMETRY_eu")).toBeNull();
  const { rollback } = await careForCopy("eu", { ...parts, connection: steward });
  expect(rollback).toMatchObject({ copySeq: 3, rebuiltAtMs: expect.any(Number) as number });
  await eventually("the hub has what the region has", copied(1), 20_000);
  expect((await streams.state("TELEMETRY_eu")).mirror).not.toBeNull();
});
