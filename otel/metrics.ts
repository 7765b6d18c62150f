import { PrometheusExporter, PrometheusSerializer } from "@opentelemetry/exporter-prometheus";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { MeterProvider } from "@opentelemetry/sdk-metrics";

export interface MetricSpec {
  /** `skerry.<area>.<noun>`; Prometheus turns dots into underscores and adds `_total`. */
  readonly name: string;
  readonly kind: "counter" | "gauge";
  readonly unit: string;
  readonly doc: string;
  /** Read when somebody asks: a hot path only counts. A record is one series per key of `label`. */
  readonly read: () => number | Readonly<Record<string, number>>;
  readonly label?: string;
}

/** Metrics in the Prometheus text format, read at the moment of asking. */
export function makeMetrics(
  service: { name: string; region: string },
  specs: readonly MetricSpec[],
): () => Promise<string> {
  const reader = new PrometheusExporter({ preventServerStart: true });
  const resource = resourceFromAttributes({ "service.name": service.name });
  const meter = new MeterProvider({ readers: [reader], resource }).getMeter("skerry");
  const attributes = { region: service.region };
  for (const { name, kind, unit, doc, read, label } of specs) {
    const options = { unit, description: doc };
    const instrument =
      kind === "counter"
        ? meter.createObservableCounter(name, options)
        : meter.createObservableGauge(name, options);
    instrument.addCallback((result) => {
      const value = read();
      if (typeof value === "number") return result.observe(value, attributes);
      for (const [key, one] of Object.entries(value))
        result.observe(one, { ...attributes, [label ?? "kind"]: key });
    });
  }
  const serializer = new PrometheusSerializer();
  return async () => serializer.serialize((await reader.collect()).resourceMetrics);
}
