import { expect, test } from "vitest";
import { SeriesGrowth } from "../../../../gateway/ingest/series-growth.ts";

const HOUR_MS = 3_600_000;

test("a burst, then so many an hour, for each device its own", () => {
  const growth = new SeriesGrowth({ burst: 2, perHour: 1 }, 0);
  const added = (device: string, nowMs: number, ...names: string[]): boolean[] =>
    names.map((name) => growth.admits(device, name, nowMs));
  expect(added("a", 0, "1", "2", "3", "1")).toEqual([true, true, false, true]);
  expect(added("b", 0, "1", "2", "3")).toEqual([true, true, false]);
  expect(added("a", HOUR_MS, "3", "4")).toEqual([true, false]);
});

test("a day after it was named a series is known, after two it is new", () => {
  const growth = new SeriesGrowth({ burst: 1, perHour: 1e-9 }, 0);
  expect(growth.admits("a", "1", 0)).toBe(true);
  expect(growth.admits("a", "1", 24 * HOUR_MS)).toBe(true);
  expect(growth.admits("a", "1", 48 * HOUR_MS)).toBe(true);
  expect(growth.admits("a", "2", 48 * HOUR_MS)).toBe(false);
  expect(growth.admits("a", "1", 96 * HOUR_MS)).toBe(true);
});

test("when memory is short, what devices have used up is forgotten with what they named", () => {
  const growth = new SeriesGrowth({ burst: 3, perHour: 1e-9 }, 0, 10);
  for (let round = 0; round < 5; round++)
    for (let device = 0; device < 8; device++)
      for (const name of ["1", "2", "3"])
        expect(growth.admits(`device ${device}`, name, round)).toBe(true);
});
