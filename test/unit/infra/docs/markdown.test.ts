import { expect, test } from "vitest";
import { bytesText, durationText, table } from "../../../../infra/docs/markdown.ts";

test("durations are in the largest unit that divides them", () => {
  expect([300_000, 86_400_000, 1_500, 250, 0].map(durationText)).toEqual([
    "5 min",
    "1 d",
    "1500 ms",
    "250 ms",
    "0 ms",
  ]);
});

test("sizes are in the largest unit that divides them", () => {
  expect([16 * 1024 ** 3, 256 * 1024, 1_500, 128].map(bytesText)).toEqual([
    "16 GiB",
    "256 KiB",
    "1,500 bytes",
    "128 bytes",
  ]);
});

test("a table has columns of equal width, and a bar does not end a cell", () => {
  expect(table(["a", "long"], [["x|y", "…"]])).toBe(
    ["| a    | long |", "| ---- | ---- |", "| x\\|y | …    |"].join("\n"),
  );
});
