import { expect, test } from "vitest";
import { misbehaviourOf } from "../../../device-sim/misbehaviour.ts";

const HOUR_MS = 3_600_000;

test("a device jumps hours back and ahead, in turn, and repeats a reading", () => {
  const all = Array.from({ length: 60 }, (_, made) => misbehaviourOf(made, 20));
  const jumps = all.map(({ clockMs }) => clockMs / HOUR_MS);
  expect(jumps.slice(0, 20)).toEqual(Array(20).fill(0));
  expect(jumps.slice(20, 25)).toEqual(Array(5).fill(-3));
  expect(jumps.slice(40, 45)).toEqual(Array(5).fill(2));
  expect(all.flatMap(({ twice }, made) => (twice ? [made] : []))).toEqual([25, 45]);
});

test("0 is never", () => {
  for (const made of [0, 1, 100])
    expect(misbehaviourOf(made, 0)).toEqual({ twice: false, clockMs: 0 });
});
