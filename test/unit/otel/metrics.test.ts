import { expect, test } from "vitest";
import { type MetricSpec, metricFamily, pointsOf } from "../../../otel/metrics.ts";

const SPEC: MetricSpec = {
  name: "skerry.gateway.readings",
  kind: "counter",
  unit: "{reading}",
  doc: "",
  read: () => 7,
};
const EU = { region: "eu" };

test("a unit with a name ends the metric's, once", () => {
  const named = (name: string, unit: string, kind: MetricSpec["kind"] = "gauge") =>
    metricFamily({ name, unit, kind }).sample;
  expect(named("skerry.latency", "s")).toBe("skerry_latency_seconds");
  expect(named("skerry.process.cpu", "s", "counter")).toBe("skerry_process_cpu_seconds_total");
  expect(named("skerry.log.stored_bytes", "By")).toBe("skerry_log_stored_bytes");
  expect(named("skerry.log.refusing", "1")).toBe("skerry_log_refusing");
});

test.each([
  ["skerry.latency", "ms"],
  ["skerry.latency", "seconds"],
  ["latency", "s"],
  ["skerry.Latency", "s"],
  ["skerry.a-b", "1"],
])("name %s with unit %s is refused", (name, unit) => {
  expect(() => metricFamily({ name, unit, kind: "gauge" })).toThrow(RangeError);
});

test("every form of a value becomes points with the labels of the process below their own", () => {
  const histogram = { bounds: [1], counts: [0, 2], sum: 5 };
  const pointsFrom = (read: MetricSpec["read"]) => pointsOf({ ...SPEC, label: "reason", read }, EU);
  expect(pointsFrom(() => 7)).toEqual([{ labels: EU, value: 7 }]);
  expect(pointsFrom(() => histogram)).toEqual([{ labels: EU, value: histogram }]);
  expect(pointsFrom(() => ({ timeout: 1, takeover: 2 }))).toEqual([
    { labels: { region: "eu", reason: "timeout" }, value: 1 },
    { labels: { region: "eu", reason: "takeover" }, value: 2 },
  ]);
  expect(pointsFrom(() => ({ timeout: histogram }))).toEqual([
    { labels: { region: "eu", reason: "timeout" }, value: histogram },
  ]);
  expect(pointsFrom(() => [{ labels: { region: "us", hop: "total" }, value: 3 }])).toEqual([
    { labels: { region: "us", hop: "total" }, value: 3 },
  ]);
});
