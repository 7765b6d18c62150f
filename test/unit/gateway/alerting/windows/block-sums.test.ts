// Goal: what blocks come to is what their values come to, whatever happened to them, and to the same bits.
import fc from "fast-check";
import { expect, test } from "vitest";
import { SlidingWindow } from "../../../../../gateway/alerting/windows/sliding-window.ts";

const OVER_MS = 1_000;
const values = fc.array(
  fc.record({
    aheadMs: fc.oneof(
      { weight: 6, arbitrary: fc.integer({ min: -400, max: 90 }) },
      { weight: 1, arbitrary: fc.integer({ min: 900, max: 3_000 }) },
    ),
    value: fc.oneof(
      fc.double({ min: 20, max: 22, noNaN: true }),
      fc.integer({ min: 200, max: 230 }).map((tenths) => tenths / 10),
    ),
    asks: fc.boolean(),
  }),
  { maxLength: 150 },
);

/** In the order of times. */
const contentOf = ({ content: { cells } }: SlidingWindow): number[] =>
  [...cells].filter((_, at) => at % 2 === 1);

test("sums and deviations are those of the values, and do not depend on how they came in", () => {
  fc.assert(
    fc.property(values, fc.option(fc.integer({ min: 2, max: 40 })), (all, keepMax) => {
      const window = new SlidingWindow(OVER_MS);
      let nowMs = 100_000;
      for (const { aheadMs, value, asks } of all) {
        nowMs += Math.max(0, aheadMs);
        window.add(nowMs + Math.min(0, aheadMs), value);
        if (keepMax !== null) window.keep(keepMax);
        // From the first question on the blocks are kept up.
        if (!asks) continue;
        const fresh = SlidingWindow.from(window.content, OVER_MS);
        expect([window.sum, window.stddev]).toEqual([fresh.sum, fresh.stddev]);
        const held = contentOf(window);
        const mean = held.reduce((sum, each) => sum + each, 0) / held.length;
        const squares = held.reduce((sum, each) => sum + (each - mean) ** 2, 0);
        expect(window.sum / window.size).toBeCloseTo(mean, 9);
        if (held.length > 1)
          expect(window.stddev).toBeCloseTo(Math.sqrt(squares / (held.length - 1)), 9);
      }
    }),
    { numRuns: 300 },
  );
});

test("nothing cancels: a deviation of a thousandth beside a mean of a billion", () => {
  const window = new SlidingWindow(OVER_MS);
  for (let at = 0; at < 2_000; at++) window.add(at, 1e9 + (at % 2) / 1_000);
  expect(window.size).toBe(1_000);
  expect(window.stddev).toBeCloseTo(0.0005, 6);
});

test("large values have a deviation, equal ones none", () => {
  const window = new SlidingWindow(OVER_MS);
  for (let at = 0; at < 500; at++) window.add(at, 1e200);
  expect(window.stddev).toBe(0);
});
