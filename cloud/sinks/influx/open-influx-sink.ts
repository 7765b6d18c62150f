import { type OptionTable, type Resolved, as } from "../../../platform/runtime/config.ts";
import { AppError } from "../../../platform/runtime/errors.ts";
import type { Logger } from "../../../platform/runtime/logger.ts";
import type { ReconciliationSource, Sink } from "../sink.ts";
import { InfluxClient } from "./client.ts";
import { InfluxSink } from "./influx-sink.ts";
import { INFLUX_OPTIONS, type InfluxConfig, influxTarget, influxWarnings } from "./options.ts";
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

function clientOf(config: InfluxConfig, timeoutMs?: number): InfluxClient {
  const { env, doc } = INFLUX_OPTIONS.influxUrl;
  if (config.influxUrl === "")
    throw new AppError("CONFIG_INVALID", "fatal", `${env} is required: ${doc}`);
  return new InfluxClient(influxTarget(config), timeoutMs);
}
