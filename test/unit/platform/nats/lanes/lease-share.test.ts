import fc from "fast-check";
import { expect, test } from "vitest";
import { shareChanges } from "../../../../../platform/nats/lanes/lease-share.ts";

test("any members, beating in any order, soon hold every lane, each about equally many", () => {
  const beats = fc.array(fc.nat({ max: 4 }), { minLength: 60, maxLength: 60 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.nat({ max: 12 }), beats, (members, n, order) => {
      const lanes = Array.from({ length: n }, (_, at) => `lane ${at}`);
      const holdings = Array.from({ length: members }, () => new Set<string>());
      // The first one was alone for a while.
      for (const lane of lanes) holdings[0]!.add(lane);
      for (const who of [...order, ...order.keys()]) {
        const held = holdings[who % members]!;
        const taken = new Set(holdings.flatMap((each) => [...each]));
        const { take, giveUp } = shareChanges({ lanes, held, taken, members });
        for (const lane of take) {
          expect(taken.has(lane)).toBe(false);
          held.add(lane);
        }
        for (const lane of giveUp) held.delete(lane);
      }
      const sizes = holdings.map(({ size }) => size);
      expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(n);
      expect(Math.max(...sizes)).toBeLessThanOrEqual(Math.ceil(n / members));
    }),
  );
});
