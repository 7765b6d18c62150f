import { expect, test } from "vitest";
import {
  GONE_MS,
  type LagFacts,
  UP_TO_DATE_MS,
  judgeLag,
} from "../../../../../cloud/insight/lag/verdict.ts";

const FACTS: LagFacts = {
  nowMs: 1_000_000,
  linkDownSinceMs: null,
  isRemote: false,
  motion: "moving",
  standsForMs: 0,
  behindFrames: 0,
  behindMs: 0,
  etaMs: 0,
  who: "the aggregator",
  silentMs: 500,
  stoppedBy: null,
};
const judged = (of: Partial<LagFacts>): string => {
  const { state, why } = judgeLag({ ...FACTS, ...of });
  return `${state}: ${why}`;
};

test("nothing to do, or little of it, is ok", () => {
  expect(judged({})).toBe("ok: up to date");
  expect(judged({ behindFrames: 9, behindMs: UP_TO_DATE_MS })).toBe("ok: up to date");
});

test("more than that is catching up, with the time that it takes", () => {
  const behind = { behindFrames: 900, behindMs: 180_000, etaMs: 240_000 };
  expect(judged(behind)).toBe("catching_up: catching up, done in about 4 min, 3 min behind");
  expect(judged({ ...behind, etaMs: null })).toBe(
    "catching_up: catching up, 3 min behind: it is not known yet how long it takes",
  );
  expect(judged({ ...behind, behindMs: null })).toBe(
    "catching_up: catching up, done in about 4 min",
  );
  expect(judged({ ...behind, motion: "rewinding" })).toContain("gone back");
});

test("whoever has work and does not get on is stuck, and says why if it knows", () => {
  const stalled = { motion: "stalled", behindFrames: 1_234, behindMs: 20_000 } as const;
  expect(judged(stalled)).toBe(
    "stuck: stuck: the aggregator does not get on, and 1,234 frames wait",
  );
  expect(judged({ ...stalled, stoppedBy: "the sink is full" })).toBe(
    "stuck: stuck: the sink is full",
  );
});

test("a process that is gone is stuck, however little waits", () => {
  expect(judged({ silentMs: GONE_MS - 1 })).toBe("ok: up to date");
  expect(judged({ silentMs: GONE_MS })).toBe(
    "stuck: stuck: the aggregator has not been heard for 15 s",
  );
  const stalled = { motion: "stalled", behindFrames: 10, silentMs: 11_000 } as const;
  expect(judged(stalled)).toContain("the aggregator has not been heard for 11 s");
  expect(judged({ silentMs: Infinity })).toBe("stuck: stuck: nothing is heard of the aggregator");
});

test("with the link down whoever has done what is there waits for the WAN, and so does who is beyond it", () => {
  const down = { linkDownSinceMs: 1_000_000 - 200_000 };
  const waits = "waiting_for_wan: waits for the WAN, which is down for 3 min";
  expect(judged(down)).toBe(waits);
  expect(judged({ ...down, isRemote: true, silentMs: 200_000, behindFrames: 7 })).toBe(waits);
  const hole = "waits for 3 frames: they are missing in the copy and are read from the region";
  const stalled = { motion: "stalled", behindFrames: 9 } as const;
  expect(judged({ ...down, ...stalled, stoppedBy: hole })).toBe(waits);
});

test("with the link down the hub's own faults are still told", () => {
  const down = { linkDownSinceMs: 1_000_000 - 200_000 };
  expect(judged({ ...down, silentMs: GONE_MS })).toContain("stuck: the aggregator has not");
  expect(judged({ ...down, motion: "stalled", behindFrames: 9 })).toContain("does not get on");
  expect(judged({ ...down, behindFrames: 9, behindMs: 60_000 })).toContain("catching_up");
});

test("whoever stands is not said to catch up, and is stuck at once if it is known why", () => {
  const stands = { standsForMs: 6_000, behindFrames: 40, behindMs: 4_000, etaMs: null } as const;
  expect(judged(stands)).toBe("standing: has done nothing for 6 s, and 40 frames wait");
  expect(judgeLag({ ...FACTS, ...stands }).behindMs).toBe(6_000);
  expect(judged({ ...stands, stoppedBy: "the sink is full" })).toBe(
    "stuck: stuck: the sink is full",
  );
  expect(judged({ ...stands, silentMs: 6_000 })).toBe(
    "stuck: stuck: the aggregator has not been heard for 6 s",
  );
  expect(judged({ ...stands, standsForMs: 2_000 })).toBe("ok: up to date");
});
