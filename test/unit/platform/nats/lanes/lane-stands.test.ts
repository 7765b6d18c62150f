// Goal: a lane that has work and does nothing of it is noticed, and nothing else is. Method: the pure core by hand.
import { expect, test } from "vitest";
import { type LaneAt, LaneStands } from "../../../../../platform/nats/lanes/lane-stands.ts";

const LANE = { region: "eu", partition: 0 };
const at = (doneSeq: number, stoppedBy: string | null = null): LaneAt => ({
  ...{ lane: LANE, doneSeq, stoppedBy },
});

test("the time begins with work that is not done, and ends as soon as it gets on", () => {
  const stands = new LaneStands();
  const forMs = (nowMs: number) => stands.standsForMs(LANE, nowMs);
  stands.look(at(10), 10, 1_000);
  expect(forMs(60_000)).toBe(0); // It has nothing to do.
  stands.look(at(10), 12, 60_000);
  stands.look(at(10), 13, 90_000);
  expect(forMs(100_000)).toBe(40_000);
  expect(stands.isWhereItWas(at(10))).toBe(true);
  stands.look(at(11), 13, 101_000);
  expect(forMs(101_000)).toBe(0);
});

test("a known reason, and a log that nobody can ask, are no standing", () => {
  const stands = new LaneStands();
  const forMs = (nowMs: number) => stands.standsForMs(LANE, nowMs);
  stands.look(at(10), 12, 0);
  stands.look(at(10), null, 50_000);
  expect(forMs(90_000)).toBe(0);
  stands.look(at(10), 12, 60_000);
  stands.look(at(10, "waits for contract pump v2"), 12, 80_000);
  expect(forMs(90_000)).toBe(0);
});

test("a lane that was passed on is forgotten", () => {
  const stands = new LaneStands();
  stands.look(at(10), 12, 0);
  stands.keep([]);
  expect(stands.standsForMs(LANE, 100_000)).toBe(0);
});
