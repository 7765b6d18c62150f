// Goal: whoever judges the same frames counts the same, each frame once, within bounds.
// Method: frames as gateways number them, judged in order.
import { describe, expect, test } from "vitest";
import { UNCOUNTED_CONTRACT } from "../../../../../contracts/messages/ledger.ts";
import type { Frame } from "../../../../../contracts/messages/frame.ts";
import { EMPTY_LANE, type LaneState } from "../../../../../platform/nats/lanes/lane.ts";
import {
  TallyMarks,
  entered,
  judgeCounted,
  jumpCounted,
  rolledBack,
} from "../../../../../platform/nats/lanes/lane-tally.ts";

const START_MS = 1_700_000_000_000;

/** Frame `n` of a gateway, with a running total. */
function frameOf(n: number, contracts: readonly string[], total: number): Frame {
  const count = contracts.length;
  const header = { v: 1, gateway: "g1", epoch: "e1", n, count, total, clock: START_MS };
  const readings = contracts.map((contract) => ({
    ...{ device: "a", contract, version: 1, receivedAtMs: START_MS, traceparent: null },
    payload: {},
  }));
  return { header, readings };
}

function judged(state: LaneState, frame: Frame): LaneState {
  const verdict = judgeCounted(state, frame, START_MS + frame.header.n);
  if (verdict.kind === "hole") return judged(jumpCounted(state, verdict.hole), frame);
  return verdict.kind === "new" ? verdict.state : state;
}

const tallyOf = (...frames: readonly Frame[]) => frames.reduce(judged, EMPTY_LANE).tally;

describe("counting", () => {
  test("readings count by contract, a repeated frame once, canaries not at all", () => {
    const first = frameOf(1, ["a", "b", "a", UNCOUNTED_CONTRACT], 4);
    expect(tallyOf(first, first, frameOf(2, ["b"], 5))).toEqual({
      ...{ sinceMs: 0, readings: { a: 2, b: 2 }, lost: 0, miscounted: 0 },
    });
  });

  test("a hole is lost by its running totals, and lost no longer once it comes", () => {
    const [first, second, third] = [
      frameOf(1, ["a"], 1),
      frameOf(2, ["a", "a"], 3),
      frameOf(3, ["b"], 4),
    ];
    expect(tallyOf(first, third)).toMatchObject({ readings: { a: 1, b: 1 }, lost: 2 });
    expect(tallyOf(first, third, second)).toMatchObject({ readings: { a: 3, b: 1 }, lost: 0 });
  });

  test("a running total that disagrees with the frame before it shows", () => {
    expect(tallyOf(frameOf(1, ["a"], 1), frameOf(2, ["a"], 4))).toMatchObject({ miscounted: 2 });
    expect(tallyOf(frameOf(1, ["a"], 1), frameOf(2, ["a"], 2))).toMatchObject({ miscounted: 0 });
  });

  test("invented contracts share one count", () => {
    const names = Array.from({ length: 300 }, (_, at) => `c${at}`);
    const { readings } = tallyOf(frameOf(1, [...names, "__proto__", "No Name"], 302))!;
    expect(Object.keys(readings)).toHaveLength(201);
    expect(readings["?"]).toBe(102);
  });

  test("a lane that is read from its middle says since when it counts", () => {
    const verdict = judgeCounted(EMPTY_LANE, frameOf(7, ["a"], 9), START_MS, true);
    expect(verdict).toMatchObject({
      kind: "new",
      state: { tally: { sinceMs: START_MS, lost: 0 } },
    });
  });

  test("a log that was rolled back is told", () => {
    const state = judged(EMPTY_LANE, frameOf(1, ["a"], 1));
    expect(rolledBack(rolledBack(state)).tally).toMatchObject({ rollbacks: 2, readings: { a: 1 } });
    expect(rolledBack(EMPTY_LANE)).toBe(EMPTY_LANE);
  });
});

test("two who read the same log at their own pace have points in common", () => {
  const tally = { sinceMs: 0, readings: {}, lost: 0, miscounted: 0 };
  const [ahead, behind] = [new TallyMarks(), new TallyMarks()];
  const pass = (marks: TallyMarks, seq: number): void =>
    marks.pass(seq, START_MS + seq * 700, { ...EMPTY_LANE, tally });
  for (let seq = 1; seq <= 40; seq++) pass(ahead, seq);
  for (let seq = 1; seq <= 23; seq++) pass(behind, seq);
  const own = ahead.report!.marks.map(({ seq }) => seq);
  const theirs = behind.report!.marks.map(({ seq }) => seq);
  expect(theirs.length).toBeGreaterThan(1);
  expect(own).toEqual(expect.arrayContaining(theirs));
  expect(own.length).toBeLessThanOrEqual(8);
});

describe("a lane that came with a growth", () => {
  test("goes on by its parent's clocks, counts from the beginning, and is entered once", () => {
    const parent = judged(judged(EMPTY_LANE, frameOf(1, ["a"], 1)), frameOf(2, ["a"], 2));
    const child = entered(parent, 1, 1);
    expect(child).toMatchObject({ watermarkMs: parent.watermarkMs, tally: { readings: {} } });
    expect(child.gateways["g1"]!.clockMs).toBe(parent.gateways["g1"]!.clockMs);
    const after = judged(child, frameOf(1, ["b"], 1));
    expect(after.tally).toMatchObject({ sinceMs: 0, readings: { b: 1 }, lost: 0 });
    expect(entered(after, 1, 1)).toBe(after);
    expect(entered(parent, 0, 1)).toBe(parent);
  });
});
