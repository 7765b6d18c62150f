// Goal: a record that looks like a server's own word stops neither readers nor the copies of the log. Method: somebody with
// the gateway's password appends one; on nats-server before 2.12 (Debian's) it stops every mirror of the log.
import { expect, test } from "vitest";
import { alertSubject, telemetrySubject } from "../../contracts/names/subjects.ts";
import { readSlice, readStored } from "../../platform/nats/client/stream-reader.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import { weaknessesOf } from "../../platform/nats/topology/server-versions.ts";
import { makeLogger } from "../../platform/runtime/logger.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { FrameWriter } from "../support/nats-frames.ts";
import { type NatsWorld, passwordOf, startHubAndRegions } from "../support/nats.ts";
import { RawNats } from "../support/raw-nats.ts";
import { startService } from "../support/services.ts";

const LOG = "TELEMETRY_eu";
const LANE = { region: "eu", partition: 0 };

const CONTROL = "NATS/1.0 100 FlowControl Request\r\n\r\n";

/** Appends an empty record with whatever header. */
async function append(world: NatsWorld, headers: string): Promise<void> {
  const port = Number(new URL(world.region("eu").url).port);
  using gateway = await RawNats.connect(port, "gateway", passwordOf("gateway"));
  gateway.say({ subject: telemetrySubject("eu", 0), headers, body: "" });
  await gateway.settled();
}

test("readers go on behind such a record, live and of the past", async () => {
  await using world = await startHubAndRegions({ regions: ["eu"] });
  const eu = await world.region("eu").connect();
  const frames = new FrameWriter(LANE);
  const alerting = await world.region("eu").connect("alerting");
  const slice = { stream: LOG, subject: telemetrySubject("eu", 0), from: 1 };
  const stop = new AbortController();
  const live: number[] = [];
  const reading = (async () => {
    for await (const { seq } of readSlice(alerting, slice, makeLogger({}, "silent"), stop.signal))
      live.push(seq);
  })();
  await frames.publish(eu, [], 1);
  await eventually("the first is read", () => Promise.resolve(live.length === 1));
  await append(world, CONTROL);
  await append(world, "NATS/1.0\r\nNats-Sequence: 900\r\n\r\n");
  await frames.publish(eu, [], 2);
  await eventually("all are read", () => Promise.resolve(live.length === 4));
  stop.abort();
  await reading;
  expect(live).toEqual([1, 2, 3, 4]);
  const stored: number[] = [];
  for await (const { seq } of readStored(alerting, slice)) stored.push(seq);
  expect(stored).toEqual([1, 2, 3, 4]);
});

test("what stops the copies of the log is removed by a gateway and told; no frame goes", async () => {
  await using world = await startHubAndRegions({ regions: ["eu"] });
  const [eu, hub] = [await world.region("eu").connect(), await world.hub.connect()];
  const [here, there] = [new Streams(eu), new Streams(hub)];
  const frames = new FrameWriter(LANE);
  for (let at = 1; at <= 5; at++) await frames.publish(eu, [], at);
  await eventually("the hub has them", async () => (await there.state(LOG)).lastSeq === 5);
  const bad = [6, 7];
  for (const _ of bad) await append(world, CONTROL);
  for (let at = 6; at <= 10; at++) await frames.publish(eu, [], at);
  await eu.jetstream().publish("alerts.eu.later.x", "{}");
  await eventually(
    "the hub has what came later in another stream",
    async () => (await there.state("ALERTS_eu")).lastSeq === 1,
  );
  const stops = weaknessesOf(hub.info!.version).some((what) => /stops the copies/.test(what));
  if (stops) expect((await there.state(LOG)).lastSeq).toBe(5);

  await using stack = new AsyncDisposableStack();
  const steward = await startService("cloud/steward/main.ts", {
    SKERRY_NATS_URL: world.hub.urlOf("steward"),
    SKERRY_REGIONS: "eu",
    SKERRY_SINK: "file",
    SKERRY_COPY_SCHEDULE: "* * * * * *",
  });
  stack.use(steward.process);
  const gateway = await startService("gateway/main.ts", {
    SKERRY_REGION: "eu",
    SKERRY_NATS_URL: world.region("eu").urlOf("gateway"),
    SKERRY_MQTT_PORT: String(await freePort()),
  });
  stack.use(gateway.process);
  await eventually(
    "the hub has the frames behind",
    async () => (await there.state(LOG)).lastSeq >= 12,
    60_000,
  );
  for (let seq = 1; seq <= 12; seq++) {
    const isThere = (await here.at(LOG, seq)) !== null;
    expect(isThere, `${seq} in the region`).toBe(!(stops && bad.includes(seq)));
    expect((await there.at(LOG, seq)) !== null, `${seq} at the hub`).toBe(isThere);
  }
  if (!stops) return;
  const subject = alertSubject({ region: "eu", rule: "copy_stopped", key: LOG });
  const states = async (): Promise<string[]> => {
    const found: string[] = [];
    for await (const { data } of readStored(eu, { stream: "ALERTS_eu", subject, from: 1 }))
      found.push((JSON.parse(Buffer.from(data).toString()) as { state: string }).state);
    return found;
  };
  await eventually(
    "it is told, and that it is over",
    async () => (await states()).length > 1,
    60_000,
  );
  expect(await states()).toEqual(["firing", "resolved"]);
}, 120_000);
