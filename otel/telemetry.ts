// What a process tells about itself, by one registration: metrics for whoever asks, traces for a receiver.
import { randomBytes } from "node:crypto";
import type { Logger } from "../platform/runtime/logger.ts";
import { VERSION } from "../platform/runtime/version.ts";
import { VitalsMeter } from "../platform/runtime/vitals.ts";
import { GarbageCollections } from "./garbage-collections.ts";
import { processMetricSpecs } from "./process-metrics.ts";
import { MetricRegistry } from "./registry.ts";
import { type Service, targetLabels } from "./resource.ts";
import { type Tracing, startTracing } from "./tracing.ts";

export interface Telemetry extends AsyncDisposable {
  readonly service: Service;
  readonly tracing: Tracing;
  /** Holds the metrics that every process has; each adds those of its own work. */
  readonly metrics: MetricRegistry;
  readonly vitals: VitalsMeter;
}

export interface TelemetryConfig {
  /** Empty: nothing is sent. */
  readonly otlpEndpoint: string;
  /** Absent in a process that starts no traces. */
  readonly traceShare?: number;
}

/**
 * Starts to measure the process, and to send if there is an endpoint. Label `region` of its metrics is the region
 * that it runs in, or the hub; the simulator runs in none.
 */
export async function startTelemetry(
  service: { name: string; region?: string; instance?: string },
  config: TelemetryConfig,
  logger: Logger,
): Promise<Telemetry> {
  const instance = service.instance ?? `${service.name}-${randomBytes(4).toString("hex")}`;
  const described: Service = { ...service, instance, version: VERSION };
  const tracing = await startTracing(described, { traceShare: 0, ...config }, logger);
  const own = service.region === undefined ? {} : { region: service.region };
  const metrics = new MetricRegistry(targetLabels(described), own);
  const vitals = new VitalsMeter();
  const collections = new GarbageCollections().start();
  metrics.add(processMetricSpecs(service.name, { version: VERSION, vitals, collections }));
  return {
    service: described,
    tracing,
    metrics,
    vitals,
    [Symbol.asyncDispose]: async () => {
      collections[Symbol.dispose]();
      vitals[Symbol.dispose]();
      await tracing[Symbol.asyncDispose]();
    },
  };
}
