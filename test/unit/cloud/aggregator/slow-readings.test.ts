import { expect, test } from "vitest";
import { SCHEMAS_DIRECTORY, loadCatalog } from "../../../../contracts/schema/catalog.ts";
import { oldestOf, recordSlow } from "../../../../cloud/aggregator/slow-readings.ts";
import { recordedTracing } from "../../../support/recorded-spans.ts";

const contract = loadCatalog(SCHEMAS_DIRECTORY).versions("environment")[0]!;
const TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const SLOWER_THAN_MS = 10_000;

const reading = (device: string, eventMs: number, traceparent: string | null = null) => ({
  contract,
  eventMs,
  slot: 0,
  reading: {
    ...{ device, contract: "environment", version: 1, traceparent },
    ...{ receivedAtMs: eventMs + 100, payload: {} },
  },
});

const TIMES = {
  region: "eu",
  sink: { name: "influx", system: "influxdb" },
  storedMs: 50_200,
  arrivedMs: 61_000,
  aggregatedMs: 61_010,
  writeStartMs: 61_020,
  writeEndMs: 61_050,
};

test("the oldest reading without a trace stands for its frame", () => {
  const readings = [reading("b", 52_000), reading("a", 50_000), reading("c", 40_000, TRACEPARENT)];
  expect(oldestOf(readings)).toEqual({
    ...{ device: "a", contract: "environment", eventMs: 50_000, receivedMs: 50_100 },
  });
  expect(oldestOf([reading("c", 40_000, TRACEPARENT)])).toBeNull();
  expect(oldestOf([])).toBeNull();
});

test("a slow reading gets a whole trace afterwards, though no share chose it", () => {
  const { tracing, spans } = recordedTracing(0);
  recordSlow(tracing, oldestOf([reading("a", 50_000)])!, TIMES, SLOWER_THAN_MS);
  const [root, ...hops] = spans();
  expect(root).toMatchObject({
    ...{ name: "device publish", parent: null, startMs: 50_000, endMs: 50_100 },
    attributes: { "skerry.trace.why": "slow", "skerry.device": "a" },
  });
  expect(hops.map(({ name, startMs, endMs }) => [name, startMs, endMs])).toEqual([
    ["gateway commit", 50_100, 50_200],
    ["hub delivery", 50_200, 61_000],
    ["aggregate", 61_000, 61_010],
    ["influx write", 61_020, 61_050],
  ]);
  for (const hop of hops) expect(hop.parent).toBe(root!.spanId);
});

test("a reading within the limit gets none", () => {
  const { tracing, spans } = recordedTracing(0);
  recordSlow(tracing, oldestOf([reading("a", 51_050)])!, TIMES, SLOWER_THAN_MS);
  expect(spans()).toEqual([]);
});
