import fc from "fast-check";
import { expect, test } from "vitest";
import { reaches } from "../../../../contracts/rules/condition-bounds.ts";
import { compileExpression, isKnown } from "../../../../contracts/rules/expression.ts";

const VARIABLES = { a: "double", b: "double", c: "double", on: "bool" } as const;

const literal = fc.oneof(
  fc.double({ min: -5, max: 5, noNaN: true }).map((value) => value.toFixed(2)),
  fc.integer({ min: -5, max: 5 }).map(String),
);
const name = fc.constantFrom("a", "b", "c");
const expressions = fc.letrec<{ number: string; bool: string }>((tie) => ({
  number: fc.oneof(
    { maxDepth: 3 },
    name,
    literal,
    fc
      .tuple(tie("number"), fc.constantFrom("+", "-", "*", "/"), tie("number"))
      .map(([left, op, right]) => `(${left} ${op} ${right})`),
    tie("number").map((of) => `-(${of})`),
  ),
  bool: fc.oneof(
    { maxDepth: 4 },
    fc
      .tuple(tie("number"), fc.constantFrom("<", "<=", ">", ">=", "==", "!="), tie("number"))
      .map(([left, op, right]) => `(${left} ${op} ${right})`),
    fc
      .tuple(tie("bool"), fc.constantFrom("&&", "||"), tie("bool"))
      .map(([left, op, right]) => `(${left} ${op} ${right})`),
    tie("bool").map((of) => `!(${of})`),
    fc.constant("on"),
  ),
}));
const number = fc.oneof(
  { arbitrary: fc.integer({ min: -5, max: 5 }), weight: 4 },
  { arbitrary: fc.double({ min: -5, max: 5 }), weight: 4 },
  fc.constantFrom<unknown>("5", null, undefined, true, 5n, -0),
);
const values = fc.record({ a: number, b: number, c: number, on: fc.boolean() });

const answerOf = (text: string, of: Record<string, unknown>): unknown => {
  const expression = compileExpression(text, VARIABLES, ["bool", "double"]);
  try {
    return expression.evaluate(of);
  } catch {
    return "throws";
  }
};

/** A conditional is left to the interpreter, with all that is in it. */
const interpreted = (text: string): string => `true ? (${text}) : (${text})`;

const isExpression = (text: string): boolean => {
  try {
    compileExpression(interpreted(text), VARIABLES, ["bool", "double"]);
    return true;
  } catch {
    return false;
  }
};

test("a compiled expression answers what the interpreter answers, and throws when it throws", () => {
  const any = fc.oneof(expressions.bool, expressions.number).filter(isExpression);
  fc.assert(
    fc.property(any, fc.array(values, { minLength: 1, maxLength: 5 }), (text, all) => {
      for (const of of all) expect(answerOf(text, of)).toEqual(answerOf(interpreted(text), of));
    }),
    { numRuns: 2_000 },
  );
});

test("a condition is false, and throws nothing, where none of its bounds is reached", () => {
  let decided = 0;
  fc.assert(
    fc.property(
      expressions.bool.filter(isExpression),
      fc.array(values, { minLength: 1, maxLength: 5 }),
      (text, all) => {
        const { bounds, ...expression } = compileExpression(text, VARIABLES, ["bool"]);
        for (const of of all) {
          if (bounds === null || !isKnown(expression, of)) continue;
          if (bounds.some((bound) => reaches(bound, of[bound.name as "a"]))) continue;
          decided += 1;
          expect(answerOf(text, of)).toBe(false);
          expect(answerOf(interpreted(text), of)).toBe(false);
        }
      },
    ),
    { numRuns: 2_000 },
  );
  expect(decided).toBeGreaterThan(50);
});

test("the bounds of a condition", () => {
  const boundsOf = (text: string) => compileExpression(text, VARIABLES, ["bool"]).bounds;
  expect(boundsOf("a > 1000 && b + c < 5.0")).toEqual([{ name: "a", from: "below", limit: 1_000 }]);
  expect(boundsOf("-5.0 >= a || 7 == b")).toEqual([
    { name: "a", from: "above", limit: -5 },
    { name: "b", from: "below", limit: 7 },
  ]);
  expect(boundsOf("a > 1.0 || a + b > 2.0")).toBeNull();
  expect(boundsOf("!(a > 1.0)")).toBeNull();
  expect(boundsOf("a != 1")).toBeNull();
  expect(boundsOf("on && a > 1.0")).toBeNull();
});
