import fc from "fast-check";
import { expect, test } from "vitest";
import { PlaceTable } from "../../../../cloud/aggregator/place-table.ts";

test("the first who claims a place has it, as in a Map, also where there is no identity", () => {
  const key = fc.oneof(fc.nat({ max: 20 }), fc.nat({ max: 6e10 }), fc.constant(60_000 * 1e6 - 1));
  const identity = fc.oneof(fc.nat({ max: 2 ** 53 - 1 }), fc.constant(Number.NaN), fc.constant(0));
  fc.assert(
    fc.property(fc.array(fc.tuple(key, identity), { maxLength: 300 }), (claims) => {
      const table = new PlaceTable();
      const map = new Map<number, number>();
      for (const [at, who] of claims) {
        expect(table.claim(at, who)).toBe(map.get(at));
        if (!map.has(at)) map.set(at, who);
      }
    }),
  );
});

test("60,000 places in a row, and as many a millisecond apart", () => {
  for (const step of [1, 1e6]) {
    const table = new PlaceTable();
    for (let n = 0; n < 60_000; n++) expect(table.claim(n * step, n)).toBeUndefined();
    for (let n = 0; n < 60_000; n++) expect(table.claim(n * step, -1)).toBe(n);
  }
});
