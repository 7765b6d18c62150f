import fc from "fast-check";
import { expect, test } from "vitest";
import { FREEZES, KILLS, NODE_KILLS, nodeKillsOf, scheduleOf } from "../../prove/schedule.ts";

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

test("ten minutes of clusters have at least 20 kills of their servers, each one's at least 3, and leave other faults as they are", () => {
  fc.assert(
    fc.property(seeds, (seed) => {
      const kills = nodeKillsOf(seed, 10);
      expect(kills.length).toBeGreaterThanOrEqual(20);
      for (const node of NODE_KILLS)
        expect(kills.filter(({ kind }) => kind === node).length).toBeGreaterThanOrEqual(3);
      for (const { kind, atMs, region } of kills) {
        expect(atMs).toBeLessThanOrEqual(595_000);
        if (kind.startsWith("kill-nats-eu")) expect(region).toBe("eu");
      }
      expect(nodeKillsOf(seed, 10)).toEqual(kills);
    }),
  );
});
