// The parts of most conditions, compiled to functions (pure): comparisons, sums and products of numbers,
// and, or, not. The interpreter takes a context of its own for every evaluation and asks every value for
// its type by way of tables; for `co2 > 1000` that is nearly all of the time.
//
// N1. What is answered is what the interpreter answers. An expression that holds anything else is not
//     compiled, and a value that is not of its variable's type is left to the interpreter, which throws.
import type { ASTNode } from "@marcbachmann/cel-js";

type Values = Readonly<Record<string, unknown>>;
type Evaluate<T = unknown> = (values: Values) => T;
interface Operand {
  readonly run: Evaluate<number>;
  /** A whole number in the expression: only literals are (expression.ts/X4). */
  readonly isInt: boolean;
}

/** One expression under compilation. */
interface Scope {
  readonly variables: Values;
  /** Set within an evaluation that meets a value of another type; its answer does not count then. */
  readonly foreign: { isMet: boolean };
}

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
  const foreign = { isMet: false };
  const scope = { variables, foreign };
  const operand = numberOf(ast, scope);
  const run = operand && !operand.isInt ? operand.run : booleanOf(ast, scope);
  if (run === null) return null;
  return (values) => {
    foreign.isMet = false;
    const answer = run(values);
    return foreign.isMet ? interpret(values) : answer; // N1
  };
}

function numberOf(node: ASTNode, scope: Scope): Operand | null {
  const { op, args } = node as { op: string; args: unknown };
  if (op === "value") return literalOf(args);
  if (op === "id") {
    const name = args as string;
    const { variables, foreign } = scope;
    if (!Object.hasOwn(variables, name) || variables[name] !== "double") return null;
    return { run: (values) => numberIn(values[name], foreign), isInt: false };
  }
  if (op === "-_") {
    const of = numberOf(args as ASTNode, scope);
    if (of === null) return null;
    // There is no negative zero among whole numbers.
    const run: Evaluate<number> = of.isInt
      ? (values) => 0 - of.run(values)
      : (values) => -of.run(values);
    return { run, isInt: of.isInt };
  }
  const combine = Object.hasOwn(ARITHMETIC, op) ? ARITHMETIC[op] : undefined;
  const pair = combine && pairOf(args, scope);
  return pair ? { run: combine(pair[0].run, pair[1].run), isInt: false } : null;
}

function literalOf(value: unknown): Operand | null {
  const isInt = typeof value === "bigint";
  const number = isInt ? Number(value) : value;
  if (typeof number !== "number" || (isInt && !Number.isSafeInteger(number))) return null;
  return { run: () => number, isInt };
}

/** Null for two whole numbers as well: what CEL makes of those is no floating point. */
function pairOf(args: unknown, scope: Scope): readonly [Operand, Operand] | null {
  const [left, right] = args as [ASTNode, ASTNode];
  const [a, b] = [numberOf(left, scope), numberOf(right, scope)];
  return a && b && !(a.isInt && b.isInt) ? [a, b] : null;
}

function booleanOf(node: ASTNode, scope: Scope): Evaluate<boolean> | null {
  const { op, args } = node as { op: string; args: unknown };
  if (op === "!_") {
    const of = booleanOf(args as ASTNode, scope);
    return of && ((values) => !of(values));
  }
  if (op === "&&" || op === "||") {
    const [left, right] = args as [ASTNode, ASTNode];
    const [a, b] = [booleanOf(left, scope), booleanOf(right, scope)];
    if (!a || !b) return null;
    return op === "&&" ? (values) => a(values) && b(values) : (values) => a(values) || b(values);
  }
  const compare = Object.hasOwn(COMPARISONS, op) ? COMPARISONS[op] : undefined;
  const pair = compare && pairOf(args, scope);
  return pair ? (specialOf(op, node, pair[1], scope) ?? compare(pair[0].run, pair[1].run)) : null;
}

/** `variable > literal` without calls in between: the condition of most rules. */
function specialOf(
  op: string,
  { args }: ASTNode,
  right: Operand,
  { foreign }: Scope,
): Evaluate<boolean> | null {
  const [left, limit] = args as [ASTNode, ASTNode];
  if (left.op !== "id" || limit.op !== "value") return null;
  const name = left.args;
  const than = right.run({});
  if (op === ">") return (values) => numberIn(values[name], foreign) > than;
  if (op === "<") return (values) => numberIn(values[name], foreign) < than;
  return null;
}

function numberIn(value: unknown, foreign: Scope["foreign"]): number {
  if (typeof value === "number") return value;
  foreign.isMet = true;
  return 0;
}
