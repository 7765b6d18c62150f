import { OTLPLogExporter } from "@opentelemetry/exporter-logs-otlp-http";
import { BatchLogRecordProcessor, LoggerProvider } from "@opentelemetry/sdk-logs";
import { logRecordOf } from "./log-records.ts";
import { BATCH_DELAY_MS, type SignalPath } from "./signal-path.ts";

/** Sends every line that is logged from now on. @returns a function that stops it. */
export function sendLogs(
  { resource, scope, options, tellOutcomes }: SignalPath,
  tapLines: (take: (line: string) => void) => void,
): () => Promise<void> {
  const exporter = new OTLPLogExporter(options);
  tellOutcomes(exporter);
  const processor = new BatchLogRecordProcessor({ exporter, scheduledDelayMillis: BATCH_DELAY_MS });
  const provider = new LoggerProvider({ resource, processors: [processor] });
  const { name, version, schemaUrl } = scope;
  const logger = provider.getLogger(name, version, { schemaUrl });
  tapLines((line) => logger.emit(logRecordOf(line)));
  return () => provider.shutdown();
}
