import { expect, test } from "vitest";
import type { Throughput } from "../../../bench/ingest/measure.ts";
import { openFilesNeeded, planOf } from "../../../bench/ingest/plan.ts";
import { type Raw, median, render, summarize } from "../../../bench/ingest/report.ts";
import type { TargetName } from "../../../bench/ingest/targets.ts";

const throughput = (
  target: TargetName,
  perSecond: number,
  { connections = 100, round = 1 } = {},
): Throughput => ({
  target,
  connections,
  round,
  perSecond,
  acknowledged: perSecond,
  sent: perSecond,
  connectionsLost: 0,
  connectMs: 1,
  generatorCores: 0.5,
  targetCores: { broker: 1 },
  foreignCores: 0,
  quietAfterMs: 200,
});

const raw = (overrides: Partial<Raw> = {}): Raw => ({
  startedAt: "2026-11-23T00:00:00.000Z",
  plan: planOf({ quick: true }),
  machine: { cores: 2, model: "test", memoryGiB: 1, kernel: "6", loadBefore: 0 },
  versions: {},
  accessControl: "none",
  skipped: [],
  throughput: [
    throughput("gateway", 90, { round: 1 }),
    throughput("gateway", 100, { round: 2 }),
    throughput("gateway", 500, { round: 3 }),
    throughput("natsMqtt", 50),
    throughput("mosquitto", 200),
    throughput("sink", 400),
  ],
  ackLatency: [],
  idle: [],
  stored: null,
  ...overrides,
});

test("the median of an even number is between the middle two", () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 3, 2])).toBe(2.5);
});

test("ratios are ours over theirs, from medians, and only of what was measured", () => {
  const { ratios, headroom, scaling } = summarize(raw());
  expect(ratios).toEqual({ natsMqtt: 2, mosquitto: 0.5 });
  expect(headroom).toBe(2); // The sink over the fastest broker.
  expect(scaling).toBeNull();
});

test("a missed goal is said", () => {
  const at = { connections: 10_000 };
  const report = summarize(
    raw({ throughput: [throughput("gateway", 100), throughput("gateway", 69, at)] }),
  );
  expect(report.goals).toEqual([
    { goal: "10,000 connections reach 0.7 × the throughput of 100", value: 0.69, met: false },
  ]);
  expect(render(report)).toContain("MISSED 10,000 connections");
});

test("one acknowledged reading that is not in the stream is a failure", () => {
  const none: readonly string[] = [];
  const stored = { acknowledged: 10, sent: 12, readings: 11, frames: 1, devicesAtFault: none };
  const verdict = (change: Partial<typeof stored>) =>
    summarize(raw({ stored: { ...stored, ...change } })).acknowledgedIsStored;
  expect(verdict({})).toBe(true);
  expect(verdict({ readings: 9 })).toBe(false);
  expect(verdict({ readings: 13 })).toBe(false); // Stored twice.
  expect(verdict({ devicesAtFault: ["bench-00001"] })).toBe(false);
});

test("figures from a machine that did other work say so", () => {
  const disturbed = { ...throughput("gateway", 100), foreignCores: 0.9 };
  expect(render(summarize(raw({ throughput: [disturbed] })))).toContain("NOT A QUIET MACHINE");
  expect(render(summarize(raw()))).not.toContain("NOT A QUIET MACHINE");
});

test("a quick run measures 100 connections only; a full one all four counts", () => {
  expect(planOf({ quick: true }).connections).toEqual([100]);
  expect(planOf({}).connections).toEqual([1, 100, 1_000, 10_000]);
  expect(openFilesNeeded(planOf({}))).toBeGreaterThan(10_000);
  expect(planOf({ quick: true, seconds: 3 }).measureMs).toBe(3_000);
});
