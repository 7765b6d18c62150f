// Goal: over any time no more is sent than the rate allows, but for one burst and one message, and no less.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Allowance } from "../../../../infra/link/allowance.ts";

test("sending whenever it is allowed comes to the rate", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 8_000, max: 10_000_000 }),
      fc.array(fc.integer({ min: 1, max: 80_000 }), { minLength: 1, maxLength: 200 }),
      (rate, sizes) => {
        let nowMs = 1_000;
        const allowance = new Allowance(rate, nowMs);
        let sent = 0;
        for (const size of sizes) {
          for (let waitMs = allowance.waitMs(nowMs); waitMs > 0; waitMs = allowance.waitMs(nowMs))
            nowMs += waitMs;
          const allowed = ((nowMs - 1_000) * rate) / 1_000 + rate / 10;
          expect(sent).toBeLessThan(allowed + 1);
          allowance.spend(size);
          sent += size;
        }
        const neededMs = ((sent - sizes.at(-1)! - rate / 10) / rate) * 1_000;
        expect(nowMs - 1_000).toBeLessThanOrEqual(Math.max(0, neededMs) + sizes.length);
      },
    ),
  );
});

test("what was not used is not saved up beyond a tenth of a second", () => {
  const allowance = new Allowance(10_000, 0);
  expect(allowance.waitMs(3_600_000)).toBe(0);
  allowance.spend(1_001);
  expect(allowance.waitMs(3_600_000)).toBe(1);
});
