import fc from "fast-check";
import { expect, test } from "vitest";
import { compileExpression, isKnown } from "../../../../../contracts/rules/expression.ts";
import { ConditionIndex } from "../../../../../gateway/alerting/rules/condition-index.ts";
import { PlaceSet } from "../../../../../gateway/alerting/rules/place-set.ts";

const VARIABLES = { a: "double", b: "double", s: "string", on: "bool" } as const;
const indexOf = (conditions: readonly string[]) => {
  const compiled = conditions.map((text) => compileExpression(text, VARIABLES, ["bool"]));
  const index = new ConditionIndex(compiled.map(({ needs }, place) => ({ place, needs })));
  const places = new PlaceSet(conditions.length);
  const named = (values: object): number[] => {
    index.mark({ ...values }, places);
    return [...places.take()];
  };
  return { compiled, named };
};

test("only conditions that values may fulfil are named, each once and in order", () => {
  const { named } = indexOf([
    "a + b > 100",
    "b + a > 10",
    "a > 5",
    "s == 'x' && a > 0",
    "s in ['x', 'y'] || a == 7",
    "!on",
    "abs(a) > 3.0",
    "a > b",
    "a + b > 3 || a > 4",
  ]);
  expect(named({ a: 1, b: 1.5, s: "z", on: true })).toEqual([6]);
  expect(named({ a: 6, b: 7, s: "x", on: true })).toEqual([1, 2, 3, 4, 6, 8]);
  expect(named({ a: 7, b: -7, on: false })).toEqual([2, 4, 5, 6, 7, 8]);
  expect(named({})).toEqual([6]);
});

test("a term that is no number reaches every limit, and a value of another type every condition with it", () => {
  const { named } = indexOf(["a / b > 100", "!(a / b > 100)", "a > 5", "b > 5", "s == 'x'"]);
  expect(named({ a: 0, b: 0 })).toEqual([0, 1]);
  expect(named({ a: "1", b: 1, s: 2 })).toEqual([0, 1, 2, 4]);
  expect(named({ a: null, b: 9 })).toEqual([3]);
});

const term = fc.constantFrom("a", "b", "a + b", "b + a", "a / b", "a - b", "-a * b");
const limit = fc.constantFrom("0", "-0.0", "1", "2.0", "-1.5");
const condition = fc.letrec<{ of: string }>((tie) => ({
  of: fc.oneof(
    { maxDepth: 3 },
    fc
      .tuple(term, fc.constantFrom("<", "<=", ">", ">=", "==", "!="), fc.oneof(limit, term))
      .map((parts) => parts.join(" ")),
    fc.constantFrom(
      "s == 'x'",
      "s != 'x'",
      "s in ['x', 'y']",
      "on",
      "on != true",
      "6 / int(a) > 2",
    ),
    fc
      .tuple(tie("of"), fc.constantFrom("&&", "||"), tie("of"))
      .map(([left, op, right]) => `(${left}) ${op} (${right})`),
    tie("of").map((of) => `!(${of})`),
  ),
})).of;
const value = fc.constantFrom<unknown>(0, -0, 1, 2, -1.5, 3, NaN, Infinity, -Infinity, "1", null);
const readings = fc.record(
  { a: value, b: value, s: fc.constantFrom<unknown>("x", "y", 1), on: fc.boolean() },
  { requiredKeys: [] },
);

test("a condition that is not named does not hold, and throws nothing", () => {
  let unnamed = 0;
  fc.assert(
    fc.property(fc.array(condition, { maxLength: 12 }), fc.array(readings), (conditions, all) => {
      const { compiled, named } = indexOf(conditions);
      for (const values of all) {
        const places = named(values);
        compiled.forEach((expression, place) => {
          if (places.includes(place) || !isKnown(expression, values)) return;
          unnamed += 1;
          expect(expression.evaluate(values)).toBe(false);
        });
      }
    }),
    { numRuns: 1_000 },
  );
  expect(unnamed).toBeGreaterThan(1_000);
});
