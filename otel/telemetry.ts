// What a process tells about itself, by one registration: metrics for whoever asks, and traces, metrics and logs
// for a receiver, if there is one.
import { randomBytes } from "node:crypto";
import { sleep } from "../platform/runtime/backoff.ts";
import { messageOf } from "../platform/runtime/errors.ts";
import { type Logger, tapLines } from "../platform/runtime/logger.ts";
import { VERSION } from "../platform/runtime/version.ts";
import { VitalsMeter } from "../platform/runtime/vitals.ts";
import { GarbageCollections } from "./garbage-collections.ts";
import type { Signal } from "./options.ts";
import { processMetricSpecs } from "./process-metrics.ts";
import { ReceiverWarnings } from "./receiver-warnings.ts";
import { MetricRegistry } from "./registry.ts";
import { type Service, targetLabels } from "./resource.ts";
import { NO_TRACING, Tracing } from "./tracing.ts";

/** A stop has a deadline; what is not sent by then is not worth missing it. */
const STOP_WITHIN_MS = 2_000;

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
  readonly otlpHeaders: Readonly<Record<string, string>>;
  readonly otlpSignals: readonly Signal[];
  /** Absent in a process that starts no traces by itself. */
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
  const own = service.region === undefined ? {} : { region: service.region };
  const metrics = new MetricRegistry(targetLabels(described), own);
  const vitals = new VitalsMeter();
  const collections = new GarbageCollections().start();
  metrics.add(processMetricSpecs(service.name, { version: VERSION, vitals, collections }));
  const sending = await startSending(described, config, metrics, logger);
  return {
    service: described,
    tracing: sending.tracing,
    metrics,
    vitals,
    [Symbol.asyncDispose]: async () => {
      await sending.stop();
      collections[Symbol.dispose]();
      vitals[Symbol.dispose]();
    },
  };
}

async function startSending(
  service: Service,
  config: TelemetryConfig,
  registry: MetricRegistry,
  logger: Logger,
): Promise<{ tracing: Tracing; stop: () => Promise<void> }> {
  const { otlpEndpoint: endpoint, otlpHeaders: headers, otlpSignals: signals } = config;
  if (endpoint === "") return { tracing: NO_TRACING, stop: () => Promise.resolve() };
  const { startOtlp } = await import("./otlp.ts");
  const warnings = new ReceiverWarnings(endpoint, logger, () => performance.now());
  const otlp = await startOtlp(
    service,
    { endpoint, headers, signals },
    {
      registry,
      tapLines: (take) => tapLines(logger, take),
      answered: (signal, problem) => warnings.answered(signal, problem),
    },
  );
  return {
    tracing: otlp.tracer ? new Tracing(otlp.tracer, config.traceShare ?? 0) : NO_TRACING,
    stop: async () => {
      const late = sleep(STOP_WITHIN_MS).then(() => `no answer within ${STOP_WITHIN_MS} ms`);
      const problem = await Promise.race([otlp.stop().then(() => null, messageOf), late]);
      if (problem !== null) warnings.answered("more", problem);
    },
  };
}
