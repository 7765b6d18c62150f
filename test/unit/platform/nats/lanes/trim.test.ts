import fc from "fast-check";
import { expect, test } from "vitest";
import { keepFrom } from "../../../../../platform/nats/lanes/trim.ts";

const seq = fc.nat({ max: 50 });

test("nothing goes that is young, needed, the newest, or while a position is unknown", () => {
  const needed = fc.array(fc.option(seq, { freq: 5 }), { maxLength: 4 });
  fc.assert(
    fc.property(seq, seq, needed, seq, (a, b, needs, youngSeq) => {
      const range = { firstSeq: Math.min(a, b), lastSeq: Math.max(a, b) };
      const from = keepFrom(range, needs, youngSeq);
      if (needs.includes(null)) return void expect(from).toBe(null);
      const known = needs.filter((need) => need !== null);
      const most = Math.min(youngSeq, range.lastSeq, ...known);
      // As much as may go does go.
      expect(from).toBe(most > range.firstSeq ? most : null);
    }),
  );
});
