import { afterEach, beforeEach, expect, test, vi } from "vitest";
import {
  Dispatch,
  type DispatchParts,
  type DispatchSource,
} from "../../../../../gateway/broker/connection/dispatch.ts";
import { PAUSE, type Pause } from "../../../../../gateway/broker/connection/pauses.ts";
import { RateLimit } from "../../../../../gateway/broker/connection/rate-limit.ts";
import { Slowdown } from "../../../../../gateway/broker/connection/slowdown.ts";
import type { Session } from "../../../../../gateway/broker/session/session.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function aSource() {
  const told: string[] = [];
  const source = {
    identity: { clientId: "a" },
    holder: { key: "record:a", share: { rates: 1 } },
    readAtMs: performance.now(),
    pause: (reason: Pause) => void told.push(`pause ${reason}`),
    resume: (reason: Pause) => void told.push(`resume ${reason}`),
    guarded: (work: () => void) => work(),
  };
  return { told, source: source as unknown as DispatchSource };
}
const limit = () => new RateLimit({ perSecond: 10, burst: 10 });

test("a client over its rate is not read until the debt of what was in flight is paid as well", () => {
  const { told, source } = aSource();
  const slowdown = new Slowdown(source, limit(), PAUSE.rejects, {});
  slowdown.spend(20);
  slowdown.spend(20);
  expect(told).toEqual(["pause 32"]);
  vi.advanceTimersByTime(2_900);
  expect(told).toEqual(["pause 32"]);
  vi.advanceTimersByTime(200);
  expect(told).toEqual(["pause 32", "resume 32"]);
});

test("the subscriptions of a connection are slowed down in the same way", () => {
  const { told, source } = aSource();
  const handlers = { slowed: (_: unknown, why: string) => void told.push(`slowed: ${why}`) };
  const subscribing = { unsubscribe: () => undefined };
  const parts = { subscribeLimit: limit(), subscribing, handlers };
  const session = { inbound: { join: () => undefined } };
  const dispatch = new Dispatch(
    parts as unknown as DispatchParts,
    source,
    session as unknown as Session,
  );
  for (let packet = 1; packet <= 40; packet++)
    dispatch.handle({ cmd: "unsubscribe", messageId: packet, unsubscriptions: ["t"] });
  expect(told).toEqual(["pause 64", "slowed: subscribes"]);
  vi.advanceTimersByTime(2_900);
  expect(told).toHaveLength(2);
  vi.advanceTimersByTime(200);
  expect(told).toEqual(["pause 64", "slowed: subscribes", "resume 64"]);
});

test("a connection that is closed is neither paused nor read again", () => {
  const { told, source } = aSource();
  const slowdown = new Slowdown(source, limit(), PAUSE.rate, {});
  slowdown.spend(20);
  slowdown.stop();
  slowdown.spend(20);
  vi.runAllTimers();
  expect(told).toEqual(["pause 8"]);
});

test("a time from before the last one gives nobody tokens twice", () => {
  const bucket = limit();
  expect(bucket.take("a", 10, 1_000)).toBe(0);
  expect(bucket.take("a", 0, 500)).toBe(0);
  expect(bucket.take("a", 1, 1_000)).toBeCloseTo(100);
});
