import fc from "fast-check";
import { expect, test } from "vitest";
import { beyondRetention } from "../../../../../cloud/sinks/influx/beyond-retention.ts";

const answer = (dropped: number): string =>
  `InfluxDB answered 400: {"error":"partial write: points beyond retention policy dropped=${dropped}"}`;

test("the lines before a limit are found from their number, in any order, before 1970 too", () => {
  const times = fc.array(fc.bigInt({ min: -(10n ** 18n), max: 4n * 10n ** 18n }), { minLength: 1 });
  fc.assert(
    fc.property(times, fc.bigInt({ min: -(10n ** 18n), max: 4n * 10n ** 18n }), (all, limit) => {
      const lines = all.map((time) => ({ line: `m,a=b\\ c v=1 ${time}` }));
      const isOld = (_: unknown, at: number): boolean => all[at]! < limit;
      const old = lines.filter(isOld);
      const parted = beyondRetention(answer(old.length), lines);
      if (old.length === 0) {
        expect(parted).toBeNull();
        return;
      }
      expect(new Set(parted!.oldest)).toEqual(new Set(old));
      expect(parted!.rest).toEqual(lines.filter((line) => !old.includes(line)));
    }),
  );
});

test("another answer says nothing about ages", () => {
  const conflict = "partial write: field type conflict: input field … dropped=1";
  expect(beyondRetention(conflict, [{ line: "m v=1 1" }])).toBeNull();
});
