import fc from "fast-check";
import { expect, test } from "vitest";
import { PlaceSet } from "../../../../../gateway/alerting/rules/place-set.ts";

test("places come out once, in their order, and the set is empty then", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(199)), fc.array(fc.nat(199)), (some, others) => {
      const set = new PlaceSet(200);
      for (const places of [some, others]) {
        for (const place of places) set.add(place);
        for (let at = 0; at < 200; at++) expect(set.has(at)).toBe(places.includes(at));
        expect([...set.take()]).toEqual([...new Set(places)].sort((a, b) => a - b));
      }
      expect([...set.take()]).toEqual([]);
      set.addAll(Int32Array.from(some));
      set.clear();
      expect([...set.take()]).toEqual([]);
    }),
  );
});
