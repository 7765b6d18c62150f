import { expect, test } from "vitest";
import { Budget } from "../../../otel/budget.ts";

test("so many a second, and no more at once after a long rest", () => {
  let nowMs = 0;
  const budget = new Budget(10, () => nowMs);
  const takeAll = (): number => {
    let taken = 0;
    while (budget.take()) taken += 1;
    return taken;
  };
  expect(takeAll()).toBe(10);
  nowMs += 500;
  expect(takeAll()).toBe(5);
  nowMs += 3_600_000;
  expect(takeAll()).toBe(10);
});
