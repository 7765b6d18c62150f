import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-http";
import { PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { metricDataOf } from "./otlp-metrics.ts";
import type { MetricRegistry } from "./registry.ts";
import { type SignalPath, TIMEOUT_MS } from "./signal-path.ts";

const EVERY_MS = 10_000;

/** Sends every metric of the registry again and again. @returns a function that stops it. */
export function sendMetrics(
  { resource, scope, options, tellOutcomes }: SignalPath,
  registry: MetricRegistry,
): () => Promise<void> {
  const exporter = new OTLPMetricExporter(options);
  tellOutcomes(exporter);
  const reader = new PeriodicExportingMetricReader({
    exporter,
    exportIntervalMillis: EVERY_MS,
    exportTimeoutMillis: TIMEOUT_MS,
  });
  const startMs = performance.timeOrigin;
  reader.setMetricProducer({
    collect: () => {
      const metrics = metricDataOf(registry.collect(), startMs, Date.now());
      const scopeMetrics = [{ scope, metrics }];
      return Promise.resolve({ resourceMetrics: { resource, scopeMetrics }, errors: [] });
    },
  });
  return () => reader.shutdown();
}
