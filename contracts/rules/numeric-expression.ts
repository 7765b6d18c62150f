// The parts of most conditions, compiled to functions (pure): comparisons, sums and products of numbers,
// and, or, not. The interpreter takes a context of its own for every evaluation and asks every value for
// its type by way of tables; for `co2 > 1000` that is nearly all of the time.
//
// The one variable of this module, `isForeign`, is set and read within one evaluation, which calls nobody
// else: no answer depends on an earlier one.
//
// N1. What is answered is what the interpreter answers. An expression that holds anything else is not
//     compiled, and a value that is not of its variable's type is left to the interpreter, which throws.
import type { ASTNode } from "@marcbachmann/cel-js";

type Values = Readonly<Record<string, unknown>>;
type Evaluate<T = unknown> = (values: Values) => T;
interface Operand {
  readonly run: Evaluate<number>;
  /** A whole number in the expression: only literals are (expression.ts, X4). */
  readonly isInt: boolean;
}

/** Set by whoever meets a value of another type; the answer does not count then. */
let isForeign = false;

const ARITHMETIC: Readonly<
  Record<string, (a: Evaluate<number>, b: Evaluate<number>) => Evaluate<number>>
> = {
  "+": (a, b) => (values) => a(values) + b(values),
  "-": (a, b) => (values) => a(values) - b(values),
  "*": (a, b) => (values) => a(values) * b(values),
  "/": (a, b) => (values) => a(values) / b(values),
};

const COMPARISONS: Readonly<
  Record<string, (a: Evaluate<number>, b: Evaluate<number>) => Evaluate<boolean>>
> = {
  "<": (a, b) => (values) => a(values) < b(values),
  "<=": (a, b) => (values) => a(values) <= b(values),
  ">": (a, b) => (values) => a(values) > b(values),
  ">=": (a, b) => (values) => a(values) >= b(values),
  "==": (a, b) => (values) => a(values) === b(values),
};

/**
 * A function that answers what `interpret` would, or null if the expression is not of this kind.
 * @param ast of an expression that was checked against the same variables.
 */
export function compileNumeric(
  ast: ASTNode,
  variables: Readonly<Record<string, unknown>>,
  interpret: Evaluate,
): Evaluate | null {
  const operand = numberOf(ast, variables);
  const run = operand && !operand.isInt ? operand.run : booleanOf(ast, variables);
  if (run === null) return null;
  return (values) => {
    isForeign = false;
    const answer = run(values);
    return isForeign ? interpret(values) : answer; // N1
  };
}

function numberOf(node: ASTNode, variables: Values): Operand | null {
  const { op, args } = node as { op: string; args: unknown };
  if (op === "value") return literalOf(args);
  if (op === "id") {
    const name = args as string;
    if (!Object.hasOwn(variables, name) || variables[name] !== "double") return null;
    return { run: (values) => numberIn(values[name]), isInt: false };
  }
  if (op === "-_") {
    const of = numberOf(args as ASTNode, variables);
    if (of === null) return null;
    // There is no negative zero among whole numbers.
    const run: Evaluate<number> = of.isInt
      ? (values) => 0 - of.run(values)
      : (values) => -of.run(values);
    return { run, isInt: of.isInt };
  }
  const combine = Object.hasOwn(ARITHMETIC, op) ? ARITHMETIC[op] : undefined;
  const pair = combine && pairOf(args, variables);
  return pair ? { run: combine(pair[0].run, pair[1].run), isInt: false } : null;
}

function literalOf(value: unknown): Operand | null {
  const isInt = typeof value === "bigint";
  const number = isInt ? Number(value) : value;
  if (typeof number !== "number" || (isInt && !Number.isSafeInteger(number))) return null;
  return { run: () => number, isInt };
}

/** Null for two whole numbers as well: what CEL makes of those is no floating point. */
function pairOf(args: unknown, variables: Values): readonly [Operand, Operand] | null {
  const [left, right] = args as [ASTNode, ASTNode];
  const [a, b] = [numberOf(left, variables), numberOf(right, variables)];
  return a && b && !(a.isInt && b.isInt) ? [a, b] : null;
}

function booleanOf(node: ASTNode, variables: Values): Evaluate<boolean> | null {
  const { op, args } = node as { op: string; args: unknown };
  if (op === "!_") {
    const of = booleanOf(args as ASTNode, variables);
    return of && ((values) => !of(values));
  }
  if (op === "&&" || op === "||") {
    const [left, right] = args as [ASTNode, ASTNode];
    const [a, b] = [booleanOf(left, variables), booleanOf(right, variables)];
    if (!a || !b) return null;
    return op === "&&" ? (values) => a(values) && b(values) : (values) => a(values) || b(values);
  }
  const compare = Object.hasOwn(COMPARISONS, op) ? COMPARISONS[op] : undefined;
  const pair = compare && pairOf(args, variables);
  return pair ? (specialOf(op, node, pair[1]) ?? compare(pair[0].run, pair[1].run)) : null;
}

/** `variable > literal` without calls in between: the condition of most rules. */
function specialOf(op: string, { args }: ASTNode, right: Operand): Evaluate<boolean> | null {
  const [left, limit] = args as [ASTNode, ASTNode];
  if (left.op !== "id" || limit.op !== "value") return null;
  const name = left.args;
  const than = right.run({});
  if (op === ">") return (values) => numberIn(values[name]) > than;
  if (op === "<") return (values) => numberIn(values[name]) < than;
  return null;
}

function numberIn(value: unknown): number {
  if (typeof value === "number") return value;
  isForeign = true;
  return 0;
}
