// Metrics in the data model of the OpenTelemetry SDK; pure. Exemplars stay behind: the SDK's exporter has no place
// for them, and whoever scrapes OpenMetrics gets them.
import { type HrTime, ValueType } from "@opentelemetry/api";
import { AggregationTemporality, DataPointType, type MetricData } from "@opentelemetry/sdk-metrics";
import type { SpecWithPoints } from "./exposition.ts";
import { hrTimeOf } from "./hr-time.ts";
import type { HistogramValue, MetricPoint } from "./metrics.ts";

/** Every metric that has a series; counters and histograms count since `startMs`. */
export const metricDataOf = (
  metrics: readonly SpecWithPoints[],
  startMs: number,
  nowMs: number,
): MetricData[] =>
  metrics
    .filter(({ points }) => points.length > 0)
    .map((metric) => {
      const times = { startTime: hrTimeOf(startMs), endTime: hrTimeOf(nowMs) };
      const descriptor = {
        name: metric.name,
        description: metric.doc,
        unit: metric.unit,
        valueType: ValueType.DOUBLE,
      };
      const base = { descriptor, aggregationTemporality: AggregationTemporality.CUMULATIVE };
      const numbers = metric.points.flatMap((point) => numberPoint(point, times));
      switch (metric.kind) {
        case "counter":
          return {
            ...base,
            dataPointType: DataPointType.SUM,
            isMonotonic: true,
            dataPoints: numbers,
          };
        case "gauge":
          return { ...base, dataPointType: DataPointType.GAUGE, dataPoints: numbers };
        case "histogram":
          return {
            ...base,
            dataPointType: DataPointType.HISTOGRAM,
            dataPoints: metric.points.flatMap((point) => histogramPoint(point, times)),
          };
      }
    });

interface Times {
  readonly startTime: HrTime;
  readonly endTime: HrTime;
}

const numberPoint = ({ labels, value }: MetricPoint, times: Times) =>
  typeof value === "number" ? [{ ...times, attributes: labels, value }] : [];

const histogramPoint = ({ labels, value }: MetricPoint, times: Times) =>
  typeof value === "number" ? [] : [{ ...times, attributes: labels, value: histogramOf(value) }];

const histogramOf = ({ bounds, counts, sum }: HistogramValue) => ({
  buckets: { boundaries: [...bounds], counts: [...counts] },
  count: counts.reduce((total, count) => total + count, 0),
  sum,
});
