// Goal: logs are trimmed once everybody has read them, and never before: not while the hub or the
// engine is away.
// Method: real servers and processes that keep one second only and trim every second; then the hub and
// the engine are killed.
import { setTimeout as sleep } from "node:timers/promises";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { NatsConnection } from "../../platform/nats/client/connection.ts";
import { expect, test } from "vitest";
import { Streams } from "../../platform/nats/client/streams.ts";
import { firstSeqSince } from "../../platform/nats/lanes/trim.ts";
import type { NatsUser } from "../../platform/nats/topology/permissions.ts";
import { makeAggregator } from "../support/aggregator.ts";
import { startInflux } from "../support/influx.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { startHubAndRegions } from "../support/nats.ts";
import { startService } from "../support/services.ts";

const STREAM = "TELEMETRY_eu";
const TRIM = { SKERRY_LOG_KEEP: "1s", SKERRY_TRIM_SCHEDULE: "* * * * * *" };
const AWAY_MS = 4_000;

async function range(connection: NatsConnection): Promise<{ first: number; last: number }> {
  const { state } = await (await connection.jetstreamManager()).streams.info(STREAM);
  return { first: state.first_seq, last: state.last_seq };
}

test("what everybody has read goes; what the hub or the engine has not read stays", async () => {
  await using directory = await temporaryDirectory();
  await using world = await startHubAndRegions({ regions: ["eu"] });
  await using influx = await startInflux();
  const aggregator = await makeAggregator(world, influx, ["eu"]);
  await using _ = aggregator.process;
  await aggregator.process.start();
  const region = (user: NatsUser) => ({
    SKERRY_REGION: "eu",
    SKERRY_NATS_URL: world.region("eu").urlOf(user),
  });
  // An idle gateway writes an empty frame per lane and second: enough to trim.
  const gateway = await startService("gateway/main.ts", {
    ...region("gateway"),
    ...TRIM,
    SKERRY_MQTT_PORT: String(await freePort()),
  });
  await using __ = gateway.process;
  const rules = join(directory.path, "rules.json");
  await writeFile(rules, "[]");
  const alerting = await startService("gateway/alerting/main.ts", {
    ...region("alerting"),
    SKERRY_RULES: rules,
  });
  await using ___ = alerting.process;
  const steward = await startService("cloud/steward/main.ts", {
    SKERRY_NATS_URL: world.hub.urlOf("steward"),
    SKERRY_INFLUX_URL: influx.url,
    SKERRY_REGIONS: "eu",
    SKERRY_LOG_KEEP: "1s",
    SKERRY_COPY_SCHEDULE: "* * * * * *",
  });
  await using ____ = steward.process;
  const eu = await world.region("eu").connect();
  const hub = await world.hub.connect();
  await eventually("both are trimmed", async () => {
    const firsts = [(await range(eu)).first, (await range(hub)).first];
    return firsts.every((first) => first > 4);
  });

  await world.hub.process.kill();
  const atKill = (await range(eu)).last;
  await sleep(AWAY_MS);
  const away = await range(eu);
  expect(away.last).toBeGreaterThan(atKill + 1);
  expect(away.first).toBeLessThanOrEqual(atKill + 1);
  await world.hub.process.start();
  await eventually("it is trimmed again", async () => (await range(eu)).first > away.last);

  await alerting.process.kill();
  await sleep(AWAY_MS);
  const stopped = await range(eu);
  await sleep(AWAY_MS / 2);
  const later = await range(eu);
  expect(later.last).toBeGreaterThan(stopped.last);
  expect(later.first).toBe(stopped.first);
  await alerting.process.start();
  await eventually("it is trimmed again", async () => (await range(eu)).first > later.first);

  // No reader met a hole.
  await eventually("the aggregator has read it all", async () => {
    const { lanes } = await aggregator.status();
    return lanes.length === 1 && lanes.every(({ doneSeq }) => doneSeq > later.last);
  });
  const { lanes } = await aggregator.status();
  expect(lanes.map(({ stoppedBy }) => stoppedBy)).toEqual([null]);
});

test("the first frame since a time is found by bisection", async () => {
  await using world = await startHubAndRegions({ regions: ["eu"] });
  const eu = await world.region("eu").connect();
  const streams = new Streams(eu);
  for (let at = 0; at < 20; at++) {
    await eu.jetstream().publish("telemetry.eu.0", String(at));
    if (at === 9) await sleep(50);
  }
  const tenth = (await streams.at(STREAM, 11))!.storeMs;
  const all = { firstSeq: 1, lastSeq: 20 };
  expect(await firstSeqSince(streams, STREAM, all, tenth - 20)).toBe(11);
  expect(await firstSeqSince(streams, STREAM, all, Date.now() + 1_000)).toBe(21);
  expect(await firstSeqSince(streams, STREAM, all, 0)).toBe(1);
});
