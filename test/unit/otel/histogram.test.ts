import { expect, test } from "vitest";
import fc from "fast-check";
import { Histogram } from "../../../otel/histogram.ts";

test("a value is counted in the first bucket whose bound is not below it", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.integer({ min: -50, max: 50 }), { maxLength: 12 }),
      fc.array(fc.integer({ min: -60, max: 60 })),
      (unsorted, values) => {
        const bounds = unsorted.toSorted((a, b) => a - b);
        const histogram = new Histogram(bounds);
        for (const value of values) histogram.observe(value);
        const edges = [-Infinity, ...bounds, Infinity];
        const counts = edges
          .slice(1)
          .map((to, at) => values.filter((value) => value > edges[at]! && value <= to).length);
        expect(histogram.value.counts).toEqual(counts);
        expect(histogram.value.sum).toBe(values.reduce((sum, value) => sum + value, 0));
      },
    ),
  );
});

test("each bucket keeps its latest exemplar", () => {
  const histogram = new Histogram([1]);
  histogram.observe(0.5, { atMs: 1, traceId: "a", spanId: "1" });
  histogram.observe(0.7, { atMs: 2, traceId: "b", spanId: "2" });
  histogram.observe(0.9);
  histogram.observe(9, { atMs: 3, traceId: "c", spanId: "3" });
  expect(histogram.value).toEqual({
    bounds: [1],
    counts: [3, 1],
    sum: 0.5 + 0.7 + 0.9 + 9,
    exemplars: [
      { value: 0.7, atMs: 2, traceId: "b", spanId: "2" },
      { value: 9, atMs: 3, traceId: "c", spanId: "3" },
    ],
  });
});
