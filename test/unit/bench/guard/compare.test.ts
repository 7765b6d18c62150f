import { expect, test } from "vitest";
import { compare } from "../../../bench/guard/compare.ts";

const SPECS = [
  { name: "rate", isLessBetter: false },
  { name: "ms", isLessBetter: true },
];

test("a rate that falls and a time that grows are worse, by the median of the pairs", () => {
  const pairs = [
    { before: { rate: 100, ms: 2 }, now: { rate: 80, ms: 2.2 } },
    // A machine that is half as fast for a while changes both.
    { before: { rate: 50, ms: 4 }, now: { rate: 40, ms: 4.4 } },
    { before: { rate: 100, ms: 2 }, now: { rate: 300, ms: 0.2 } },
  ];
  const [rate, ms] = compare(SPECS, pairs);
  expect(rate).toMatchObject({ name: "rate", before: 100, now: 80, pairs: 3 });
  expect(rate!.worse).toBeCloseTo(0.25);
  expect(ms!.worse).toBeCloseTo(0.1);
});

test("a figure that the older version does not tell is not compared", () => {
  expect(compare(SPECS, [{ before: { ms: 1 }, now: { rate: 5, ms: 0.5 } }])).toEqual([
    { name: "ms", before: 1, now: 0.5, worse: -0.5, pairs: 1 },
  ]);
});
