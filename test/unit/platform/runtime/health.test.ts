// Goal: since when something is so is remembered, and forgotten with it. Method: the pure core, times by hand.
import { expect, test } from "vitest";
import { Health, type HealthCheck } from "../../../../platform/runtime/health.ts";

const check = (name: string, why: string | null, kind: HealthCheck["kind"] = "ready") => ({
  ...{ name, kind, why },
});

test("the time begins when a check turns, not when its reason is put otherwise", () => {
  const health = new Health();
  const sinceMs = () => health.report("ready").checks.map((one) => one.sinceMs);
  health.look([check("store", "away for 1 s")], 1_000);
  health.look([check("store", "away for 2 s")], 2_000);
  expect(sinceMs()).toEqual([1_000]);
  health.look([check("store", null)], 3_000);
  health.look([check("store", null), check("lane eu/0", null)], 4_000);
  expect(sinceMs()).toEqual([3_000, 4_000]);
  health.look([check("store", null)], 5_000);
  health.look([check("store", null), check("lane eu/0", null)], 6_000);
  expect(sinceMs()).toEqual([3_000, 6_000]);
});

test("live asks for what a new start would help; ready for everything; several reasons are one sentence", () => {
  const health = new Health();
  health.look([check("loop", null, "live"), check("a", "a is away"), check("b", "b is away")], 1);
  expect(health.report("live")).toMatchObject({ ok: true, why: null });
  expect(health.report("ready")).toMatchObject({ ok: false, why: "a is away; b is away" });
  expect(health.report("live").checks).toHaveLength(1);
});
