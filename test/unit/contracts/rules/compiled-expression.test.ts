import fc from "fast-check";
import { expect, test } from "vitest";
import { compileExpression } from "../../../../contracts/rules/expression.ts";
import type { Variables } from "../../../../contracts/rules/variables.ts";

const VARIABLES: Variables = {
  ...{ a: "double", b: "double", c: "double", on: "bool", off: "bool" },
  ...{ s: "string", t: "string" },
};

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
    fc.constantFrom("on", "off", "on == off", "on != true", "false == off"),
    fc
      .tuple(
        fc.constantFrom("s", "t", '"x"'),
        fc.constantFrom("==", "!="),
        fc.constantFrom("t", '"y"'),
      )
      .map((parts) => parts.join(" ")),
    fc.constantFrom('s in ["x", "y"]', "t in []", '"x" in ["x"]'),
  ),
}));
const number = fc.oneof(
  { arbitrary: fc.integer({ min: -5, max: 5 }), weight: 4 },
  { arbitrary: fc.double({ min: -5, max: 5 }), weight: 4 },
  fc.constantFrom<unknown>("5", null, undefined, true, 5n, -0),
);
const text = fc.constantFrom<unknown>("x", "y", "", 1, undefined);
const flag = fc.constantFrom<unknown>(true, true, false, "true", null);
const values = fc.record({
  a: number,
  b: number,
  c: number,
  on: flag,
  off: flag,
  s: text,
  t: text,
});

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
