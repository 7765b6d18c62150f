import { SCHEMAS_DIRECTORY } from "../../contracts/schema/catalog.ts";
import { InfluxClient } from "../sinks/influx/client.ts";
import { INFLUX_OPTIONS, influxTarget } from "../sinks/influx/options.ts";
import { InfluxReconciliationSource } from "../sinks/influx/reconciliation-source.ts";
import { connectNats } from "../../platform/nats/client/connect.ts";
import { openContractRegistry } from "../../platform/nats/lanes/contract-registry.ts";
import { HUB_INBOX } from "../../platform/nats/topology/permissions.ts";
import { type OptionTable, as } from "../../platform/runtime/config.ts";
import { processMain } from "../../platform/runtime/process-main.ts";
import { STATUS_OPTIONS, serveStatus } from "../../platform/runtime/status-server.ts";
import { LANE_OPTIONS } from "../lane-options.ts";
import { Steward } from "./steward.ts";

const OPTIONS = {
  ...LANE_OPTIONS,
  logKeep: {
    env: "SKERRY_LOG_KEEP",
    doc: "the hub's copies are kept for at least this long, and until the aggregators are through",
    fallback: "24h",
    parse: as.durationMs,
  },
  copySchedule: {
    env: "SKERRY_COPY_SCHEDULE",
    doc: "cron expression, seconds first: when copies are trimmed and regions told how far they are",
    fallback: "0 * * * * *",
    parse: as.cron,
  },
  reconcileSchedule: {
    env: "SKERRY_RECONCILE_SCHEDULE",
    doc: "cron expression, seconds first: when log and InfluxDB are compared, hour by hour",
    fallback: "0 20 * * * *",
    parse: as.cron,
  },
  schemas: {
    env: "SKERRY_SCHEMAS",
    doc: "directory of contracts: {name}/v{number}.json",
    fallback: SCHEMAS_DIRECTORY,
    parse: as.text,
  },
  ...INFLUX_OPTIONS,
  ...STATUS_OPTIONS,
} satisfies OptionTable;

/** Counting an hour of raw points takes a while. */
const QUERY_WITHIN_MS = 120_000;

await processMain({
  name: "steward",
  title:
    "Skerry steward: cares for the hub's copies of the regions' logs, compares log and InfluxDB.",
  options: OPTIONS,
  env: process.env,
  argv: process.argv.slice(2),
  run: async ({ config, logger, signal }) => {
    const target = { url: config.natsUrl, name: "steward", inboxPrefix: HUB_INBOX };
    const connection = await connectNats(target, logger, signal);
    const registry = { connection, shippedDirectory: config.schemas, logger };
    const catalog = await openContractRegistry(registry, signal);
    const influx = new InfluxClient(influxTarget(config), QUERY_WITHIN_MS);
    const source = new InfluxReconciliationSource(influx);
    const steward = new Steward(config, { connection, source, catalog, logger });
    const at = { host: config.statusHost, port: config.statusPort };
    await using _status = await serveStatus(at, steward);
    await steward.run(signal);
    await connection.close();
  },
});
