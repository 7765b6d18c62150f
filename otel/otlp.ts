// Sends spans, metrics and log records to a receiver of OTLP over HTTP. Loaded only when there is an endpoint:
// the SDK is by far the largest dependency, and a process that sends nothing should not pay for it.
import type { Tracer } from "@opentelemetry/api";
import { type ExportResult, ExportResultCode } from "@opentelemetry/core";
import { OTLPLogExporter } from "@opentelemetry/exporter-logs-otlp-http";
import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-http";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchLogRecordProcessor, LoggerProvider } from "@opentelemetry/sdk-logs";
import { PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { BatchSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { SCHEMA_URL, SCOPE } from "./names.ts";
import { logRecordOf } from "./log-records.ts";
import type { Signal } from "./options.ts";
import { metricDataOf } from "./otlp-metrics.ts";
import type { MetricRegistry } from "./registry.ts";
import { type Service, resourceAttributes } from "./resource.ts";

/** Spans and log records are sent at the latest this long after they were made, metrics this often. */
const BATCH_DELAY_MS = 500;
const METRICS_EVERY_MS = 10_000;
/** An answer that takes longer is none. */
const TIMEOUT_MS = 5_000;

export interface OtlpTarget {
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly signals: readonly Signal[];
}

export interface OtlpSource {
  readonly registry: MetricRegistry;
  /** Hands every line that is logged from now on to `take`. */
  readonly tapLines: (take: (line: string) => void) => void;
  /** Told of the outcome of every request: null is success. */
  readonly answered: (signal: Signal, problem: string | null) => void;
}

export interface Otlp {
  /** Null if traces are not among the signals. */
  readonly tracer: Tracer | null;
  /** Sends what is buffered. */
  stop(): Promise<void>;
}

/** Starts sending to `{endpoint}/v1/traces`, `/v1/metrics` and `/v1/logs`. */
export function startOtlp(service: Service, target: OtlpTarget, source: OtlpSource): Otlp {
  const resource = resourceFromAttributes(resourceAttributes(service), { schemaUrl: SCHEMA_URL });
  const scope = { name: SCOPE, version: service.version, schemaUrl: SCHEMA_URL };
  const stops: (() => Promise<void>)[] = [];
  const optionsOf = (signal: Signal) => ({
    url: new URL(`v1/${signal}`, withSlash(target.endpoint)).href,
    headers: { ...target.headers },
    timeoutMillis: TIMEOUT_MS,
  });
  const starts = {
    traces: (): Tracer => {
      const exporter = new OTLPTraceExporter(optionsOf("traces"));
      tellOutcomes(exporter, (problem) => source.answered("traces", problem));
      const processor = new BatchSpanProcessor({ exporter, scheduledDelayMillis: BATCH_DELAY_MS });
      const provider = new TracerProvider({ resource, spanProcessors: [processor] });
      stops.push(() => provider.shutdown());
      return provider.getTracer(scope.name, scope.version, { schemaUrl: SCHEMA_URL });
    },
    metrics: (): void => {
      const exporter = new OTLPMetricExporter(optionsOf("metrics"));
      tellOutcomes(exporter, (problem) => source.answered("metrics", problem));
      const reader = new PeriodicExportingMetricReader({
        exporter,
        exportIntervalMillis: METRICS_EVERY_MS,
        exportTimeoutMillis: TIMEOUT_MS,
      });
      const startMs = performance.timeOrigin;
      reader.setMetricProducer({
        collect: () => {
          const metrics = metricDataOf(source.registry.collect(), startMs, Date.now());
          const scopeMetrics = [{ scope, metrics }];
          return Promise.resolve({ resourceMetrics: { resource, scopeMetrics }, errors: [] });
        },
      });
      stops.push(() => reader.shutdown());
    },
    logs: (): void => {
      const exporter = new OTLPLogExporter(optionsOf("logs"));
      tellOutcomes(exporter, (problem) => source.answered("logs", problem));
      const processor = new BatchLogRecordProcessor({
        exporter,
        scheduledDelayMillis: BATCH_DELAY_MS,
      });
      const provider = new LoggerProvider({ resource, processors: [processor] });
      const logger = provider.getLogger(scope.name, scope.version, { schemaUrl: SCHEMA_URL });
      source.tapLines((line) => logger.emit(logRecordOf(line)));
      stops.push(() => provider.shutdown());
    },
  };
  const { signals } = target;
  const tracer = signals.includes("traces") ? starts.traces() : null;
  if (signals.includes("metrics")) starts.metrics();
  if (signals.includes("logs")) starts.logs();
  return { tracer, stop: async () => void (await Promise.all(stops.map((stop) => stop()))) };
}

interface Exporter<Items> {
  export(items: Items, done: (result: ExportResult) => void): void;
}

/** A processor is told that all is well: it would complain of every batch. */
function tellOutcomes<Items>(
  exporter: Exporter<Items>,
  answered: (problem: string | null) => void,
): void {
  const send = exporter.export.bind(exporter);
  exporter.export = (items, done) =>
    send(items, (result) => {
      answered(result.code === ExportResultCode.SUCCESS ? null : problemOf(result));
      done({ code: ExportResultCode.SUCCESS });
    });
}

const problemOf = ({ error }: ExportResult): string => {
  const { message = "", code } = (error ?? {}) as { message?: string; code?: string | number };
  return message || (code === undefined ? "no answer" : String(code));
};

const withSlash = (url: string): string => (url.endsWith("/") ? url : `${url}/`);
