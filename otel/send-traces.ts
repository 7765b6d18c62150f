import type { Tracer } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { BatchSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { BATCH_DELAY_MS, type SignalPath } from "./signal-path.ts";

/** Sends the spans of the tracer, until it is stopped. */
export function sendTraces({ resource, scope, options, tellOutcomes }: SignalPath): {
  readonly tracer: Tracer;
  readonly stop: () => Promise<void>;
} {
  const exporter = new OTLPTraceExporter(options);
  tellOutcomes(exporter);
  const processor = new BatchSpanProcessor({ exporter, scheduledDelayMillis: BATCH_DELAY_MS });
  const provider = new TracerProvider({ resource, spanProcessors: [processor] });
  const { name, version, schemaUrl } = scope;
  return {
    tracer: provider.getTracer(name, version, { schemaUrl }),
    stop: () => provider.shutdown(),
  };
}
