import { startTelemetry } from "../../otel/telemetry.ts";
import { itsServer } from "../../platform/nats/client/access.ts";
import { connectNats } from "../../platform/nats/client/connect.ts";
import { joinFleet } from "../../platform/nats/client/fleet.ts";
import { natsAccess } from "../../platform/nats/client/options.ts";
import { openContractRegistry } from "../../platform/nats/lanes/contract-registry.ts";
import { announceProcess } from "../../platform/nats/live/announce-process.ts";
import { signRecords } from "../../platform/nats/signed/seal.ts";
import { readSigningKey } from "../../platform/nats/signed/trusted-keys.ts";
import { HUB } from "../../platform/nats/topology/topology.ts";
import { processMain } from "../../platform/runtime/process-main.ts";
import { Starting, serveStatus, statusAddress } from "../../platform/runtime/status-server.ts";
import { readMappings } from "../operations/mappings/read-mappings.ts";
import { readRules } from "../operations/rules/store.ts";
import { InfluxClient } from "../sinks/influx/client.ts";
import { influxTarget, influxWarnings } from "../sinks/influx/options.ts";
import { Console } from "./console.ts";
import { CONSOLE_OPTIONS } from "./options.ts";

await processMain({
  name: "console",
  title:
    "Skerry console: shows how everything is, and changes what people may change; for browsers and programs.",
  options: CONSOLE_OPTIONS,
  env: process.env,
  argv: process.argv.slice(2),
  run: async ({ config, logger, signal, ending }) => {
    const service = { name: "console", region: HUB };
    const telemetry = ending.use(await startTelemetry(service, config, logger));
    const { regions, partitions, schemas } = config;
    const target = { ...natsAccess(config), name: "console" };
    const starting = new Starting(itsServer(target));
    await using _status = await serveStatus(statusAddress(config), starting, telemetry.metrics);
    const connection = await connectNats(target, logger, signal);
    await joinFleet(connection, logger);
    starting.waitsFor("contracts of its nats-server");
    const { signingKeyFile } = config;
    if (signingKeyFile !== "")
      signRecords(connection, readSigningKey(signingKeyFile, "SKERRY_SIGNING_KEY_FILE"));
    const registry = { connection, shippedDirectory: schemas, logger };
    const catalog = await openContractRegistry(registry, signal);
    const influx = config.influxUrl === "" ? null : new InfluxClient(influxTarget(config));
    if (influx) for (const warning of influxWarnings(config)) logger.warn(warning);
    const hub = { connection, regions, partitions, catalog, influx, logger, now: Date.now };
    const files = {
      rules: config.rules === "" ? [] : readRules(config.rules),
      mappings: config.mappings === "" ? [] : readMappings(config.mappings),
    };
    const console_ = new Console(config, hub, files);
    starting.works(console_);
    const announced = { connection, kind: "console", domain: HUB, telemetry } as const;
    await Promise.all([
      console_.run(signal),
      announceProcess({ ...announced, status: () => console_.status() }, signal),
    ]);
    await connection.close();
  },
});
