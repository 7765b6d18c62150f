// Goal: the guard passes only what it has looked at and what is not worse, whatever the machine does meanwhile.
import { expect, test } from "vitest";
import { type Pair, compare, untold } from "../../../bench/guard/compare.ts";

const SPECS = [
  { name: "rate", isLessBetter: false },
  { name: "ms", isLessBetter: true },
];
const WORSE_MAX = 0.1;
const rates = (...of: readonly [before: number, now: number][]): Pair[] =>
  of.map(([before, now]) => ({ before: { rate: before }, now: { rate: now } }));
const verdictOf = (pairs: readonly Pair[]): string | undefined =>
  compare(SPECS, pairs, WORSE_MAX)[0]?.verdict;

test("a rate that falls and a time that grows are worse, by the median of the pairs", () => {
  const pairs = [
    { before: { rate: 100, ms: 2 }, now: { rate: 80, ms: 2.2 } },
    // A machine that is half as fast for a while changes both.
    { before: { rate: 50, ms: 4 }, now: { rate: 40, ms: 4.4 } },
    { before: { rate: 100, ms: 2 }, now: { rate: 300, ms: 0.2 } },
  ];
  const [rate, ms] = compare(SPECS, pairs, WORSE_MAX);
  expect(rate).toMatchObject({ name: "rate", before: 100, now: 80, pairs: 3 });
  expect(rate!.worse).toBeCloseTo(0.25);
  expect(rate!.least).toBeCloseTo(-2 / 3);
  expect(rate!.most).toBeCloseTo(0.25);
  expect(ms!.worse).toBeCloseTo(0.1);
});

test.each([
  { pairs: rates([100, 91], [50, 46]), verdict: "met" },
  { pairs: rates([100, 130], [50, 40], [50, 60]), verdict: "met" },
  { pairs: rates([100, 80], [50, 40]), verdict: "missed" },
  { pairs: rates([100, 80], [100, 99], [50, 30]), verdict: "missed" },
  // One half of the pairs says that it became better.
  { pairs: rates([100, 50], [100, 120]), verdict: "unsure" },
  // A version that does nothing any more.
  { pairs: rates([100, 0]), verdict: "missed" },
])("$pairs is $verdict", ({ pairs, verdict }) => {
  expect(verdictOf(pairs)).toBe(verdict);
});

test("a figure that the older version does not tell is not compared; one that the present one does not is told", () => {
  const pairs = [{ before: { ms: 1 }, now: { rate: 5, ms: 0.5 } }];
  expect(compare(SPECS, pairs, WORSE_MAX).map(({ name }) => name)).toEqual(["ms"]);
  expect(untold(SPECS, pairs)).toEqual([]);
  expect(untold(SPECS, [...pairs, { before: { rate: 5, ms: 1 }, now: { ms: 1 } }])).toEqual([
    "rate",
  ]);
});
