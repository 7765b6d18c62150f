import fc from "fast-check";
import { expect, test } from "vitest";
import { ExactSum } from "../../../../cloud/aggregator/exact-sum.ts";

const sumOf = (terms: readonly number[]): ExactSum => {
  const sum = new ExactSum();
  for (const term of terms) sum.add(term);
  return sum;
};

const terms = fc.array(fc.double({ min: -1e200, max: 1e200, noNaN: true }), { maxLength: 40 });

test("neither order nor grouping changes a bit", () => {
  const split = terms.chain((all) =>
    fc.record({
      all: fc.constant(all),
      shuffled: fc.shuffledSubarray(all, { minLength: all.length }),
      at: fc.nat({ max: all.length }),
    }),
  );
  fc.assert(
    fc.property(split, ({ all, shuffled, at }) => {
      const merged = sumOf(shuffled.slice(at));
      merged.addAll(sumOf(shuffled.slice(0, at)));
      expect(merged.value).toBe(sumOf(all).value);
    }),
  );
});

/** A number of measured values' size as a multiple of 2⁻²⁰⁰. */
const integerOf = (value: number): bigint => BigInt(value * 2 ** 200);

test("its parts are the sum to the last bit, and its value is that rounded once, however many they are", () => {
  const wide = fc
    .tuple(fc.double({ min: -2, max: 2, noNaN: true }), fc.integer({ min: -100, max: 300 }))
    .map(([value, exponent]) => Math.round(value * 2 ** 52) * 2 ** (exponent - 52));
  const measured = fc.integer({ min: -1_000_000, max: 1_000_000 }).map((n) => n / 100);
  fc.assert(
    fc.property(fc.array(fc.oneof(measured, wide), { maxLength: 60 }), (all) => {
      const { parts, value } = sumOf(all);
      const exact = all.reduce((sum, term) => sum + integerOf(term), 0n);
      expect(parts.reduce((sum, part) => sum + integerOf(part), 0n)).toBe(exact);
      expect(parts).not.toContain(0);
      expect(value).toBe(Number(exact) / 2 ** 200);
    }),
  );
});

test("three parts and many are added to in the same way", () => {
  const apart = [1, 2 ** -60, 2 ** -120, 2 ** -180, 2 ** -240];
  const sum = new ExactSum();
  apart.forEach((term, at) => {
    sum.add(term);
    expect(sum.parts).toHaveLength(at + 1);
  });
  expect(sum.parts).toEqual(apart.toReversed());
  for (const term of apart) sum.add(-term);
  expect(sum.value).toBe(0);
});

test("nothing is lost between large terms, and halves are rounded by what lies below them", () => {
  expect(sumOf([1e100, 1, -1e100]).value).toBe(1);
  expect(sumOf([0.1, 0.2, 0.3, -0.6]).value).toBe(2.7755575615628914e-17);
  expect(sumOf([1, 2 ** -53, 2 ** -106]).value).toBe(1 + 2 ** -52);
  expect(sumOf([]).value).toBe(0);
});

test("products are exact", () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), fc.maxSafeInteger(), (a, b) => {
      const sum = new ExactSum();
      sum.addProduct(a, b);
      const exact = sum.parts.reduce((total, part) => total + BigInt(part), 0n);
      expect(exact).toBe(BigInt(a) * BigInt(b));
    }),
  );
});
