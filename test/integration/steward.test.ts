// Goal: one region harms no other at the hub, and a sink that cannot be asked is said to be one.
import { expect, test } from "vitest";
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
