import { expect, test } from "vitest";
import { RateLimit } from "../../../../../gateway/broker/connection/rate-limit.ts";

test("a burst is free, then tokens come back with time, also across connections", () => {
  const limit = new RateLimit({ perSecond: 100, burst: 10 });
  for (let index = 0; index < 10; index++) expect(limit.take("d", 1, 0)).toBe(0);
  expect(limit.take("d", 1, 0)).toBe(10);
  expect(limit.take("other", 1, 0)).toBe(0);
  expect(limit.take("d", 1, 20)).toBe(0);
  expect(limit.take("d", 5, 20)).toBe(50);
});

test("a clock that stands still or goes back mints no tokens", () => {
  const limit = new RateLimit({ perSecond: 100, burst: 1 });
  limit.take("d", 1, 1000);
  expect(limit.take("d", 1, 0)).toBe(10);
});

test("full buckets are forgotten, others are kept", () => {
  const limit = new RateLimit({ perSecond: 100, burst: 10 });
  limit.take("idle", 1, 0);
  limit.take("busy", 10, 0);
  limit.prune(50);
  expect(limit.size).toBe(1);
  limit.prune(1000);
  expect(limit.size).toBe(0);
});
