import fc from "fast-check";
import { expect, test } from "vitest";
import { RateLimit } from "../../../../cloud/notifier/rate-limit.ts";

test("in no minute more than 7/6 of the rate, and never stuck", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 600 }),
      fc.array(fc.integer({ min: 0, max: 5_000 }), { minLength: 1, maxLength: 300 }),
      (rate, pauses) => {
        const limit = new RateLimit(rate, 0);
        const sentAt: number[] = [];
        let nowMs = 0;
        for (const pauseMs of pauses) {
          nowMs += pauseMs;
          while (limit.take(nowMs)) sentAt.push(nowMs);
          const waitMs = limit.waitMs(nowMs);
          expect(waitMs).toBeGreaterThan(0);
          expect(waitMs).toBeLessThanOrEqual(60_000 / rate + 1);
        }
        for (const [at, startMs] of sentAt.entries()) {
          const inMinute = sentAt.slice(at).filter((ms) => ms < startMs + 60_000).length;
          expect(inMinute).toBeLessThanOrEqual(rate + Math.ceil(rate / 6));
        }
      },
    ),
  );
});

test("what it says to wait is enough", () => {
  const limit = new RateLimit(7, 0);
  let nowMs = 0;
  for (let sent = 0; sent < 50; sent++) {
    nowMs += limit.waitMs(nowMs);
    expect(limit.take(nowMs)).toBe(true);
  }
});

test("a clock that goes back gives nothing and takes nothing", () => {
  const limit = new RateLimit(60, 10_000);
  while (limit.take(10_000));
  expect(limit.available(0)).toBe(0);
  expect(limit.available(10_500)).toBe(0);
  expect(limit.available(11_000)).toBe(1);
});
