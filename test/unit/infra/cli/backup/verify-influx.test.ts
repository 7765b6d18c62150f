import { expect, test } from "vitest";
import { held } from "../../../../../infra/cli/backup/verify-influx.ts";

const DAY_MS = 86_400_000;
const BEGAN_MS = 100 * DAY_MS;
const days = (...counts: [day: number, points: number][]) =>
  new Map(counts.map(([day, points]) => [day * DAY_MS, points]));

test("what the running one has more of is a fault where nothing comes any more, and news where it may", () => {
  const restored = days([10, 5], [20, 5], [99, 5]);
  expect(held(restored, days([10, 5], [20, 6], [99, 9]), BEGAN_MS)).toEqual({
    ...{ same: 1, changed: 2 },
    faults: ["5 points of 1970-01-21, and the running InfluxDB has 6"],
  });
  expect(held(restored, days([20, 5], [99, 5]), BEGAN_MS)).toEqual({
    ...{ same: 2, changed: 1, faults: [] },
  });
  expect(held(restored, days([10, 5], [15, 1], [20, 5], [99, 5]), BEGAN_MS).faults).toHaveLength(1);
  expect(held(restored, null, BEGAN_MS)).toEqual({ same: null, changed: 0, faults: [] });
});
