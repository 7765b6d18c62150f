import fc from "fast-check";
import { expect, test } from "vitest";
import { LatencyCounts } from "../../../../../cloud/aggregator/latency/latency-counts.ts";

const latencies = fc.array(fc.integer({ min: -1_000, max: 5_000_000 }), { maxLength: 300 });
const countsOf = (all: readonly number[]): LatencyCounts => {
  const counts = new LatencyCounts();
  for (const ms of all) counts.add(ms);
  return counts;
};
const capped = (ms: number): number => Math.min(Math.max(ms, 0), 3_600_001);

test("quantiles are those of a sorted list: exact below a quarter of a second, to 1 % above", () => {
  fc.assert(
    fc.property(latencies, fc.double({ min: 0.01, max: 1, noNaN: true }), (all, q) => {
      fc.pre(all.length > 0);
      const sorted = all.map(capped).sort((a, b) => a - b);
      const exact = sorted[Math.ceil(q * sorted.length) - 1]!;
      const found = countsOf(all).quantile(q);
      expect(found).toBeLessThanOrEqual(exact);
      expect(exact - found).toBeLessThanOrEqual(exact < 256 ? 0 : exact / 100);
    }),
  );
});

test("every reading is in one bucket, and what is longer than all bounds in the last", () => {
  const bounds = [5, 250, 1_000, 3_600_000];
  fc.assert(
    fc.property(latencies, (all) => {
      const counts = countsOf(all);
      const buckets = counts.buckets(bounds);
      expect(buckets.reduce((sum, count) => sum + count, 0)).toBe(all.length);
      expect(buckets[0]).toBe(all.filter((ms) => ms <= 5).length);
      expect(buckets[1]).toBe(all.filter((ms) => ms > 5 && ms <= 250).length);
      expect(buckets[4]).toBe(all.filter((ms) => ms > 3_600_000).length);
      expect(counts.sumMs).toBe(all.reduce((sum, ms) => sum + capped(ms), 0));
    }),
  );
});

test("counts added up are the counts of all", () => {
  fc.assert(
    fc.property(latencies, latencies, (some, others) => {
      const sum = countsOf(some);
      sum.addAll(countsOf(others));
      const all = countsOf([...some, ...others]);
      expect([...sum.entries()]).toEqual([...all.entries()]);
      expect([sum.readings, sum.sumMs, sum.maxMs]).toEqual([all.readings, all.sumMs, all.maxMs]);
    }),
  );
});

test("a clock that jumps about counts as nothing or as too long, and never as something else", () => {
  const counts = new LatencyCounts();
  for (const ms of [Number.NEGATIVE_INFINITY, Infinity, Number.NaN, 1.9, 2 ** 53]) counts.add(ms);
  expect([...counts.entries()].map(([, readings]) => readings)).toEqual([2, 1, 2]);
});
