import { expect, test } from "vitest";
import { positionOf } from "../../../../cloud/notifier/position.ts";

test("a plan of several messages, as it was saved once, goes on after the last that had left", () => {
  const messages = [
    { kind: "single", seqs: [4] },
    { kind: "group", seqs: [2, 6] },
    { kind: "single", seqs: [5] },
  ] as const;
  expect(positionOf({ seq: 1, plan: { messages, sent: 2 } })).toEqual({
    seq: 1,
    told: [2, 4, 6],
    tried: [],
    plan: { kind: "single", seqs: [5] },
  });
  expect(positionOf({ seq: 7, plan: null })).toEqual({ seq: 7, told: [], tried: [], plan: null });
});
