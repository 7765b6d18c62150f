// Goal: who looks once a second is ready while the looks are fresh. Method: the pure core, times by hand.
import { expect, test } from "vitest";
import { insightChecks } from "../../../../cloud/insight/health.ts";

const whys = (atMs: number | null, isHindered: boolean) =>
  insightChecks({ atMs, isHindered }, 100_000).map(({ why }) => why);

test("an old look is not ready; one that hangs though its server answers is dead", () => {
  expect(whys(99_000, false)).toEqual([null, null]);
  expect(whys(null, false)).toEqual([null, "it has not looked at the installation yet"]);
  const old = "it has not looked at the installation for 70 s";
  expect(whys(30_000, true)).toEqual([null, old]);
  expect(whys(30_000, false)).toEqual([`${old}, and nothing is known to be in its way`, old]);
});
