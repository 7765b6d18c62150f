// The sinks that an aggregator can write to, and a steward may ask: one entry for each folder beside this file.
import { type OptionTable, type Resolved } from "../../platform/runtime/config.ts";
import type { Logger } from "../../platform/runtime/logger.ts";
import { FILE_SINK_OPTIONS, openFileSink } from "./file/file-sink.ts";
import { KEEP_OPTION } from "./influx/options.ts";
import {
  INFLUX_SINK_OPTIONS,
  openInfluxReconciliation,
  openInfluxRetention,
  openInfluxSink,
} from "./influx/open-influx-sink.ts";
import type { ReconciliationSource, RetentionSource, Sink } from "./sink.ts";

/** `ask` is null for a sink that cannot say what it holds, `keeps` for one that keeps everything. */
const SINKS = {
  influx: { open: openInfluxSink, ask: openInfluxReconciliation, keeps: openInfluxRetention },
  file: { open: openFileSink, ask: null, keeps: null },
};

const NAMES = Object.keys(SINKS) as (keyof typeof SINKS)[];

export const SINK_OPTIONS = {
  sink: {
    env: "SKERRY_SINK",
    doc: `where readings and rollups are stored: ${NAMES.join(" or ")}`,
    fallback: "influx",
    parse: (raw) => {
      const name = NAMES.find((known) => known === raw);
      if (!name) throw new Error(`must be ${NAMES.join(" or ")}, not "${raw}"`);
      return name;
    },
  },
  ...INFLUX_SINK_OPTIONS,
  ...FILE_SINK_OPTIONS,
} satisfies OptionTable;

/** @throws AppError `CONFIG_INVALID` if an option that the sink needs is unset. */
export const openSink = (config: Resolved<typeof SINK_OPTIONS>, logger: Logger): Sink =>
  SINKS[config.sink].open(config, logger);

/**
 * Null if the sink cannot say what it holds.
 * @throws AppError `CONFIG_INVALID` if an option that is needed to ask it is unset.
 */
export const openReconciliation = (
  config: Resolved<typeof SINK_OPTIONS>,
): ReconciliationSource | null => SINKS[config.sink].ask?.(config) ?? null;

/** Options of the steward beside: how long the store is to keep what it has. */
export const RETENTION_OPTIONS = { ...KEEP_OPTION } satisfies OptionTable;

/**
 * Null if the sink keeps everything, or no time is configured.
 * @throws AppError `CONFIG_INVALID` if the sink cannot keep each kind for a time of its own.
 */
export const openRetention = (
  config: Resolved<typeof SINK_OPTIONS & typeof RETENTION_OPTIONS>,
): RetentionSource | null => SINKS[config.sink].keeps?.(config) ?? null;
