// Goal: the hub's copies of a region go on within seconds of the region's nats-server being back, whatever the server's own
// patience is (2.15.3: 16 to 45 s), where the hub is a cluster; a hub of one server is left alone.
// Method: a real cluster of three with the steward's rights; the region is killed and started again while it is appended to.
import { setTimeout as sleep } from "node:timers/promises";
import { pino } from "pino";
import { expect, test } from "vitest";
import { StandingCopies } from "../../cloud/steward/standing-copies.ts";
import {
  alertSubject,
  alertsStream,
  telemetryStream,
  telemetrySubject,
} from "../../contracts/names/subjects.ts";
import { type NatsConnection, connectOnce } from "../../platform/nats/client/connection.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import { mirroredStreams } from "../../platform/nats/topology/crossings.ts";
import { type Clusters, type Place, REGION, startClusters } from "../support/clusters.ts";
import { eventually } from "../support/eventually.ts";
import { startHubAndRegions } from "../support/nats.ts";

const COPIES = [telemetryStream(REGION), alertsStream(REGION)];
/** From the start of the server: silence of 4 s since the kill, a look a second, a leader, and a request; on a busy machine. */
const LEVEL_WITHIN_MS = 12_000;
const logger = pino({ level: "silent" });

const connect = async (
  stack: AsyncDisposableStack,
  place: Place,
  user: "admin" | "steward",
): Promise<NatsConnection> => {
  const others = place.addresses.slice(1);
  const target = { url: place.urlOf(user), others, reconnect: true, timeoutMs: 5_000 };
  const connection = await connectOnce(target);
  stack.defer(() => connection.close());
  return connection;
};

const append = async (region: NatsConnection): Promise<void> => {
  await region.jetstream().publish(telemetrySubject(REGION, 0), "x", { timeout: 2_000 });
  await region
    .jetstream()
    .publish(alertSubject({ region: REGION, rule: "r", key: "k" }), "x", { timeout: 2_000 });
};

async function areLevel(hub: NatsConnection, region: NatsConnection): Promise<boolean> {
  for (const stream of COPIES) {
    const copy = await new Streams(hub).state(stream);
    if (copy.lastSeq < (await new Streams(region).state(stream)).lastSeq) return false;
  }
  return true;
}

const leaderOf = async (hub: NatsConnection, stream: string): Promise<string> =>
  eventually(`${stream} has a leader`, async () => {
    const { streams } = await hub.jetstreamManager({ timeout: 2_000 });
    return (await streams.info(stream)).cluster?.leader ?? false;
  });

async function withClusters(
  work: (clusters: Clusters, stack: AsyncDisposableStack) => Promise<void>,
): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const clusters = stack.use(await startClusters({ hub: 3, region: 1 }));
  await clusters.applied();
  await work(clusters, stack);
}

test(
  "the copies of a region that is back are level within seconds, short restart or long outage",
  () =>
    withClusters(async (clusters, stack) => {
      const [hub, region] = [
        await connect(stack, clusters.hub, "admin"),
        await connect(stack, clusters.region, "admin"),
      ];
      const steward = await connect(stack, clusters.hub, "steward");
      const ending = new AbortController();
      const watch = new StandingCopies({ connection: steward, regions: [REGION], logger });
      const watching = watch.run(ending.signal);
      stack.defer(async () => {
        ending.abort();
        await watching;
      });
      for (const awayMs of [2_000, 22_000]) {
        await eventually("something is appended", () => append(region).then(() => true));
        await eventually("copies are level", () => areLevel(hub, region), 60_000);
        const server = clusters.region.nodes[0]!;
        await server.kill();
        await sleep(awayMs);
        await server.start();
        await eventually("something is appended again", () => append(region).then(() => true));
        const fromMs = performance.now();
        await eventually("copies are level again", () => areLevel(hub, region), 60_000);
        const tookMs = performance.now() - fromMs;
        console.log(`away for ${awayMs} ms: level after ${tookMs.toFixed(0)} ms`);
        expect(tookMs).toBeLessThan(LEVEL_WITHIN_MS);
      }
    }),
  240_000,
);

test(
  "a steward hands every copy of a region over to another server; that takes nothing away",
  () =>
    withClusters(async (clusters, stack) => {
      const hub = await connect(stack, clusters.hub, "admin");
      const region = await connect(stack, clusters.region, "admin");
      const streams = new Streams(await connect(stack, clusters.hub, "steward"));
      await append(region);
      for (const stream of mirroredStreams(REGION)) {
        const before = await leaderOf(hub, stream);
        await eventually(`${stream} is handed over`, () => streams.handOver(stream));
        await eventually("another one leads", async () => (await leaderOf(hub, stream)) !== before);
      }
      await append(region);
      await eventually("copies are level", () => areLevel(hub, region), 60_000);
      for (const stream of COPIES) expect((await new Streams(hub).state(stream)).messages).toBe(2);
    }),
  120_000,
);

test("a hub of one server is asked for no other leader", async () => {
  await using world = await startHubAndRegions({ regions: [REGION], partitions: 1 });
  const streams = new Streams(await world.hub.connect("steward"));
  for (const stream of mirroredStreams(REGION)) expect(await streams.handOver(stream)).toBe(false);
});
