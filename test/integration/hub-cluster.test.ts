// Goal: a hub of three servers goes on when one of them is killed, whichever, and nothing that was acknowledged is missing
// or there twice; what runs with three replicas keeps them.
// Method: three real nats-servers of a cluster and a region; a gateway under load, an aggregator into a real InfluxDB; each
// server is killed in turn and comes back.
import { expect, test } from "vitest";
import { connectOnce } from "../../platform/nats/client/connection.ts";
import { startClusters } from "../support/clusters.ts";
import { weaknessesOf } from "../../platform/nats/topology/server-versions.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { startInflux } from "../support/influx.ts";
import { connectClient } from "../support/mqtt-client.ts";
import { type Service, startService } from "../support/services.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const DEVICE = "of-the-cluster";

test("each server of the hub is killed in turn, under load", async () => {
  await using stack = new AsyncDisposableStack();
  const cluster = stack.use(await startClusters({ hub: 3, region: 1 }));
  const influx = stack.use(await startInflux());
  const { path: directory } = stack.use(await temporaryDirectory());
  await cluster.applied();
  const others = cluster.hub.addresses.slice(1);
  const hub = await connectOnce({
    ...{ url: cluster.hub.urlOf("admin"), others },
    ...{ reconnect: true, timeoutMs: 5_000 },
  });
  stack.defer(() => hub.close());
  const manager = await hub.jetstreamManager();
  const replicas = async (): Promise<number[]> => [
    ...new Set((await manager.streams.list().next()).map(({ config }) => config.num_replicas)),
  ];
  expect(await replicas()).toEqual([3]);
  expect((await manager.streams.info("TELEMETRY_eu")).config.num_replicas).toBe(3);
  // Asked for fewer, it says so of nothing: what runs is lowered only if one says it.
  const again = await cluster.apply("--replicas", "hub=1");
  expect(again.code).toBe(0);
  // Whoever has a cluster of old servers is told what that means, on one machine, too.
  const isOld = weaknessesOf(hub.info?.version ?? "").length > 0;
  expect(again.out.includes("lose a frame that was acknowledged")).toBe(isOld);
  expect(await replicas()).toEqual([3]);

  const port = await freePort();
  const start = async (main: string, env: Record<string, string>): Promise<Service> => {
    const service = await startService(main, env);
    stack.use(service.process);
    return service;
  };
  await start("gateway/main.ts", {
    SKERRY_REGION: "eu",
    ...cluster.region.envOf("gateway"),
    SKERRY_MQTT_PORT: String(port),
    SKERRY_DATA_DIR: directory,
    SKERRY_ANONYMOUS: "loopback",
  });
  await start("cloud/aggregator/main.ts", {
    SKERRY_REGIONS: "eu",
    ...cluster.hub.envOf("aggregator"),
    SKERRY_INFLUX_URL: influx.url,
  });
  const client = await connectClient(port, { clientId: DEVICE });
  stack.defer(() => client.endAsync(true));
  let acknowledged = 0;
  let isEnding = false;
  const load = (async () => {
    while (!isEnding) {
      const payload = JSON.stringify({
        ts: Date.now(),

        value: acknowledged,
      });
      await client.publishAsync(`devices/${DEVICE}/telemetry/measurement`, payload, { qos: 1 });
      acknowledged++;
    }
  })().catch((error: unknown) => {
    if (!isEnding) throw error;
  });
  stack.defer(() => void (isEnding = true));
  const stored = async (): Promise<number> => {
    const rows = await influx
      .client()
      .query(`SELECT count(value) AS n FROM "measurement" WHERE device = '${DEVICE}'`);
    return Number(rows[0]?.["n"] ?? 0);
  };
  const level = async (what: string): Promise<void> => {
    const wanted = acknowledged + 1;
    await eventually(what, async () => (await stored()) >= wanted, 60_000);
  };
  await level("the first readings are stored");
  for (const [at, node] of cluster.hub.nodes.entries()) {
    await node.kill();
    await level(`what was said without hub-${at + 1} is stored`);
    await node.start();
    await level(`what was said while hub-${at + 1} came back is stored`);
    await eventually(
      "every copy is level again",
      async () => {
        const of = await manager.streams.info("TELEMETRY_eu").then(
          (info) => info.cluster,
          () => undefined, // The connection may have been to the one that was killed.
        );
        return (of?.replicas ?? []).length === 2 && of!.replicas!.every(({ current }) => current);
      },
      60_000,
    );
  }
  isEnding = true;
  await load;
  await eventually("all is stored", async () => (await stored()) >= acknowledged, 60_000);
  expect(await stored()).toBe(acknowledged);
}, 240_000);
