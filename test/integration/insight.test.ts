// Goal: the hub's verdict is right, and in time: an aggregator that is gone or a sink that takes nothing is
// stuck, a WAN that is cut is waited for, idle lanes are well, a backlog has an end in sight.
// Method: real servers and processes, the WAN and the sink behind proxies; the rights of the console.
import { expect, test } from "vitest";
import type { Insight } from "../../cloud/insight/insight.ts";
import { InsightWatch } from "../../cloud/insight/watch.ts";
import { makeLogger } from "../../platform/runtime/logger.ts";
import { makeAggregator } from "../support/aggregator.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { startInflux } from "../support/influx.ts";
import { FrameWriter } from "../support/nats-frames.ts";
import { startHubAndRegions } from "../support/nats.ts";
import { startService } from "../support/services.ts";
import { TcpProxy } from "../../infra/local/demo/tcp-proxy.ts";

const REGION = "eu";
const PARTITIONS = 4;
const LANES = { SKERRY_PARTITIONS: String(PARTITIONS) };

test("an idle installation is well; aggregator, sink and WAN are told apart, with an end in sight when they are back", async () => {
  await using stack = new AsyncDisposableStack();
  let wan: TcpProxy | null = null;
  const world = stack.use(
    await startHubAndRegions({
      regions: [REGION],
      partitions: PARTITIONS,
      wan: async (target) => {
        const port = await freePort();
        wan = stack.use(await TcpProxy.listen(port, target));
        return port;
      },
    }),
  );
  const influx = stack.use(await startInflux());
  const sinkPort = await freePort();
  const sink = stack.use(await TcpProxy.listen(sinkPort, Number(new URL(influx.origin).port)));
  const region = world.region(REGION);
  for (const [main, env] of [
    ["gateway/main.ts", { SKERRY_MQTT_PORT: String(await freePort()) }],
    ["gateway/alerting/main.ts", {}],
  ] as const) {
    const user = main.includes("alerting") ? "alerting" : "gateway";
    const of = { ...LANES, SKERRY_REGION: REGION, SKERRY_NATS_URL: region.urlOf(user) };
    stack.use((await startService(main, { ...of, ...env })).process);
  }
  const url = influx.urlOf("writer", sinkPort);
  const aggregator = await makeAggregator(world, { url }, [REGION], LANES);
  stack.use(aggregator.process);
  await aggregator.process.start();

  const stop = new AbortController();
  const connection = await world.hub.connect("console");
  const logger = makeLogger({}, "silent");
  const options = { connection, regions: [REGION], partitions: PARTITIONS, channels: true, logger };
  const watch = new InsightWatch(options);
  const watching = watch.run(stop.signal);
  stack.defer(async () => {
    stop.abort();
    await watching;
  });
  const seen = (): Insight => watch.latest!;
  const lanes = () => seen().regions[0]!.lanes;
  const states = (of: "aggregator" | "alerting"): string =>
    [...new Set(lanes().map((lane) => lane[of].state))].join(" ");
  const within = (what: string, ms: number, probe: () => boolean) =>
    eventually(what, () => watch.latest !== null && probe(), ms).catch((error: unknown) => {
      throw new Error(`${String(error)}: ${JSON.stringify(watch.latest, null, 1)}`);
    });

  await within("idle, all is well", 20_000, () => seen().state === "ok" && lanes().length === 4);
  expect(seen().sentence).toMatch(/^Everything runs; what is stored is \d s old at most\.$/);
  expect([states("aggregator"), states("alerting")]).toEqual(["ok", "ok"]);

  await aggregator.process.kill();
  await within("its lanes are stuck", 30_000, () => states("aggregator") === "stuck");
  expect(seen().sentence).toMatch(/all 4 lanes are stuck: the aggregator has not been heard/);
  expect(states("alerting")).toBe("ok");
  await aggregator.process.start();
  await within("it is back", 20_000, () => seen().state === "ok");

  wan!.cut();
  await within("the WAN is waited for", 15_000, () => states("aggregator") === "waiting_for_wan");
  expect(seen().sentence).toMatch(
    /eu waits for the WAN, down for \d+ s, and keeps its readings meanwhile/,
  );
  expect(states("alerting")).toBe("waiting_for_wan");
  expect(seen().regions[0]!.copy!.verdict.state).toBe("waiting_for_wan");
  await writeBacklog(await region.connect());
  // Each request to the sink takes its time, so that catching up can be watched.
  sink.latencyMs = 400;
  wan!.heal();
  await within("catching up, with an end in sight", 60_000, () => {
    const { path } = seen().regions[0]!;
    return path.state === "catching_up" && path.etaMs !== null && path.etaMs > 0;
  });
  expect(seen().sentence).toMatch(/eu is catching up, done in about \d+ (s|min)/);
  sink.latencyMs = 0;
  await within("caught up", 60_000, () => seen().state === "ok");

  sink.cut();
  await within("the sink takes nothing", 30_000, () => seen().sentence.startsWith("The store"));
  await within("its lanes are stuck", 30_000, () => states("aggregator") === "stuck");
  sink.heal();
  await within("all is well", 60_000, () => seen().state === "ok");
}, 300_000);

/** Some minutes of a busy gateway, as its region stored them while nobody could see it. */
async function writeBacklog(connection: Parameters<FrameWriter["publish"]>[0]): Promise<void> {
  const startMs = Date.now();
  const writers = Array.from(
    { length: PARTITIONS },
    (_, partition) => new FrameWriter({ region: REGION, partition }),
  );
  for (let frame = 0; frame < 600; frame++) {
    const clockMs = startMs + frame;
    const readings = Array.from({ length: 50 }, (_, n) => ({
      ...{ device: `room ${n}`, contract: "environment", receivedAtMs: clockMs },
      payload: {
        ...{ ts: clockMs, seq: frame * 50 + n, temperature: 20, humidity: 40, light: 1, co2: 400 },
        occupancy: 1,
      },
    }));
    await Promise.all(writers.map((writer) => writer.publish(connection, readings, clockMs)));
  }
}
