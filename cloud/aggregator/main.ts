import cron from "node-cron";
import { SCHEMAS_DIRECTORY } from "../../contracts/catalog.ts";
import { PARTITIONS_DEFAULT } from "../../infra/nats/topology.ts";
import { type OptionTable, as } from "../../infra/runtime/config.ts";
import { sleep } from "../../infra/runtime/backoff.ts";
import { processMain } from "../../infra/runtime/process-main.ts";
import { STATUS_OPTIONS, serveStatus } from "../../infra/runtime/status-server.ts";
import { TRACING_OPTIONS, startTracing } from "../../otel/tracing.ts";
import { Aggregator } from "./aggregator.ts";

const OPTIONS = {
  natsUrl: {
    env: "SKERRY_NATS_URL",
    doc: "the hub's nats-server: nats://user:password@host:port",
    parse: as.url,
  },
  influxUrl: {
    env: "SKERRY_INFLUX_URL",
    doc: "InfluxDB: http://host:port, with user:password@ if it asks for them",
    parse: as.url,
  },
  influxDatabase: {
    env: "SKERRY_INFLUX_DATABASE",
    doc: "database, created if it is missing",
    fallback: "skerry",
    parse: as.text,
  },
  regions: {
    env: "SKERRY_REGIONS",
    doc: "regions whose lanes are read, separated by commas",
    parse: (raw) => {
      const regions = as.list(raw).map(as.token);
      if (regions.length === 0) throw new Error("must name at least one region");
      return [...new Set(regions)];
    },
  },
  partitions: {
    env: "SKERRY_PARTITIONS",
    doc: "lanes per region, as fixed when the regions' logs were created",
    fallback: String(PARTITIONS_DEFAULT),
    parse: as.integer(1, 1024),
  },
  schemas: {
    env: "SKERRY_SCHEMAS",
    doc: "directory of contracts: {name}/v{number}.json",
    fallback: SCHEMAS_DIRECTORY,
    parse: as.text,
  },
  repairSchedule: {
    env: "SKERRY_REPAIR_SCHEDULE",
    doc: "cron expression, seconds first: when rollups that late readings changed are recomputed",
    fallback: "*/5 * * * * *",
    parse: (raw) => {
      if (!cron.validate(raw)) throw new Error(`is not a cron expression: ${raw}`);
      return raw;
    },
  },
  ...STATUS_OPTIONS,
  ...TRACING_OPTIONS,
} satisfies OptionTable;

/** A trace receiver that is away must not hold up the end. */
const LAST_SPANS_MS = 500;

await processMain({
  name: "aggregator",
  title:
    "Skerry aggregator: reads every region's log at the hub, writes points and rollups to InfluxDB",
  options: OPTIONS,
  env: process.env,
  argv: process.argv.slice(2),
  run: async ({ config, logger, signal }) => {
    const tracing = await startTracing({ name: "aggregator" }, config);
    const aggregator = new Aggregator(config, { tracing, logger });
    const at = { host: config.statusHost, port: config.statusPort };
    await using status = await serveStatus(at, aggregator);
    logger.info({ port: status.port }, "status served");
    await aggregator.run(signal);
    await Promise.race([tracing[Symbol.asyncDispose](), sleep(LAST_SPANS_MS)]);
  },
});
