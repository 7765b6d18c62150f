// Goal: an attempt counts only with a control that works, and the run ends well only if none got through.
import { expect, test } from "vitest";
import {
  COUNTED_MIN,
  type Tried,
  isOlder,
  isWell,
  judge,
  linesOf,
  sumsOf,
} from "../../attack/verdict.ts";

const tried = (over: Partial<Tried> = {}): Tried => ({
  ...{ id: "a/b", role: "somebody", wall: "topics", tries: "t", trick: "k", harms: "h" },
  ...{ control: "works", harm: [] },
  ...over,
});
const CONTROLS = new Set(["works"]);
const verdict = (over: Partial<Tried>, server = "2.9.10"): string =>
  judge([tried(over)], CONTROLS, server)[0]!.verdict;

test("a verdict for each", () => {
  expect(verdict({})).toBe("held");
  expect(verdict({ control: "does not" })).toBe("uncontrolled");
  const moot = { why: "the server refuses it", from: "2.11.0" };
  expect(verdict({ control: "does not", moot })).toBe("uncontrolled");
  expect(verdict({ control: "does not", moot }, "2.11.0")).toBe("moot");
  expect(verdict({ control: "does not", moot: { why: "it is refused" } })).toBe("moot");
  expect(verdict({ moot }, "2.11.0")).toBe("held");
  expect(verdict({ harm: ["gone"] })).toBe("through");
  expect(verdict({ harm: ["gone"], control: "does not" })).toBe("through");
  expect(verdict({ harm: ["gone"], since: "2.11.0" })).toBe("unclaimed");
  expect(verdict({ harm: ["gone"], since: "2.11.0" }, "2.11.0")).toBe("through");
  expect(verdict({ since: "2.11.0" })).toBe("held");
});

test.each([
  ["2.9.10", "2.11.0", true],
  ["2.11.0", "2.9.10", false],
  ["2.11.0", "2.11.0", false],
  ["2.11.0-RC.1", "2.11.0", false],
  ["2.14.9", "2.14.10", true],
  ["3.0.0", "2.99.99", false],
])("%s is older than %s: %s", (version, than, expected) => {
  expect(isOlder(version, than)).toBe(expected);
});

test("one that got through, one without a control, or too few that count, and it is not well", () => {
  const judged = judge(
    [tried(), tried({ harm: ["x"] }), tried({ control: "?" }), tried({ wall: "speech" })],
    CONTROLS,
    "2.9.10",
  );
  const sums = sumsOf(judged);
  expect(sums).toEqual({ counted: 3, through: 1, moot: 0, uncontrolled: 1, unclaimed: 0 });
  const well = { ...sums, through: 0, uncontrolled: 0 };
  expect(isWell(sums, false)).toBe(false);
  expect(isWell({ ...well, uncontrolled: 1 }, false)).toBe(false);
  expect(isWell(well, false)).toBe(true);
  expect(isWell(well, true)).toBe(false);
  expect(isWell({ ...well, counted: COUNTED_MIN }, true)).toBe(true);
  expect(isWell({ ...well, counted: 0 }, false)).toBe(false);
  expect(linesOf(judged).map(({ wall, counted }) => [wall, counted])).toEqual([
    ["topics", 2],
    ["speech", 1],
  ]);
});
