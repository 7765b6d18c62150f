// Goal: a disk that a log fills is told before it is full, when it says, once, also by a steward that was started anew.
// Method: a real nats-server writes onto a small file system until that is nearly full; a minute passes with each step.
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { cpSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pino } from "pino";
import { expect, test } from "vitest";
import { HubAlerts } from "../../cloud/hub-alerts.ts";
import { FILLING_RULE, VolumeWatch } from "../../cloud/steward/volume-watch.ts";
import type { Alert } from "../../contracts/messages/alert.ts";
import { telemetrySubject } from "../../contracts/names/subjects.ts";
import { NO_TRACING } from "../../otel/tracing.ts";
import { Volumes } from "../../platform/nats/monitoring/volumes.ts";
import { latestAlerts } from "../../cloud/operations/alerts/latest.ts";
import { startHubAndRegions } from "../support/nats.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const MINUTE_MS = 60_000;
const MESSAGE_BYTES = 256 * 1024;
const STEP = { messages: 4, bytes: 4 * MESSAGE_BYTES };

test("a disk that fills up is told ahead, by when it is full, and that it is over", async () => {
  await using directory = await temporaryDirectory();
  await using world = await startHubAndRegions({ regions: ["eu"], partitions: 1 });
  const { store, process: server } = world.region("eu");
  await server.kill();
  const held = join(directory.path, "held");
  cpSync(store, held, { recursive: true });
  rmSync(store, { recursive: true });
  mkdirSync(store);
  // Needs root, like the installation of the servers; without it this fails and says so.
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=64m", "skerry-test", store]);
  try {
    cpSync(held, store, { recursive: true });
    await server.start();
    const region = await world.region("eu").connect();
    const hub = await world.hub.connect("steward");
    const logger = pino({ level: "silent" });
    const volumes = new Volumes({ "nats-eu": store }, { figures: null }, logger);
    const watch = () =>
      new VolumeWatch({
        ...{ connection: hub, alerts: new HubAlerts(hub, NO_TRACING), logger },
        ...{ own: () => volumes.read(), processes: () => [] },
      });
    let steward = watch();
    let nowMs = Date.now();
    const subject = telemetrySubject("eu", 0);
    const step = async (): Promise<void> => {
      for (let n = 0; n < STEP.messages; n++)
        await region.jetstream().publish(subject, randomBytes(MESSAGE_BYTES));
      await steward.look((nowMs += MINUTE_MS));
    };
    const volume = () => steward.volumes[0]!;
    const alerts = async (): Promise<Alert[]> =>
      (await latestAlerts(await world.hub.connect(), "hub")).filter(
        ({ rule }) => rule === FILLING_RULE,
      );
    const isTold = async () => (await alerts()).some(({ state }) => state === "firing");

    await step();
    expect(volume().fullInMs).toBeNull();
    let steps = 1;
    for (; !(await isTold()); steps++) await step();
    expect(steps).toBeLessThan(15);
    expect(volume().bytesPerDay! / 1_440 / STEP.bytes).toBeCloseTo(1, 1);
    const saidSteps = volume().fullInMs! / MINUTE_MS;
    expect((await alerts())[0]).toMatchObject({
      ...{ state: "firing", key: "hub nats-eu" },
      message: expect.stringMatching(
        /^the disk nats-eu of the hub is full in \d+ min: [\d.]+ MiB are free, 1\.\d GiB a day come$/,
      ) as string,
    });
    // What was seen outlives the steward, but for the last minutes.
    let more = 0;
    for (; more < 5; more++) await step();
    steward = watch();
    await step();
    more++;
    expect(Math.abs(volume().fullInMs! / MINUTE_MS + more - saidSteps)).toBeLessThan(4);
    for (; volume().freeBytes > STEP.bytes; more++) await step();
    expect(Math.abs(more - saidSteps)).toBeLessThan(0.15 * saidSteps);
    expect(await alerts()).toHaveLength(1);
    // Room is made, and nothing comes any more.
    const manager = await region.jetstreamManager();
    await manager.streams.purge("TELEMETRY_eu");
    for (let idle = 0; (await isTold()) && idle < 600; idle++)
      await steward.look((nowMs += MINUTE_MS));
    expect(await isTold()).toBe(false);
    expect((await alerts())[0]!.message).toBe("it does not fill up any more");
  } finally {
    await server.kill();
    execFileSync("umount", ["-l", store]);
  }
}, 120_000);
