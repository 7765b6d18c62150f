import fc from "fast-check";
import { expect, test } from "vitest";
import {
  SERIES_SOURCES,
  WINDOW_MS,
  sourceFor,
  stepFor,
  tagsOfKey,
} from "../../../../../cloud/console/series/source.ts";

test("minutes are drawn from readings, hours from rollups; text always from readings", () => {
  expect(sourceFor(60_000, true)).toBe("raw");
  expect(sourceFor(3_600_000, true)).toBe("10s");
  expect(sourceFor(86_400_000, true)).toBe("1m");
  expect(sourceFor(30 * 86_400_000, true)).toBe("1h");
  expect(sourceFor(3 * 365 * 86_400_000, true)).toBe("1d");
  expect(sourceFor(86_400_000, false)).toBe("raw");
});

test("a step is a whole number of windows, and keeps the points under the bound", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...SERIES_SOURCES.filter((source) => source !== "raw")),
      fc.integer({ min: 1, max: 1e11 }),
      fc.integer({ min: 10, max: 5_000 }),
      (source, spanMs, pointsMax) => {
        const stepMs = stepFor(source, spanMs, pointsMax);
        expect(stepMs % WINDOW_MS[source]).toBe(0);
        expect(spanMs / stepMs).toBeLessThanOrEqual(pointsMax);
      },
    ),
  );
});

test("tags with separators in their values are read as they were written", () => {
  expect(tagsOfKey("climate,device=a\\,b\\=c\\ d,region=eu")).toEqual({
    device: "a,b=c d",
    region: "eu",
  });
});
