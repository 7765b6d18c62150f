import { SCHEMAS_DIRECTORY } from "../../contracts/schema/catalog.ts";
import { type OptionTable, as } from "../../platform/runtime/config.ts";
import { sleep } from "../../platform/runtime/backoff.ts";
import { processMain } from "../../platform/runtime/process-main.ts";
import { STATUS_OPTIONS, serveStatus } from "../../platform/runtime/status-server.ts";
import { TRACING_OPTIONS, startTracing } from "../../otel/tracing.ts";
import { LANE_OPTIONS } from "../lane-options.ts";
import { SINK_OPTIONS, openSink } from "../sinks/sinks.ts";
import { Aggregator } from "./aggregator.ts";

const OPTIONS = {
  ...LANE_OPTIONS,
  ...SINK_OPTIONS,
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
    parse: as.cron,
  },
  ...STATUS_OPTIONS,
  ...TRACING_OPTIONS,
} satisfies OptionTable;

/** A trace receiver that is away must not hold up the end. */
const LAST_SPANS_MS = 500;

await processMain({
  name: "aggregator",
  title:
    "Skerry aggregator: reads every region's log at the hub, writes readings and rollups to a sink",
  options: OPTIONS,
  env: process.env,
  argv: process.argv.slice(2),
  run: async ({ config, logger, signal }) => {
    const tracing = await startTracing({ name: "aggregator" }, config);
    const sink = openSink(config, logger);
    const aggregator = new Aggregator(config, { sink, tracing, logger });
    const at = { host: config.statusHost, port: config.statusPort };
    await using status = await serveStatus(at, aggregator);
    logger.info({ port: status.port }, "status served");
    await aggregator.run(signal);
    await Promise.race([tracing[Symbol.asyncDispose](), sleep(LAST_SPANS_MS)]);
  },
});
