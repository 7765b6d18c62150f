import fc from "fast-check";
import { expect, test } from "vitest";
import { FREEZES, KILLS, scheduleOf } from "../../prove/schedule.ts";

const seeds = fc.nat({ max: 2 ** 31 });

test("a seed is a schedule; another seed is another", () => {
  expect(scheduleOf(7, 10)).toEqual(scheduleOf(7, 10));
  expect(scheduleOf(7, 10)).not.toEqual(scheduleOf(8, 10));
});

test("ten minutes have at least 20 kills of every kind and 5 cuts of 5 to 60 s, all over in time", () => {
  fc.assert(
    fc.property(seeds, (seed) => {
      const faults = scheduleOf(seed, 10);
      const kills = faults.filter(({ kind }) => KILLS.some((kill) => kill === kind));
      expect(kills.length).toBeGreaterThanOrEqual(20);
      expect(new Set(kills.map(({ kind }) => kind)).size).toBe(KILLS.length);
      const cuts = faults.filter(({ kind }) => kind === "wan-cut");
      expect(cuts.length).toBeGreaterThanOrEqual(5);
      for (const { durationMs } of cuts) {
        expect(durationMs).toBeGreaterThanOrEqual(5_000);
        expect(durationMs).toBeLessThanOrEqual(60_000);
      }
      const freezes = faults.filter(({ kind }) => FREEZES.some((freeze) => freeze === kind));
      expect(freezes.length).toBeGreaterThanOrEqual(6);
      for (const { durationMs } of freezes) expect(durationMs).toBeLessThanOrEqual(5_000);
      for (const { atMs, durationMs } of faults)
        expect(atMs + durationMs).toBeLessThanOrEqual(600_000);
    }),
  );
});
