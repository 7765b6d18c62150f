import fc from "fast-check";
import { expect, test } from "vitest";
import { NumberRuns } from "../../../../contracts/messages/number-runs.ts";

test("runs of numbers answer as a set does", () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 60 }), { maxLength: 120 }), (values) => {
      const runs = new NumberRuns();
      const set = new Set<number>();
      for (const value of values) {
        expect(runs.add(value)).toBe(!set.has(value));
        set.add(value);
      }
      for (let value = 0; value <= 61; value++) expect(runs.has(value)).toBe(set.has(value));
      const runsNeeded = [...set].filter((value) => !set.has(value - 1)).length;
      expect(runs.size).toBe(runsNeeded);
    }),
  );
});
