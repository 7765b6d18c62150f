import { SCHEMAS_DIRECTORY } from "../../contracts/schema/catalog.ts";
import { TRACING_OPTIONS } from "../../otel/options.ts";
import { type OptionTable, as } from "../../platform/runtime/config.ts";
import { STATUS_OPTIONS } from "../../platform/runtime/status-server.ts";
import { LANE_OPTIONS } from "../lane-options.ts";
import { SINK_OPTIONS } from "../sinks/sinks.ts";

export const AGGREGATOR_OPTIONS = {
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
  traceSlowerThan: {
    env: "SKERRY_TRACE_SLOWER_THAN",
    doc: "a reading that takes longer from the device's clock to the sink gets a trace anyway: the oldest of each frame",
    fallback: "10s",
    parse: as.durationMs,
  },
  ...STATUS_OPTIONS,
  ...TRACING_OPTIONS,
} satisfies OptionTable;
