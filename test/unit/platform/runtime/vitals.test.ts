import { expect, test, vi } from "vitest";
import { VitalsMeter } from "../../../../platform/runtime/vitals.ts";

test("a loop that is held shows its delay and its share of a core", async () => {
  using meter = new VitalsMeter();
  await vi.waitFor(() => expect(meter.read().eventLoopP99Ms).toBeGreaterThan(0));
  const untilMs = performance.now() + 200;
  while (performance.now() < untilMs);
  await vi.waitFor(() => expect(meter.read().eventLoopP99Ms).toBeGreaterThan(150));
  const { rssBytes, heapUsedBytes, cpuShare } = meter.read();
  expect(cpuShare).toBeGreaterThan(0.1);
  expect(heapUsedBytes).toBeGreaterThan(1_000_000);
  expect(rssBytes).toBeGreaterThan(heapUsedBytes);
});
