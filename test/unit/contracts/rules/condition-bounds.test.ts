import { expect, test } from "vitest";
import { needsOfAny, needsOfBoth } from "../../../../contracts/rules/condition-bounds.ts";
import { compileExpression } from "../../../../contracts/rules/expression.ts";
import type { Variables } from "../../../../contracts/rules/variables.ts";

const VARIABLES: Variables = {
  ...{ a: "double", b: "double", c: "double", on: "bool" },
  ...{ s: "string", t: "string" },
};

const needs = (text: string) => compileExpression(text, VARIABLES, ["bool"]).needs;
/** Bounds as `term side limit`, those of an alternative by `or`. */
const bounds = (...of: Parameters<typeof needsOfAny>[0]): string[] =>
  of.flatMap(({ alternatives }) =>
    alternatives.map((alternative) =>
      alternative
        .map(({ term, from, limit }) => `${term.text} ${from} ${String(limit)}`)
        .join(" or "),
    ),
  );

test.for<[condition: string, alternatives: string[]]>([
  ["a > 1000", ["a below 1000"]],
  ["-5.0 >= a || 7 == b", ["a above -5 or b equal 7"]],
  ["a > 1 && b < 5", ["a below 1", "b above 5"]],
  ["a > 1.0 && s == 'x'", ["s equal x", "a below 1"]],
  ["on && a > 1.0", ["a below 1", "on equal true"]],
  ["a == 1 && b > 2", ["b below 2", "a equal 1"]],
  ["a + b > 2.0", ["(a + b) below 2"]],
  ["2.0 < b + a", ["(a + b) below 2"]],
  ["a / 2 > 1", ["(a / 2) below 1"]],
  ["a / 2.0 > 2.0 * 3.0", ["(a / 2) below 6"]],
  ["(a + b) + c > 1", ["((a + b) + c) below 1"]],
  ["a + (b + c) > 1", ["((b + c) + a) below 1"]],
  ["a / -(0.0) > 1", ["(a / -0) below 1"]],
  ["a > b", ["(a - b) below 0"]],
  ["!(a > 1.0)", ["a above 1"]],
  ["!(a > 1 || on)", ["a above 1", "on equal false"]],
  ["!(a > 1 && b < 2)", ["a above 1 or b below 2"]],
  ["!(a != 1)", ["a equal 1"]],
  ["on != true", ["on equal false"]],
  ["s in ['x', 'y', 'x']", ["s equal x or s equal y"]],
  ["9 / int(a) > 2 && b > 1", ["b below 1"]],
  // Nothing simple can be said.
  ["a != 1", []],
  ["s != 'x'", []],
  ["s == t", []],
  ["!(s == 'x')", []],
  ["a > 1 || s != 'x'", []],
  ["9 / int(a) > 2", []],
  ["!(9 / int(a) > 2 || b > 1)", []],
  ["a > 0.0 / 0.0", []],
  ["1.0 > 2.0", []],
])("what %s needs", ([condition, alternatives]) => {
  expect(bounds(needs(condition))).toEqual(alternatives);
});

test("a second condition counts only where the first throws nothing, and one of several takes all their bounds", () => {
  const [first, throws, second] = ["a > 1", "9 / int(a) > 2", "s == 'x'"].map(needs);
  expect(bounds(needsOfBoth(first!, second!))).toEqual(["s equal x", "a below 1"]);
  expect(bounds(needsOfBoth(first!, throws!))).toEqual(["a below 1"]);
  expect(bounds(needsOfBoth(throws!, second!))).toEqual([]);
  expect(bounds(needsOfAny([first!, second!]))).toEqual(["a below 1 or s equal x"]);
  expect(bounds(needsOfAny([first!, throws!]))).toEqual([]);
});
