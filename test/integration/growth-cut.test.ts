// Goal: a region's log grows while the region is cut off from the hub: the region stores and alerts in its new lanes
// all the same, the hub waits and says why, and afterwards everything is stored once. Method: real processes, a WAN that is a
// proxy; the topology is applied by somebody who reaches both sides.
import { join } from "node:path";
import { expect, test } from "vitest";
import type {
  AggregatorStatus,
  AlertingStatus,
  StewardStatus,
} from "../../contracts/messages/status.ts";
import { SCHEMAS_DIRECTORY, loadCatalog } from "../../contracts/schema/catalog.ts";
import { readLedger } from "../../device-sim/ledger.ts";
import { audit } from "../../infra/local/audit.ts";
import { TcpProxy } from "../../infra/local/demo/tcp-proxy.ts";
import { PROVE_RULES } from "../prove/alerts.ts";
import { eventually } from "../support/eventually.ts";
import { freePort } from "../support/free-port.ts";
import { startInflux } from "../support/influx.ts";
import { startKept } from "../support/kept.ts";
import { startHubAndRegions } from "../support/nats.ts";
import { makeService } from "../support/services.ts";
import { skerry } from "../support/skerry.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const PATIENCE_MS = 90_000;

test("a log grows while the WAN is cut: the region goes on by itself, the hub after it", async () => {
  await using stack = new AsyncDisposableStack();
  const { path: directory } = stack.use(await temporaryDirectory());
  let wan: TcpProxy | null = null;
  const world = stack.use(
    await startHubAndRegions({
      ...{ regions: ["eu"], partitions: 1 },
      wan: async (leafPort) => {
        const port = await freePort();
        wan = stack.use(await TcpProxy.listen(port, leafPort));
        return port;
      },
    }),
  );
  const influx = stack.use(await startInflux());
  const [hub, eu] = [world.hub, world.region("eu")];
  const mqttPort = String(await freePort());
  const ledger = join(directory, "ledger.jsonl");
  const ofHub = { SKERRY_REGIONS: "eu", SKERRY_INFLUX_URL: influx.url };
  const aService = (main: string, env: Record<string, string>) =>
    makeService(main, env, [], PATIENCE_MS);
  const [gateway, engine, aggregator, steward, devices] = [
    await aService("gateway/main.ts", {
      ...{ SKERRY_REGION: "eu", SKERRY_NATS_URL: eu.urlOf("gateway") },
      ...{ SKERRY_MQTT_PORT: mqttPort, SKERRY_ANONYMOUS: "loopback" },
      SKERRY_DATA_DIR: join(directory, "gateway"),
    }),
    await aService("gateway/alerting/main.ts", {
      ...{ SKERRY_REGION: "eu", SKERRY_NATS_URL: eu.urlOf("alerting") },
      SKERRY_RULES: PROVE_RULES,
    }),
    await aService("cloud/aggregator/main.ts", {
      ...{ ...ofHub, SKERRY_NATS_URL: hub.urlOf("aggregator") },
      SKERRY_REPAIR_SCHEDULE: "* * * * * *",
    }),
    await aService("cloud/steward/main.ts", {
      ...{ ...ofHub, SKERRY_NATS_URL: hub.urlOf("steward") },
      SKERRY_COPY_SCHEDULE: "* * * * * *",
    }),
    await aService("device-sim/main.ts", {
      SKERRY_GATEWAYS: `eu=mqtt://127.0.0.1:${mqttPort}`,
      ...{ SKERRY_DEVICES: "8", SKERRY_RATE: "60", SKERRY_LEDGER: ledger },
    }),
  ] as const;
  const services = [gateway, engine, aggregator, steward];
  const moreAcknowledged = await startKept(stack, { services, devices, withinMs: PATIENCE_MS });
  const isRead = async (of: typeof engine): Promise<boolean> => {
    const { lanes } = await of.status<AlertingStatus | AggregatorStatus>();
    return [1, 2].every((lane) =>
      lanes.some(({ partition, doneSeq }) => partition === lane && doneSeq > 0),
    );
  };

  await moreAcknowledged(300);
  const finished = await skerry(["upgrade", "finish", "--nats", hub.url]);
  expect(finished, finished.out).toMatchObject({ code: 0 });
  wan!.cut();
  const servers = ["--hub", hub.url, "--region", `eu=${eu.url}`, "--log-gib", "1"];
  const grown = await skerry(["topology", "apply", ...servers, "--partitions", "2"]);
  expect(grown, grown.out).toMatchObject({ code: 0 });
  await moreAcknowledged(500);
  await eventually("the engine reads the new lanes", () => isRead(engine), PATIENCE_MS);
  await eventually(
    "the aggregator says for what its new lanes wait",
    async () => {
      const { lanes } = await aggregator.status<AggregatorStatus>();
      return [1, 2].every((lane) =>
        lanes.some(
          ({ partition, stoppedBy }) =>
            partition === lane &&
            stoppedBy === "waits until lane eu/0, which had its keys, is done",
        ),
      );
    },
    PATIENCE_MS,
  );
  wan!.heal();
  await eventually("the aggregator reads the new lanes", () => isRead(aggregator), PATIENCE_MS);
  await moreAcknowledged(200);
  await devices.process.stop("SIGTERM");

  const catalog = loadCatalog(SCHEMAS_DIRECTORY);
  const stored = await eventually(
    "everything is stored",
    async () => {
      const found = await audit(readLedger(ledger), influx.client(), catalog, ["eu"]);
      return found.missing === 0 && found.rollups.wrong === 0 && found;
    },
    PATIENCE_MS,
  );
  expect(stored).toMatchObject({ missing: 0, duplicated: 0 });
  const balanced = await eventually(
    "the ledger balances",
    async () => {
      const { ledger: now } = await steward.status<StewardStatus>();
      const rows = now?.rows.filter(({ contract }) => contract !== "presence") ?? [];
      const counted = rows.reduce((sum, row) => sum + row.acknowledged, 0);
      if (!now || counted < stored.acknowledged) return false;
      const waits = ({ waiting }: (typeof rows)[number]): number =>
        waiting.aggregator + waiting.hub + waiting.region;
      return rows.every((row) => waits(row) === 0) && now;
    },
    PATIENCE_MS,
  );
  expect(balanced.open).toEqual([]);
}, 300_000);
