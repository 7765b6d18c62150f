import { decodeFromCompressedBase64 } from "hdr-histogram-js";
import { expect, test } from "vitest";
import { Canaries } from "../../../../../cloud/aggregator/latency/canaries.ts";
import { timesOf } from "../../../../../cloud/aggregator/latency/frame-times.ts";
import { Latencies } from "../../../../../cloud/aggregator/latency/latencies.ts";
import { latencyMetricSpecs } from "../../../../../cloud/aggregator/latency/metrics.ts";
import type { HistogramValue } from "../../../../../otel/metrics.ts";
import { pointsOf } from "../../../../../otel/metrics.ts";
import { CATALOG, environment } from "../../../../support/lane-log.ts";

const NOW_MS = 1_794_100_000_000;
const TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const [ENVIRONMENT] = CATALOG.versions("environment");

const effect = (device: string, eventMs: number, receivedAtMs: number, traceparent = "") => ({
  contract: ENVIRONMENT!,
  eventMs,
  slot: 1,
  reading: {
    ...environment(device, 1, eventMs, 1, receivedAtMs),
    traceparent: traceparent === "" ? null : traceparent,
  },
});

/** A frame of two readings, one traced, of devices whose clocks are right and three hours behind. */
function recorded(behindOutage: boolean, hubMs: number | null = NOW_MS + 150): Latencies {
  const latencies = new Latencies(["eu"]);
  const late = 3 * 3_600_000;
  const readings = [
    effect("right", NOW_MS, NOW_MS + 20),
    effect("behind", NOW_MS - late, NOW_MS + 30, TRACE),
  ];
  const times = timesOf(readings, latencies.skewsOf("eu"));
  const passed = { storeMs: NOW_MS + 50, hubMs, arrivedMs: NOW_MS + 152, endMs: NOW_MS + 200 };
  latencies.record("eu", passed, times, { behindOutage });
  return latencies;
}

const specOf = (latencies: Latencies, name: string) =>
  latencyMetricSpecs({ latencies, canaries: new Canaries() }, () => NOW_MS).find(
    (spec) => spec.name === name,
  )!;

test("every reading counts in every hop, without the skew of its device's clock", () => {
  const recent = recorded(false).recent(NOW_MS + 300)["eu"]!;
  const two = { readings: 2, atMs: NOW_MS + 200 };
  expect(recent).toEqual({
    device_to_gateway: { ...two, p50: 0, p99: 20, max: 20 },
    gateway_to_log: { ...two, p50: 20, p99: 30, max: 30 },
    log_to_hub: { ...two, p50: 100, p99: 100, max: 100 },
    hub_to_aggregator: { ...two, p50: 2, p99: 2, max: 2 },
    aggregator_to_store: { ...two, p50: 48, p99: 48, max: 48 },
    total: { ...two, p50: 170, p99: 200, max: 200 },
  });
});

test("latencies say as of when they are", () => {
  const of = (nowMs: number) => recorded(false).recent(nowMs)["eu"]!.total?.atMs;
  expect(of(NOW_MS + 300)).toBe(NOW_MS + 200);
  expect(of(NOW_MS + 40_000)).toBe(NOW_MS + 200);
  expect(of(NOW_MS + 90_000)).toBeUndefined();
});

test("the hops around the hub are left out while nobody knows when a frame came there, and no other one", () => {
  const hops = Object.keys(recorded(false, null).recent(NOW_MS + 300)["eu"]!);
  expect(hops).toEqual(["device_to_gateway", "gateway_to_log", "aggregator_to_store", "total"]);
});

test("what waited behind an outage counts apart: in the histograms, and not in what came of late", () => {
  const latencies = recorded(true);
  expect(latencies.recent(NOW_MS + 300)).toEqual({ eu: {} });
  expect(latencies.behindOutage()).toEqual({ eu: 2 });
  const total = decodeFromCompressedBase64(latencies.summary(NOW_MS).latencyMs["eu"]!.total!);
  expect([total.totalCount, total.maxValue]).toEqual([2, 200]);
  const outages = pointsOf(specOf(latencies, "skerry.latency"), {}).map(({ labels }) => labels);
  expect(outages).toContainEqual({ region: "eu", hop: "total", outage: "true" });
  expect(outages.every(({ outage }) => outage === "true")).toBe(true);
});

test("a latency is of late for a minute at most", () => {
  const latencies = recorded(false);
  expect(latencies.recent(NOW_MS + 25_000)["eu"]!.total).toBeDefined();
  expect(latencies.recent(NOW_MS + 61_000)["eu"]!.total).toBeUndefined();
});

test("a metric has every reading in its buckets, in seconds, and a trace for the bucket of a traced one", () => {
  const points = pointsOf(specOf(recorded(false), "skerry.latency"), { region: "hub" });
  const total = points.find(({ labels }) => labels["hop"] === "total")!;
  expect(total.labels).toEqual({ region: "eu", hop: "total", outage: "false" });
  const { bounds, counts, sum, exemplars } = total.value as HistogramValue;
  expect(bounds.at(0)).toBe(0.005);
  expect(bounds.at(-1)).toBe(3_600);
  expect(counts).toHaveLength(bounds.length + 1);
  expect(counts[bounds.indexOf(0.25)]).toBe(2);
  expect(sum).toBeCloseTo(0.37);
  const [, traceId, spanId] = TRACE.split("-");
  expect(exemplars).toEqual([{ value: 0.17, atMs: NOW_MS + 200, traceId, spanId }]);
});

test("a canary's age goes on while nothing comes", () => {
  const canaries = new Canaries();
  const canary = { region: "eu", partition: 1, gateway: "g1", sentMs: NOW_MS };
  canaries.stored({ ...canary, storedMs: NOW_MS + 80, hopsMs: { total: 80 } });
  const latencies = new Latencies(["eu"]);
  const specs = latencyMetricSpecs({ latencies, canaries }, () => NOW_MS + 30_000);
  const [age] = pointsOf(
    specs.find(({ name }) => name === "skerry.canary.age")!,
    {},
  );
  expect(age).toEqual({ labels: { region: "eu", partition: "1", gateway: "g1" }, value: 30 });
});

test("the devices whose clocks are farthest off are named", () => {
  const { devices, most } = recorded(false).summary(NOW_MS).clockSkews;
  expect(devices).toEqual({ eu: 1 });
  expect(most).toEqual([{ region: "eu", device: "behind", skewMs: 3 * 3_600_000 + 30 }]);
});
