import { type OptionTable, type Resolved, as, invalid } from "../../../platform/runtime/config.ts";
import { AppError } from "../../../platform/runtime/errors.ts";
import type { Logger } from "../../../platform/runtime/logger.ts";
import type { ReconciliationSource, RetentionSource, Sink } from "../sink.ts";
import { InfluxClient } from "./client.ts";
import { InfluxSink } from "./influx-sink.ts";
import { policiesOf } from "./policies.ts";
import { differencesFrom } from "./retention.ts";
import {
  INFLUX_OPTIONS,
  KEEP_OPTION,
  type InfluxConfig,
  influxTarget,
  influxWarnings,
} from "./options.ts";
import { InfluxReconciliationSource } from "./reconciliation-source.ts";

/** Counting an hour of raw points takes a while. */
const COUNT_WITHIN_MS = 120_000;

/** The address may be left out here: another sink may be chosen. */
export const INFLUX_SINK_OPTIONS = {
  ...INFLUX_OPTIONS,
  influxUrl: {
    ...INFLUX_OPTIONS.influxUrl,
    doc: `with the sink influx, required: ${INFLUX_OPTIONS.influxUrl.doc}`,
    fallback: "",
    parse: (raw) => (raw === "" ? "" : as.url(raw)),
  },
} satisfies OptionTable;

export function openInfluxSink(config: Resolved<typeof INFLUX_SINK_OPTIONS>, logger: Logger): Sink {
  const client = clientOf(config);
  for (const warning of influxWarnings(config)) logger.warn(warning);
  return new InfluxSink(client, logger);
}

export const openInfluxReconciliation = (config: InfluxConfig): ReconciliationSource =>
  new InfluxReconciliationSource(clientOf(config, COUNT_WITHIN_MS));

/** Null where no time is configured. */
export function openInfluxRetention(
  config: InfluxConfig & Resolved<typeof KEEP_OPTION>,
): RetentionSource | null {
  const { influxKeep } = config;
  if (influxKeep.length === 0) return null;
  const client = clientOf(config);
  if (!client.hasPolicies)
    throw invalid([
      `${KEEP_OPTION.influxKeep.env} is for an InfluxDB 1.x: a bucket has one retention for all records, which is set in InfluxDB`,
    ]);
  return { differences: async () => differencesFrom(influxKeep, await policiesOf(client)) };
}

function clientOf(config: InfluxConfig, timeoutMs?: number): InfluxClient {
  const { env, doc } = INFLUX_OPTIONS.influxUrl;
  if (config.influxUrl === "")
    throw new AppError("CONFIG_INVALID", "fatal", `${env} is required: ${doc}`);
  return new InfluxClient(influxTarget(config), timeoutMs);
}
