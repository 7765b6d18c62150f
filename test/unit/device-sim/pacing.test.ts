import fc from "fast-check";
import { expect, test } from "vitest";
import { CATCH_UP_MS, nextSlot, slotsDue } from "../../../device-sim/pacing.ts";

const pace = fc.record({
  intervalMs: fc.double({ min: 2, max: 5_000, noNaN: true }),
  phase: fc.double({ min: 0, max: 0.999, noNaN: true }),
});

test("a device sends at its rate, to within one reading", () => {
  fc.assert(
    fc.property(pace, fc.nat(600_000), (device, elapsedMs) => {
      const exact = elapsedMs / device.intervalMs;
      expect(Math.abs(slotsDue(device, elapsedMs) - exact)).toBeLessThanOrEqual(1);
    }),
  );
});

test("whenever it is asked, a device that keeps up leaves out no slot and repeats none", () => {
  fc.assert(
    fc.property(pace, fc.array(fc.integer({ min: 1, max: 900 })), (device, waits) => {
      let [elapsedMs, sentTo] = [0, slotsDue(device, 0)];
      for (const wait of waits) {
        elapsedMs += wait;
        expect(nextSlot(device, sentTo, elapsedMs)).toBe(sentTo);
        sentTo = slotsDue(device, elapsedMs);
      }
    }),
  );
});

test("after a pause only the last second is made up for", () => {
  fc.assert(
    fc.property(pace, fc.integer({ min: 5_001, max: 600_000 }), (device, elapsedMs) => {
      const sent = slotsDue(device, elapsedMs) - nextSlot(device, 0, elapsedMs);
      expect(sent).toBeLessThanOrEqual(Math.ceil(CATCH_UP_MS / device.intervalMs));
    }),
  );
});

test("the readings of a fleet are spread evenly, not sent all at once", () => {
  const fleet = Array.from({ length: 20 }, (_, at) => ({ intervalMs: 100, phase: at / 20 }));
  const dueAt = (elapsedMs: number): number =>
    fleet.reduce((sum, device) => sum + slotsDue(device, elapsedMs), 0);
  for (let elapsedMs = 20; elapsedMs < 2_000; elapsedMs += 20)
    expect(dueAt(elapsedMs) - dueAt(elapsedMs - 20)).toBeLessThanOrEqual(5);
});
