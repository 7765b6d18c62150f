import fc from "fast-check";
import { expect, test } from "vitest";
import { EXACT_VALUES_MAX, Quantiles } from "../../../../cloud/aggregator/quantiles.ts";

const QS = [0, 0.5, 0.9, 0.99, 1];

function quantilesOf(values: readonly number[]): Quantiles {
  const quantiles = new Quantiles();
  for (const value of values) quantiles.add(value);
  return quantiles;
}

test("windows that are merged tell what one window of all their values tells", () => {
  const value = fc.oneof(
    fc.double({ min: -2, max: 2, noNaN: true }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.constantFrom(0, -0),
  );
  const parts = fc.array(fc.array(value, { maxLength: 80, size: "max" }), { maxLength: 6 });
  fc.assert(
    fc.property(parts, (each) => {
      const all = each.flat();
      fc.pre(all.length > 0);
      const merged = new Quantiles();
      for (const part of each) merged.merge(quantilesOf(part));
      expect(merged.at(QS)).toEqual(quantilesOf(all.toReversed()).at(QS));
    }),
  );
});

test("zeros of either sign are the same value, whichever came first", () => {
  for (const values of [
    [0, -0],
    [-0, 0],
    [-0, -0],
  ])
    expect(quantilesOf(values).at(QS)).toEqual([0, 0, 0, 0, 0]);
});

test("merging forgets neither what is below zero nor what is around one", () => {
  const times = Array.from({ length: EXACT_VALUES_MAX }, () => 1);
  const merged = quantilesOf(times.map(() => 1e-9));
  merged.merge(quantilesOf([...times.map(() => -18), ...times.map(() => 0.995), 0]));
  const told = merged.at([0, 0.3, 0.4, 0.9]);
  for (const [at, exact] of [-18, -18, 1e-9, 0.995].entries())
    expect(Math.abs(told[at]! / exact - 1)).toBeLessThanOrEqual(0.01);
});

test("beside the greatest magnitudes of its sign the least count as zero, whatever came first", () => {
  const tiny = Array.from({ length: 50 }, (_, at) => 10 ** -(20 + at));
  const large = Array.from({ length: 50 }, (_, at) => 1_000 + at);
  for (const sign of [1, -1])
    for (const values of [
      [...tiny, ...large],
      [...large, ...tiny],
    ]) {
      const told = quantilesOf(values.map((value) => sign * value)).at([0.3, 0.7]);
      const [least, greatest] = told.map(Math.abs).sort((a, b) => a - b);
      expect(least).toBe(0);
      expect(greatest).toBeGreaterThan(990);
    }
});

test("what is kept as text is merged as if it had never been text", () => {
  const value = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.integer({ min: -3, max: 3 }),
  );
  const windows = fc.array(fc.array(value, { minLength: 1, maxLength: 100 }), {
    minLength: 1,
    maxLength: 6,
  });
  fc.assert(
    fc.property(windows, (all) => {
      const straight = new Quantiles();
      const told = new Quantiles();
      for (const values of all) {
        const part = new Quantiles();
        for (const one of values) part.add(one);
        const text = part.text(EXACT_VALUES_MAX);
        expect(text).toMatch(/^[-+.:;/\dve]+$/);
        straight.merge(part);
        told.merge(Quantiles.fromText(text)!);
      }
      expect(told.at(QS)).toEqual(straight.at(QS));
    }),
  );
});

test.each(["", "v1;x", "1/2", "1/2/3/4", "a/0/1", "1/x/1", "5:/0/", "1+2+3/0/"])(
  "%j is no text of quantiles",
  (text) => {
    expect(Quantiles.fromText(text)).toBeNull();
  },
);
