// Goal: a lane goes on within 10 s though the hub's copy of it stands still, and goes back to the copy
// once that has caught up; each frame comes once, in order.
// Method: real servers; a copy that stands still is made by putting a stream in its place that is none.
import { expect, test } from "vitest";
import { readLaneAnywhere } from "../../platform/nats/lanes/lane-origin.ts";
import { rebuildCopy } from "../../platform/nats/topology/apply-topology.ts";
import { makeLogger } from "../../platform/runtime/logger.ts";
import { FrameWriter } from "../support/nats-frames.ts";
import { eventually } from "../support/eventually.ts";
import { startHubAndRegions } from "../support/nats.ts";

const LANE = { region: "eu", partition: 0 };

test("from the origin while the copy stands still, from the copy again when it is level", async () => {
  await using world = await startHubAndRegions({ regions: ["eu"] });
  const eu = await world.region("eu").connect();
  const hub = await world.hub.connect();
  const aggregator = await world.hub.connect("aggregator");
  const writer = new FrameWriter(LANE);
  const seen: number[] = [];
  const warnings: string[] = [];
  const logger = makeLogger({}, "silent");
  logger.warn = ((_: unknown, what: string) => void warnings.push(what)) as typeof logger.warn;
  Object.defineProperty(logger, "child", { value: () => logger });
  const stop = new AbortController();
  const reading = (async () => {
    for await (const { seq } of readLaneAnywhere(aggregator, LANE, 1, logger, stop.signal))
      seen.push(seq);
  })();
  const write = async (frames: number): Promise<void> => {
    for (let frame = 0; frame < frames; frame++) await writer.publish(eu, [], Date.now());
  };
  await write(10);
  await eventually("the copy is read", () => seen.length === 10);
  expect(warnings).toEqual([]);

  const manager = await hub.jetstreamManager();
  await manager.streams.delete("TELEMETRY_eu");
  await manager.streams.add({ name: "TELEMETRY_eu", subjects: ["nothing.comes.here"] });
  await write(10);
  await eventually("the origin is read", () => seen.length === 20, 10_000);
  await rebuildCopy(hub, "eu", "hub", 1);
  const back = (): boolean => warnings.at(-1)?.includes("the copy again") === true;
  await eventually("the copy is read again", back);
  await write(10);
  await eventually("nothing is missing", () => seen.length === 30);
  stop.abort();
  await reading;
  expect(seen).toEqual(Array.from({ length: 30 }, (_, at) => at + 1));
});
