// Goal: the alerting engine misses nothing that a rolled back log holds, and goes on by itself.
// Method: a real region and engine; its directory is replaced by an older copy of itself, once while the
// engine runs and once while it is down.
import { cp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { AlertingStatus } from "../../contracts/messages/status.ts";
import { FrameWriter, type TestReading } from "../support/nats-frames.ts";
import { eventually } from "../support/eventually.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { startHubAndRegions } from "../support/nats.ts";
import { makeService } from "../support/services.ts";

const RULE = {
  id: "high",
  version: 1,
  kind: "threshold",
  contract: "environment",
  when: "co2 > 1000",
  clear: "co2 < 900",
};

/** Of a device of its own, so that each raises an alert. */
const high = (seq: number): TestReading => {
  const ts = Date.now();
  const payload = { ts, seq, temperature: 20, humidity: 40, light: 1, co2: 2_000, occupancy: 1 };
  return { device: `room ${seq}`, contract: "environment", receivedAtMs: ts, payload };
};

test.each([true, false])("a rollback while the engine runs: %s", async (runs) => {
  await using directory = await temporaryDirectory();
  await using world = await startHubAndRegions({ regions: ["eu"], partitions: 1 });
  const eu = world.region("eu");
  const rules = join(directory.path, "rules.json");
  await writeFile(rules, JSON.stringify([RULE]));
  const engine = await makeService("gateway/alerting/main.ts", {
    SKERRY_REGION: "eu",
    SKERRY_NATS_URL: eu.urlOf("alerting"),
    SKERRY_PARTITIONS: "1",
    SKERRY_RULES: rules,
  });
  await using _ = engine.process;
  await engine.process.start();
  const connection = await eu.connect();
  const writer = new FrameWriter({ region: "eu", partition: 0 });
  const write = async (from: number, to: number): Promise<void> => {
    for (let seq = from; seq <= to; seq++)
      await writer.publish(connection, [high(seq)], Date.now());
  };
  const done = async (seq: number): Promise<boolean> =>
    (await engine.status<AlertingStatus>()).lanes[0]!.doneSeq >= seq;

  await write(1, 10);
  await eventually("the first are evaluated", () => done(10));
  await eu.process.stop("SIGTERM");
  const backup = join(directory.path, "backup");
  await cp(eu.store, backup, { recursive: true });
  await eu.process.start();
  await write(11, 40);
  await eventually("more are evaluated", () => done(40));
  if (!runs) await engine.process.stop("SIGTERM");
  await eu.process.kill();
  await rm(eu.store, { recursive: true });
  await cp(backup, eu.store, { recursive: true });
  await eu.process.start();
  // Fewer than were lost: by its old place the engine would wait for more.
  await write(41, 50);
  if (!runs) await engine.process.start();
  const alerts = async (): Promise<number[]> => {
    const manager = await connection.jetstreamManager();
    const { state } = await manager.streams.info("ALERTS_eu", { subjects_filter: ">" });
    return Object.keys(state.subjects ?? {})
      .map((subject) => Number(subject.split("=20").at(-1)))
      .sort((a, b) => a - b);
  };
  await eventually("the new ones are evaluated", async () => (await alerts()).includes(50));
  // The same key as an alert that is gone, at an earlier place of the log.
  await writer.publish(connection, [high(40)], Date.now());
  await eventually("it is raised again", async () => (await alerts()).includes(40));
  // Alerts of 11 to 39 were in the directory that is gone.
  const kept = [...Array(10).keys()].flatMap((at) => [at + 1, at + 41]);
  expect(await alerts()).toEqual([40, ...kept].sort((a, b) => a - b));
  const { lanes, losses } = await engine.status<AlertingStatus>();
  expect(lanes[0]!.stoppedBy).toBe(null);
  expect(losses.map(({ readings }) => readings)).toEqual([30]);
});
