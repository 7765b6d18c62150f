import fc from "fast-check";
import { expect, test } from "vitest";
import { HubArrivals } from "../../../../../cloud/aggregator/latency/hub-arrivals.ts";

test("a frame came to the hub when it came, to a second, or when it came to the aggregator if that was at once", () => {
  const gaps = fc.array(fc.integer({ min: 0, max: 5_000 }), { minLength: 1, maxLength: 50 });
  fc.assert(
    fc.property(gaps, fc.integer({ min: 0, max: 100_000 }), (all, waitsMs) => {
      const came = all.map((_, at) => 1_500 + all.slice(0, at).reduce((sum, gap) => sum + gap, 0));
      const arrivals = new HubArrivals();
      const endMs = came.at(-1)! + waitsMs;
      for (let atMs = 1_000; atMs <= endMs; atMs += 1_000)
        arrivals.look(atMs, came.filter((ms) => ms <= atMs).length);
      for (const [at, cameMs] of came.entries()) {
        const found = arrivals.of(at + 1, endMs);
        expect(found).toBeGreaterThanOrEqual(cameMs);
        expect(found! - cameMs).toBeLessThanOrEqual(1_000);
      }
    }),
  );
});

test("when a frame came that was there at the first look nobody knows", () => {
  const arrivals = new HubArrivals();
  expect(arrivals.of(1, 5_000)).toBeNull();
  arrivals.look(10_000, 100);
  arrivals.look(11_000, 120);
  expect(arrivals.of(100, 20_000)).toBeNull();
  expect(arrivals.of(101, 20_000)).toBe(11_000);
  arrivals.look(12_000, 40);
  expect(arrivals.of(101, 12_500)).toBe(12_500);
});

test("what came while an aggregator stood still is not put down to the WAN", () => {
  const arrivals = new HubArrivals();
  arrivals.look(10_000, 100);
  arrivals.look(11_000, 100);
  arrivals.look(12_000, 110);
  // It stands for a minute, and reads on before it looks again.
  expect(arrivals.of(111, 72_100)).toBeNull();
  arrivals.look(72_500, 900);
  expect(arrivals.of(105, 72_600)).toBe(12_000);
  expect(arrivals.of(111, 72_600)).toBeNull();
  arrivals.look(73_500, 905);
  expect(arrivals.of(903, 73_600)).toBe(73_500);
  expect(arrivals.of(910, 73_700)).toBe(73_700);
});
