import fc from "fast-check";
import { expect, test } from "vitest";
import { IdentitySet } from "../../../../../gateway/alerting/lane/identity-set.ts";
import { NumberReader, NumberWriter } from "../../../../../gateway/alerting/windows/number-tape.ts";

const identity = fc.oneof(
  fc.maxSafeNat(),
  fc.nat({ max: 20 }),
  fc.nat({ max: 40 }).map((n) => n * 2 ** 32), // All of them in one place.
);

test("it holds what a Set of the same numbers holds", () => {
  fc.assert(
    fc.property(fc.array(identity, { maxLength: 300 }), fc.array(identity), (added, asked) => {
      const set = new IdentitySet();
      const plain = new Set<number>();
      for (const one of added) {
        expect(set.add(one)).toBe(!plain.has(one));
        plain.add(one);
      }
      expect(set.size).toBe(plain.size);
      for (const one of [...added, ...asked]) expect(set.has(one)).toBe(plain.has(one));
      const writer = new NumberWriter().begin();
      set.write(writer);
      const written = new NumberReader(writer.finish("")).take(set.size);
      expect(new Set(written)).toEqual(plain);
      const read = IdentitySet.of(written);
      for (const one of [...added, ...asked]) expect(read.has(one)).toBe(plain.has(one));
    }),
  );
});
