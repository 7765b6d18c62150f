import fc from "fast-check";
import { expect, test } from "vitest";
import { DeviceSkews, SKEW_FROM_MS } from "../../../../../cloud/aggregator/latency/device-skews.ts";

const NOW_MS = 1_794_100_000_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

test("whatever the network's delays, a clock's skew is known to the least of them", () => {
  const delays = fc.array(fc.integer({ min: 10, max: 1_500 }), { minLength: 20, maxLength: 200 });
  const offMs = fc.oneof(
    fc.integer({ min: SKEW_FROM_MS, max: 3 * HOUR_MS }),
    fc.integer({ min: -3 * HOUR_MS, max: -1_600 }),
  );
  fc.assert(
    fc.property(delays, offMs, (all, off) => {
      const skews = new DeviceSkews();
      let skew = 0;
      for (const [at, delayMs] of all.entries()) {
        const happenedMs = NOW_MS + at * 1_000;
        skew = skews.observe("pump", happenedMs - off, happenedMs + delayMs);
      }
      expect(skew).toBe(off + Math.min(...all));
    }),
  );
});

test("delay of the network is not taken for skew", () => {
  const skews = new DeviceSkews();
  for (let at = 0; at < 2_000; at++) {
    const happenedMs = NOW_MS + at * 1_000;
    const delayMs = 30 + ((at * 7_919) % 90_000);
    expect(skews.observe("pump", happenedMs, happenedMs + delayMs)).toBe(0);
  }
});

test("a device that sends what it buffered for hours has no skew", () => {
  const skews = new DeviceSkews();
  for (let at = 0; at < 60; at++) skews.observe("pump", NOW_MS + at, NOW_MS + at + 20);
  const backMs = NOW_MS + 5 * HOUR_MS;
  for (let at = 0; at < 5_000; at++) {
    const happenedMs = NOW_MS + at * 3_600;
    expect(skews.observe("pump", happenedMs, backMs + at)).toBe(0);
  }
});

test("a clock that is set right is known to be right after two spans", () => {
  const skews = new DeviceSkews();
  const send = (fromMs: number, minutes: number, off: number): number => {
    let skew = 0;
    for (let at = 0; at < minutes * 60; at++)
      skew = skews.observe("pump", fromMs + at * 1_000 - off, fromMs + at * 1_000 + 15);
    return skew;
  };
  expect(send(NOW_MS, 30, -HOUR_MS)).toBe(15 - HOUR_MS);
  expect(skews.worst(5)).toEqual([{ device: "pump", skewMs: 15 - HOUR_MS }]);
  expect(send(NOW_MS + 30 * MINUTE_MS, 21, 0)).toBe(0);
  expect(skews.worst(5)).toEqual([]);
});

test("however many devices there are, those that are remembered are bounded", () => {
  const skews = new DeviceSkews(10);
  for (let at = 0; at < 1_000; at++) skews.observe(`pump ${at}`, NOW_MS - HOUR_MS, NOW_MS);
  expect(skews.skewed).toBeLessThanOrEqual(20);
  expect(skews.worst(100).map(({ device }) => device)).toContain("pump 999");
});
