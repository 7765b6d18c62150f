import { SCHEMAS_DIRECTORY } from "../../contracts/schema/catalog.ts";
import { TELEMETRY_OPTIONS } from "../../otel/options.ts";
import { MONITORING_OPTIONS } from "../../platform/nats/monitoring/options.ts";
import { type OptionTable, as } from "../../platform/runtime/config.ts";
import { STATUS_OPTIONS } from "../../platform/runtime/status-server.ts";
import { LANE_OPTIONS } from "../lane-options.ts";
import { RETENTION_OPTIONS, SINK_OPTIONS } from "../sinks/sinks.ts";

export const STEWARD_OPTIONS = {
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
    doc: "cron expression, seconds first: when log and sink are compared, hour by hour",
    fallback: "0 20 * * * *",
    parse: as.cron,
  },
  schemas: {
    env: "SKERRY_SCHEMAS",
    doc: "directory of contracts: {name}/v{number}.json",
    fallback: SCHEMAS_DIRECTORY,
    parse: as.text,
  },
  ...SINK_OPTIONS,
  ...RETENTION_OPTIONS,
  ...MONITORING_OPTIONS,
  ...STATUS_OPTIONS,
  ...TELEMETRY_OPTIONS,
} satisfies OptionTable;
