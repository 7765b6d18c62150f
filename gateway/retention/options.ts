import { type OptionTable, type Resolved, as } from "../../platform/runtime/config.ts";

export const TRIMMER_OPTIONS = {
  logKeep: {
    env: "SKERRY_LOG_KEEP",
    doc: "frames of the log are kept for at least this long, and until everybody has read them",
    fallback: "24h",
    parse: as.durationMs,
  },
  trimSchedule: {
    env: "SKERRY_TRIM_SCHEDULE",
    doc: "cron expression, seconds first: when frames that nobody needs are removed from the log",
    fallback: "0 */5 * * * *",
    parse: as.cron,
  },
} satisfies OptionTable;

export type TrimmerOptions = Resolved<typeof TRIMMER_OPTIONS>;
