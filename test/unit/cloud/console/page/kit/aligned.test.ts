import fc from "fast-check";
import { expect, test } from "vitest";

type Line = { timesMs: number[]; value: (number | null)[] };
// The page is JavaScript as browsers run it, without types.
const path: string = "../../../../../../cloud/console/page/kit/aligned.js";
const { aligned, valueAt } = (await import(path)) as {
  aligned: (lines: Line[]) => {
    timesMs: number[];
    lines: { value: (number | null | undefined)[] }[];
  };
  valueAt: (values: (number | null | undefined)[], at: number) => number | null;
};

const line = fc
  .uniqueArray(fc.nat(50))
  .map((times) => times.sort((a, b) => a - b))
  .map((timesMs) => ({ timesMs, value: timesMs.map((tMs) => (tMs % 7 === 0 ? null : tMs)) }));

test("each line keeps its points at their times, and has none at the times of others", () => {
  fc.assert(
    fc.property(fc.array(line, { maxLength: 5 }), (lines) => {
      const { timesMs, lines: wide } = aligned(lines);
      expect(timesMs).toEqual([...new Set(timesMs)].sort((a, b) => a - b));
      for (const [at, { value }] of wide.entries()) {
        const own = timesMs.flatMap((tMs, place) =>
          value[place] === undefined ? [] : [[tMs, value[place]]],
        );
        expect(own).toEqual(lines[at]!.timesMs.map((tMs, place) => [tMs, lines[at]!.value[place]]));
      }
    }),
  );
});

test("between its own points a line has its last one, but nothing in a gap or before its beginning", () => {
  const values = [undefined, 4, undefined, null, undefined];
  expect([0, 1, 2, 3, 4].map((at) => valueAt(values, at))).toEqual([null, 4, 4, null, null]);
  expect([0, 1, 2].map((at) => valueAt([3, undefined, undefined], at))).toEqual([3, null, null]);
});
