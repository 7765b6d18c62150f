// Goal: latency is known by hop, an idle region is known to work, and an outage of the WAN does not pass for
// the latency of the path. Method: a real gateway, aggregator and InfluxDB; the WAN is cut for a while.
import { expect, test } from "vitest";
import type { GatewayStatus } from "../../contracts/messages/status.ts";
import { makeAggregator } from "../support/aggregator.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { startInflux } from "../support/influx.ts";
import { FrameWriter } from "../support/nats-frames.ts";
import { startHubAndRegions } from "../support/nats.ts";
import { startService } from "../support/services.ts";
import { TcpProxy } from "../../infra/local/demo/tcp-proxy.ts";

const LANES = 2;
const SENT = 20;

test("canaries pass an idle region, leave no data, and an outage is told apart", async () => {
  await using stack = new AsyncDisposableStack();
  let wan: TcpProxy | undefined;
  const world = stack.use(
    await startHubAndRegions({
      regions: ["eu"],
      partitions: LANES,
      wan: async (leafPort) => {
        const port = await freePort();
        wan = stack.use(await TcpProxy.listen(port, leafPort));
        return port;
      },
    }),
  );
  const influx = stack.use(await startInflux());
  const partitions = { SKERRY_PARTITIONS: String(LANES) };
  const aggregator = await makeAggregator(world, influx, ["eu"], partitions);
  stack.use(aggregator.process);
  await aggregator.process.start();
  const gateway = await startService("gateway/main.ts", {
    ...partitions,
    SKERRY_REGION: "eu",
    SKERRY_NATS_URL: world.region("eu").urlOf("gateway"),
    SKERRY_MQTT_PORT: String(await freePort()),
    SKERRY_GATEWAY_ID: "g9",
  });
  stack.use(gateway.process);

  const { canaries, readingsStored } = await eventually("every lane has a canary", async () => {
    const status = await aggregator.status();
    return status.canaries.length === LANES && status;
  });
  expect(readingsStored).toBe(0);
  for (const { gateway: from, hopsMs, sentMs, storedMs } of canaries) {
    expect(from).toBe("g9");
    expect(hopsMs.total).toBe(storedMs - sentMs);
    expect(hopsMs.aggregator_to_store).toBeGreaterThanOrEqual(0);
  }
  expect((await gateway.status<GatewayStatus>()).canaryStoredMs).not.toBeNull();
  const rows = await influx.client().query("SELECT * FROM skerry_canary");
  expect(rows.map(({ partition }) => partition).sort()).toEqual(["0", "1"]);
  const measurements = await influx.client().query("SHOW MEASUREMENTS");
  expect(measurements.map(({ name }) => name)).toEqual(["skerry_canary"]);

  const writer = new FrameWriter({ region: "eu", partition: 0 }, "test");
  const region = await world.region("eu").connect();
  let sent = 0;
  const publish = async (): Promise<void> => {
    sent += 1;
    const nowMs = Date.now();
    const payload = { ts: nowMs, seq: sent, co2: 500 };
    const reading = { device: "d", contract: "environment", receivedAtMs: nowMs, payload };
    await writer.publish(region, [reading], nowMs);
  };
  const stored = (count: number) =>
    eventually(`${count} readings are stored`, async () => {
      const status = await aggregator.status();
      return status.readingsStored >= count && status;
    });
  for (let at = 0; at < SENT; at++) await publish();
  const before = await stored(SENT);
  expect(before.behindOutage).toEqual({ eu: 0 });
  expect(before.recentLatencyMs["eu"]?.total?.p50).toBeLessThan(2_000);

  wan!.cut();
  const untilMs = Date.now() + 8_000;
  await eventually("the WAN was cut for a while", async () => {
    await publish();
    return Date.now() > untilMs;
  });
  wan!.heal();
  const after = await stored(sent);
  // The last heartbeat came up to a second before the cut, and the link is found up again within a second.
  expect(after.behindOutage["eu"]).toBeGreaterThan((sent - SENT) * 0.9);
  expect(after.recentLatencyMs["eu"]?.total?.p50).toBeLessThan(2_000);
  const metrics = await (await fetch(aggregator.url("/metrics"))).text();
  const seconds = /skerry_latency_seconds_sum\{region="eu",hop="log_to_hub",outage="true"\} (\S+)/;
  const perReading = Number(seconds.exec(metrics)?.[1]) / after.behindOutage["eu"]!;
  expect(perReading).toBeGreaterThan(2);
  expect(metrics).toMatch(/skerry_canary_age_seconds\{region="eu",partition="1",gateway="g9"\} \d/);
}, 90_000);
