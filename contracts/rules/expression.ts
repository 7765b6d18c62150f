// CEL expressions over readings, typed by their contracts (pure).
//
// X1. A wrong name, type or pattern is an error when the expression is compiled, with its position.
// X2. `matches` runs on RE2, in time linear in its input: CEL asks for RE2, the library backtracks.
// X3. An expression says nothing about a reading that lacks one of the variables in it.
// X4. Numbers of a contract are doubles, whatever JSON Schema calls them; whole numbers in an
//     expression may stand beside them (`occupancy == 1`).
//
// Source: Common Expression Language, language definition (github.com/google/cel-spec).
import { type ASTNode, Environment } from "@marcbachmann/cel-js";
import { RE2JS } from "re2js";
import { compilePlain } from "./compiled-expression.ts";
import { ANYTHING, type Needs, needsOf } from "./condition-bounds.ts";
import type { ValueType, Variables } from "./variables.ts";

/** Structural bounds: what one expression can cost. */
const LIMITS = {
  maxAstNodes: 300,
  maxDepth: 30,
  maxListElements: 200,
  maxMapEntries: 50,
  maxCallArguments: 8,
};

/** A fault of an expression, and its place. */
export class ExpressionError extends Error {
  override readonly name = "ExpressionError";
}

export interface Expression {
  readonly text: string;
  readonly type: ValueType;
  /** The variables in it. */
  readonly names: readonly string[];
  /** The members in it: `[["room", "co2"]]`. */
  readonly members: readonly (readonly [variable: string, member: string])[];
  /** Needs of a condition; of another expression nothing is known. */
  readonly needs: Needs;
  /**
   * @param values every variable in `names`; more do no harm.
   * @throws what the expression throws, such as a division by zero.
   */
  evaluate(values: Readonly<Record<string, unknown>>): unknown;
}

const patterns = new Map<string, RE2JS>();
/** A pattern, compiled once: only literals are, so there are no more than there are in expressions. */
export function re2(pattern: string): RE2JS {
  let compiled = patterns.get(pattern);
  if (!compiled) patterns.set(pattern, (compiled = RE2JS.compile(pattern)));
  return compiled;
}

const ARITHMETIC: Readonly<Record<string, (a: number, b: number) => number>> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "%": (a, b) => a % b,
};

function makeEnvironment(): Environment {
  const environment = new Environment({ limits: LIMITS });
  for (const [operator, apply] of Object.entries(ARITHMETIC)) {
    const mixed = (a: number | bigint, b: number | bigint): number => apply(Number(a), Number(b));
    environment.registerOperator(`double ${operator} int: double`, mixed);
    environment.registerOperator(`int ${operator} double: double`, mixed);
  }
  environment.registerOperator("double == int", (a: number, b: bigint) => a === Number(b));
  environment.registerFunction("abs(double): double", (value: number) => Math.abs(value));
  environment.registerFunction("string._re2(string): bool", (value: string, pattern: string) =>
    re2(pattern).matcher(value).find(),
  );
  return environment;
}

/** Adding variables to a copy is cheap; making one is not. */
const common = makeEnvironment();

/** An environment without variables, for others to add theirs to. */
export const commonEnvironment = (): Environment => common.clone();

/**
 * Compiles an expression.
 * @throws ExpressionError with position (X1).
 */
export function compileExpression(
  text: string,
  variables: Variables,
  types: readonly ValueType[],
): Expression {
  const strict = common.clone();
  const loose = common.clone();
  for (const [name, type] of Object.entries(variables)) {
    if (typeof type === "string") {
      strict.registerVariable(name, type);
      loose.registerVariable(name, type);
    } else {
      strict.registerVariable(name, { schema: type });
      loose.registerVariable(name, "map");
    }
  }
  const checked = strict.check(text);
  if (!checked.valid) throw placeOf(text, checked.error);
  const type = types.find((wanted) => wanted === checked.type);
  if (!type)
    throw new ExpressionError(
      `is a ${checked.type ?? "dyn"}, not a ${types.join(" or ")}: ${text}`,
    );
  const { ast } = strict.parse(text);
  const nodes = flatten(ast);
  const run = loose.parse(withRe2(text, nodes));
  loose.check(text);
  const names = nodes.filter((node) => node.op === "id").map((node) => node.args);
  const own = new Set(names.filter((name) => Object.hasOwn(variables, name)));
  const members = nodes.flatMap((node) =>
    node.op === "." && node.args[0].op === "id" && typeof variables[node.args[0].args] === "object"
      ? [[node.args[0].args, node.args[1]] as const]
      : [],
  );
  const interpret = (values: Readonly<Record<string, unknown>>): unknown => run(values);
  const evaluate = compilePlain(ast, variables, interpret) ?? interpret;
  const needs = type === "bool" ? needsOf(ast, variables, [...own]) : ANYTHING;
  return { text, type, names: [...own], members, needs, evaluate };
}

/** True if a reading says something about the expression (X3). */
export function isKnown(
  { names }: Pick<Expression, "names">,
  values: Readonly<Record<string, unknown>>,
): boolean {
  for (let at = 0; at < names.length; at++) {
    const value = values[names[at]!];
    if (value === undefined || value === null) return false;
  }
  return true;
}

interface Located {
  readonly range?: { readonly start: number } | undefined;
  readonly summary?: string;
  readonly message: string;
}

/** The error of an expression, with the place at which it is wrong. */
export function placeOf(text: string, error: Located | undefined): ExpressionError {
  const at = error?.range?.start ?? 0;
  const before = text.slice(0, at).split("\n");
  const place = `line ${before.length}, column ${before.at(-1)!.length + 1}`;
  const what = error?.summary ?? error?.message ?? "is invalid";
  return new ExpressionError(`${place}: ${what}: ${text}`);
}

/** A node and all nodes in it. */
export function flatten(node: ASTNode): ASTNode[] {
  const found: ASTNode[] = [];
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) return value.forEach(visit);
    if (typeof value !== "object" || value === null || !("op" in value)) return;
    found.push(value as ASTNode);
    visit((value as ASTNode).args);
  };
  visit(node);
  return found;
}

const PATTERN_CALLS = new Set(["matches", "capture"]);

/** The expression with every `matches` on RE2 (X2); what people are told keeps the original's places. */
export function withRe2(text: string, nodes: readonly ASTNode[]): string {
  const calls = nodes
    .filter((node) => node.op === "rcall" && PATTERN_CALLS.has(node.args[0]))
    .map((node) => node.args as [string, ASTNode, ASTNode[]])
    .sort(([, a], [, b]) => b.range.end - a.range.end);
  let rewritten = text;
  for (const [name, receiver, [pattern]] of calls) {
    if (pattern?.op !== "value")
      throw placeOf(text, {
        range: receiver.range,
        message: `the pattern of ${name} must be text`,
      });
    try {
      re2(String(pattern.args));
    } catch (error) {
      throw placeOf(text, { range: pattern.range, message: (error as Error).message });
    }
    if (name !== "matches") continue;
    const rest = rewritten.slice(receiver.range.end).replace("matches", "_re2");
    rewritten = rewritten.slice(0, receiver.range.end) + rest;
  }
  return rewritten;
}
