// The parts of most conditions, compiled to functions (pure): comparisons, sums and products of numbers,
// text that equals text, flags, and, or, not. The interpreter takes a context of its own for every evaluation
// and asks every value for its type by way of tables; for `co2 > 1000` that is nearly all of the time.
//
// N1. What is answered is what the interpreter answers. An expression that holds anything else is not
//     compiled, and a value that is not of its variable's type is left to the interpreter, which throws.
// N2. What is compiled throws nothing as long as values are of their variables' types.
import type { ASTNode } from "@marcbachmann/cel-js";

type Values = Readonly<Record<string, unknown>>;
type Evaluate<T = unknown> = (values: Values) => T;
/** A number of an expression, compiled. */
export interface Operand {
  readonly run: Evaluate<number>;
  /** A whole number in the expression: only literals are (expression.ts/X4). */
  readonly isInt: boolean;
}

/** One expression under compilation. */
export interface Scope {
  readonly variables: Values;
  /** Set within an evaluation that meets a value of another type; its answer does not count then. */
  readonly foreign: { isMet: boolean };
}

/** A scope that nothing was met in. @param variables their types by name. */
export const scopeOf = (variables: Values): Scope => ({ variables, foreign: { isMet: false } });

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
  "!=": (a, b) => (values) => a(values) !== b(values),
};

/**
 * A function that answers what `interpret` would, or null if the expression is not of this kind.
 * @param ast of an expression that was checked against the same variables.
 */
export function compilePlain(
  ast: ASTNode,
  variables: Values,
  interpret: Evaluate,
): Evaluate | null {
  const scope = scopeOf(variables);
  const { foreign } = scope;
  const operand = numberOf(ast, scope);
  const run = operand && !operand.isInt ? operand.run : booleanOf(ast, scope);
  if (run === null) return null;
  return (values) => {
    foreign.isMet = false;
    const answer = run(values);
    return foreign.isMet ? interpret(values) : answer; // N1
  };
}

/** The number that a node is; null if it is none, or one that is not compiled. */
export function numberOf(node: ASTNode, scope: Scope): Operand | null {
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
export function pairOf(args: unknown, scope: Scope): readonly [Operand, Operand] | null {
  const [left, right] = args as [ASTNode, ASTNode];
  const [a, b] = [numberOf(left, scope), numberOf(right, scope)];
  return a && b && !(a.isInt && b.isInt) ? [a, b] : null;
}

/** The truth that a node is; null if it is none, or one that is not compiled. */
export function booleanOf(node: ASTNode, scope: Scope): Evaluate<boolean> | null {
  const { op, args } = node as { op: string; args: unknown };
  if (op === "id") return flagOf(args as string, scope);
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
  if (op === "in") return membershipOf(args, scope);
  const compare = Object.hasOwn(COMPARISONS, op) ? COMPARISONS[op] : undefined;
  const pair = compare && pairOf(args, scope);
  if (pair) return specialOf(op, node, pair[1], scope) ?? compare(pair[0].run, pair[1].run);
  return op === "==" || op === "!=" ? equalityOf(op, args, scope) : null;
}

const typeIn = (name: string, { variables }: Scope): unknown =>
  Object.hasOwn(variables, name) ? variables[name] : undefined;

function flagOf(name: string, scope: Scope): Evaluate<boolean> | null {
  if (typeIn(name, scope) !== "bool") return null;
  const { foreign } = scope;
  return (values) => {
    const value = values[name];
    if (typeof value !== "boolean") foreign.isMet = true;
    return value === true;
  };
}

function textOf({ op, args }: ASTNode, scope: Scope): Evaluate<string> | null {
  if (op === "value") return typeof args === "string" ? () => args : null;
  if (op !== "id" || typeIn(args, scope) !== "string") return null;
  const { foreign } = scope;
  return (values) => {
    const value = values[args];
    if (typeof value === "string") return value;
    foreign.isMet = true;
    return "";
  };
}

/** Text beside text, or a flag beside one or a literal. */
function equalityOf(op: "==" | "!=", args: unknown, scope: Scope): Evaluate<boolean> | null {
  const [left, right] = args as [ASTNode, ASTNode];
  const orLiteral = (node: ASTNode): Evaluate | null => {
    const { args: value } = node as { args: unknown };
    if (node.op === "value") return typeof value === "boolean" ? () => value : null;
    return node.op === "id" ? flagOf(node.args, scope) : null;
  };
  const [a, b] = [textOf(left, scope) ?? orLiteral(left), textOf(right, scope) ?? orLiteral(right)];
  if (!a || !b) return null;
  return op === "==" ? (values) => a(values) === b(values) : (values) => a(values) !== b(values);
}

/** `text in ["a", "b"]` */
function membershipOf(args: unknown, scope: Scope): Evaluate<boolean> | null {
  const [of, list] = args as [ASTNode, ASTNode];
  const [text, literals] = [textOf(of, scope), literalTexts(list)];
  if (!text || !literals) return null;
  const among = new Set(literals);
  return (values) => among.has(text(values));
}

/** The texts of a list of nothing else; null for another one. */
export function literalTexts({ op, args }: ASTNode): readonly string[] | null {
  if (op !== "list") return null;
  const texts = args.map((item) => (item.op === "value" ? (item.args as unknown) : null));
  return texts.every((text) => typeof text === "string") ? texts : null;
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
