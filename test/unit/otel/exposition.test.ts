import { expect, test } from "vitest";
import { type SpecWithPoints, exposition, formatFor } from "../../../otel/exposition.ts";

const COUNTER: SpecWithPoints = {
  name: "skerry.gateway.readings",
  kind: "counter",
  unit: "{reading}",
  doc: 'stored, and so "acknowledged"',
  points: [
    { labels: { region: "eu" }, value: 3 },
    { labels: { region: 'a"b\\c\nd' }, value: 0 },
  ],
};

const LATENCY: SpecWithPoints = {
  name: "skerry.latency",
  kind: "histogram",
  unit: "s",
  doc: "device to store",
  points: [
    {
      labels: { region: "eu", hop: "total" },
      value: {
        bounds: [0.5, 1],
        counts: [2, 0, 1],
        sum: 4.25,
        exemplars: [
          { value: 0.25, atMs: 1500, traceId: "aa", spanId: "b1" },
          { value: 0.5, atMs: 2500, traceId: "aa", spanId: "b2" },
          { value: 3.5, atMs: 2000, traceId: "cc", spanId: "dd" },
        ],
      },
    },
  ],
};

test("text for Prometheus: types by the names of samples, texts escaped, buckets added up", () => {
  expect(exposition("text", { service_name: "gateway" }, [COUNTER, LATENCY])).toBe(
    [
      "# TYPE target_info gauge",
      "# HELP target_info Attributes of the process, as OpenTelemetry names them.",
      'target_info{service_name="gateway"} 1',
      "# TYPE skerry_gateway_readings_total counter",
      '# HELP skerry_gateway_readings_total stored, and so "acknowledged"',
      'skerry_gateway_readings_total{region="eu"} 3',
      'skerry_gateway_readings_total{region="a\\"b\\\\c\\nd"} 0',
      "# TYPE skerry_latency_seconds histogram",
      "# HELP skerry_latency_seconds device to store",
      'skerry_latency_seconds_bucket{region="eu",hop="total",le="0.5"} 2',
      'skerry_latency_seconds_bucket{region="eu",hop="total",le="1"} 2',
      'skerry_latency_seconds_bucket{region="eu",hop="total",le="+Inf"} 3',
      'skerry_latency_seconds_sum{region="eu",hop="total"} 4.25',
      'skerry_latency_seconds_count{region="eu",hop="total"} 3',
      "",
    ].join("\n"),
  );
});

test("OpenMetrics: families, units, the newest exemplar of each bucket, an end", () => {
  expect(exposition("openmetrics", {}, [COUNTER, LATENCY])).toBe(
    [
      "# TYPE target info",
      "# HELP target Attributes of the process, as OpenTelemetry names them.",
      "target_info 1",
      "# TYPE skerry_gateway_readings counter",
      '# HELP skerry_gateway_readings stored, and so \\"acknowledged\\"',
      'skerry_gateway_readings_total{region="eu"} 3',
      'skerry_gateway_readings_total{region="a\\"b\\\\c\\nd"} 0',
      "# TYPE skerry_latency_seconds histogram",
      "# UNIT skerry_latency_seconds seconds",
      "# HELP skerry_latency_seconds device to store",
      'skerry_latency_seconds_bucket{region="eu",hop="total",le="0.5"} 2 # {trace_id="aa",span_id="b2"} 0.5 2.5',
      'skerry_latency_seconds_bucket{region="eu",hop="total",le="1.0"} 2',
      'skerry_latency_seconds_bucket{region="eu",hop="total",le="+Inf"} 3 # {trace_id="cc",span_id="dd"} 3.5 2',
      'skerry_latency_seconds_sum{region="eu",hop="total"} 4.25',
      'skerry_latency_seconds_count{region="eu",hop="total"} 3',
      "# EOF",
      "",
    ].join("\n"),
  );
});

test.each([
  ["", "text"],
  ["*/*", "text"],
  ["text/plain;version=0.0.4", "text"],
  [
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
    "openmetrics",
  ],
  ["Application/OpenMetrics-Text", "openmetrics"],
  ["text/plain, application/openmetrics-text;q=0.5", "text"],
  ["application/openmetrics-text;q=0", "text"],
] as const)("Accept %j is answered with %s", (accept, format) => {
  expect(formatFor(accept)).toBe(format);
});
