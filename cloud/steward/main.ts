import { openReconciliation, openRetention } from "../sinks/sinks.ts";
import { startTelemetry } from "../../otel/telemetry.ts";
import { itsServer } from "../../platform/nats/client/access.ts";
import { connectNats } from "../../platform/nats/client/connect.ts";
import { joinFleet } from "../../platform/nats/client/fleet.ts";
import { natsAccess } from "../../platform/nats/client/options.ts";
import { announceProcess } from "../../platform/nats/live/announce-process.ts";
import { openContractRegistry } from "../../platform/nats/lanes/contract-registry.ts";
import {
  natsServerMetricSpecs,
  volumeMetricSpecs,
} from "../../platform/nats/monitoring/metrics.ts";
import { ServerMonitor } from "../../platform/nats/monitoring/server-monitor.ts";
import { Volumes } from "../../platform/nats/monitoring/volumes.ts";
import { HUB } from "../../platform/nats/topology/topology.ts";
import { processMain } from "../../platform/runtime/process-main.ts";
import { Starting, serveStatus, statusAddress } from "../../platform/runtime/status-server.ts";
import { insightMetricSpecs } from "../insight/metrics.ts";
import { stewardMetricSpecs } from "./metrics.ts";
import { STEWARD_OPTIONS } from "./options.ts";
import { Steward } from "./steward.ts";

await processMain({
  name: "steward",
  title: "Skerry steward: cares for the hub's copies of the regions' logs, compares log and sink.",
  options: STEWARD_OPTIONS,
  env: process.env,
  argv: process.argv.slice(2),
  run: async ({ config, logger, signal, ending }) => {
    const service = { name: "steward", region: HUB };
    const telemetry = ending.use(await startTelemetry(service, config, logger));
    const { tracing } = telemetry;
    const source = openReconciliation(config);
    const retention = openRetention(config);
    const target = { ...natsAccess(config), name: "steward" };
    const starting = new Starting(itsServer(target));
    await using _status = await serveStatus(statusAddress(config), starting, telemetry.metrics);
    const connection = await connectNats(target, logger, signal);
    await joinFleet(connection, logger);
    starting.waitsFor("contracts of its nats-server");
    const registry = { connection, shippedDirectory: config.schemas, logger };
    const catalog = await openContractRegistry(registry, signal);
    const natsServer = new ServerMonitor(config.natsMonitorUrl, logger);
    const volumes = new Volumes(config.disks, natsServer, logger);
    const steward = new Steward(config, {
      ...{ connection, source, retention, catalog, tracing, logger },
      volumes: () => volumes.read(),
    });
    telemetry.metrics.add(volumeMetricSpecs(volumes));
    telemetry.metrics.add(stewardMetricSpecs(() => steward.status()));
    telemetry.metrics.add(insightMetricSpecs(() => steward.insight));
    telemetry.metrics.add(natsServerMetricSpecs(natsServer));
    starting.works(steward);
    const announced = { connection, kind: "steward", domain: HUB, telemetry } as const;
    await Promise.all([
      steward.run(signal),
      natsServer.run(signal),
      announceProcess({ ...announced, status: () => steward.status() }, signal),
    ]);
    await connection.close();
  },
});
