// Sends spans, metrics and log records to a receiver of OTLP over HTTP. Loaded only when there is an endpoint, and of
// the SDK only what the signals need: it is by far the largest dependency, and nobody should pay for what is not sent.
import type { Tracer } from "@opentelemetry/api";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { SCHEMA_URL, SCOPE } from "./names.ts";
import type { Signal } from "./options.ts";
import type { MetricRegistry } from "./registry.ts";
import { type Service, resourceAttributes } from "./resource.ts";
import { type SignalPath, TIMEOUT_MS, tellOutcomes } from "./signal-path.ts";

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
export async function startOtlp(
  service: Service,
  target: OtlpTarget,
  source: OtlpSource,
): Promise<Otlp> {
  const resource = resourceFromAttributes(resourceAttributes(service), { schemaUrl: SCHEMA_URL });
  const scope = { name: SCOPE, version: service.version, schemaUrl: SCHEMA_URL };
  const pathOf = (signal: Signal): SignalPath => ({
    ...{ resource, scope },
    options: {
      url: new URL(`v1/${signal}`, withSlash(target.endpoint)).href,
      headers: { ...target.headers },
      timeoutMillis: TIMEOUT_MS,
    },
    tellOutcomes: (exporter) =>
      tellOutcomes(exporter, (problem) => source.answered(signal, problem)),
  });
  const stops: (() => Promise<void>)[] = [];
  let tracer: Tracer | null = null;
  if (target.signals.includes("traces")) {
    const { sendTraces } = await import("./send-traces.ts");
    const traces = sendTraces(pathOf("traces"));
    tracer = traces.tracer;
    stops.push(traces.stop);
  }
  if (target.signals.includes("metrics")) {
    const { sendMetrics } = await import("./send-metrics.ts");
    stops.push(sendMetrics(pathOf("metrics"), source.registry));
  }
  if (target.signals.includes("logs")) {
    const { sendLogs } = await import("./send-logs.ts");
    stops.push(sendLogs(pathOf("logs"), source.tapLines));
  }
  return { tracer, stop: async () => void (await Promise.all(stops.map((stop) => stop()))) };
}

const withSlash = (url: string): string => (url.endsWith("/") ? url : `${url}/`);
