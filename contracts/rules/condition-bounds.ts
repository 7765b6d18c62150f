// The least that a reading must have for a condition to hold (pure): `co2 > 1000 && light < 5` cannot hold
// while co2 is 1,000 or less. An index over these spares a reading the conditions that it is far from.
//
// Of a conjunction the first part counts, of a disjunction every part: these are what is evaluated first,
// so where none of the bounds is reached the condition is false and nothing else of it would be looked at.
import type { ASTNode } from "@marcbachmann/cel-js";
import type { Variables } from "./variables.ts";

/** A variable that has to reach a limit, from below or from above. */
export interface Bound {
  readonly name: string;
  readonly from: "below" | "above";
  /** Itself included, whatever the comparison says of it. */
  readonly limit: number;
}

/** The side of the limit on which `variable op limit` may hold. */
const FROM: Readonly<Record<string, Bound["from"]>> = {
  ">": "below",
  ">=": "below",
  "==": "below",
  "<": "above",
  "<=": "above",
};
const MIRRORED: Readonly<Record<string, string>> = {
  ">": "<",
  ">=": "<=",
  "==": "==",
  "<": ">",
  "<=": ">=",
};

/** Bounds of which at least one is reached whenever the condition holds; null if it has none. */
export function boundsOf(node: ASTNode, variables: Variables): readonly Bound[] | null {
  const { op, args } = node as { op: string; args: unknown };
  if (!Array.isArray(args)) return null;
  const [left, right] = args as [ASTNode, ASTNode];
  if (op === "&&") return boundsOf(left, variables);
  if (op === "||") {
    const [a, b] = [boundsOf(left, variables), boundsOf(right, variables)];
    return a && b && [...a, ...b];
  }
  const bound =
    boundOf(op, left, right, variables) ?? boundOf(MIRRORED[op], right, left, variables);
  return bound && [bound];
}

function boundOf(
  op: string | undefined,
  variable: ASTNode,
  literal: ASTNode,
  variables: Variables,
): Bound | null {
  const from = op !== undefined && Object.hasOwn(FROM, op) ? FROM[op]! : null;
  const limit = numberOf(literal);
  const name = variable.op === "id" ? variable.args : null;
  if (from === null || limit === null || name === null) return null;
  if (!Object.hasOwn(variables, name) || variables[name] !== "double") return null;
  return { name, from, limit };
}

function numberOf(node: ASTNode): number | null {
  const { op, args } = node as { op: string; args: unknown };
  if (op === "-_") {
    const of = numberOf(args as ASTNode);
    return of === null ? null : -of;
  }
  if (op !== "value") return null;
  const number = typeof args === "bigint" ? Number(args) : args;
  if (typeof number !== "number" || Number.isNaN(number)) return null;
  return number;
}

/** True if the value may be what makes a condition hold; one that is no number is for the condition to refuse. */
export function reaches({ from, limit }: Bound, value: unknown): boolean {
  if (value === undefined || value === null) return false;
  if (typeof value !== "number") return true;
  return from === "below" ? value >= limit : value <= limit;
}
