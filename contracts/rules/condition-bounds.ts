// What a reading must have for a condition to hold (pure): `co2 - outside > 1000 && light < 5` cannot hold
// while the difference is 1,000 or less. An index over these spares a reading the conditions that it is far
// from, and computes once what many conditions compare with one limit or another.
//
// B1. Where none of the bounds of an alternative is reached the condition is false, and evaluating it throws
//     nothing. Whoever finds one reached, or a value that is not of its variable's type, asks the condition.
// B2. Every part of a conjunction is an alternative by itself: where one is false the conjunction is, whatever the
//     others throw (CEL, language definition, "Logical operators"). Of a disjunction every part counts. Of a
//     negation something is known only if what it negates throws nothing (compiled-expression.ts/N2).
// B3. Terms are the same if they compute the same bits: `a + b` and `b + a`, `a / 2` and `a / 2.0`; `(a + b) + c`
//     and `a + (b + c)` do not. A term that is no number (0 / 0) reaches every bound, whatever the comparison.
import type { ASTNode } from "@marcbachmann/cel-js";
import {
  type Scope,
  booleanOf,
  literalTexts,
  numberOf,
  pairOf,
  scopeOf,
} from "./compiled-expression.ts";
import type { ValueType, Variables } from "./variables.ts";

type Values = Readonly<Record<string, unknown>>;

/** A variable, or what is computed of some. */
export interface Term {
  /** The same for terms that are the same (B3). */
  readonly text: string;
  readonly names: readonly string[];
  /** @param values those of `names`, of the types of their variables. */
  readonly valueOf: (values: Values) => unknown;
}

/** A term that has to reach a limit from below or from above, the limit included, or to be equal to it. */
export interface Bound {
  readonly term: Term;
  readonly from: "below" | "above" | "equal";
  readonly limit: number | string | boolean;
}

/** Bounds of which at least one is reached whenever the condition holds. */
export type Alternative = readonly Bound[];

/** Needs of a condition: without one of them it does not hold. */
export interface Needs {
  /**
   * The one that is reached most rarely first, as far as that can be told from the condition. Empty where nothing
   * simple can be said.
   */
  readonly alternatives: readonly Alternative[];
  /** The variables of the condition. */
  readonly variables: readonly (readonly [name: string, type: ValueType])[];
  /** True if it throws nothing as long as values are of the types of their variables. */
  readonly isTotal: boolean;
}

/** Those of what nothing is known of. */
export const ANYTHING: Needs = { alternatives: [], variables: [], isTotal: false };

/** Conditions have no more that are worth a choice. */
const ALTERNATIVES_MAX = 4;

const FROM: Readonly<Record<string, Bound["from"]>> = {
  ">": "below",
  ">=": "below",
  "==": "equal",
  "<": "above",
  "<=": "above",
};
const MIRRORED = { below: "above", above: "below", equal: "equal" } as const;
const NEGATED: Readonly<Record<string, string>> = {
  ">": "<=",
  ">=": "<",
  "<": ">=",
  "<=": ">",
  "!=": "==",
};

/** @param names the variables in the condition. */
export function needsOf(node: ASTNode, variables: Variables, names: readonly string[]): Needs {
  const scope = scopeOf(variables);
  const typed = names.flatMap((name): [string, ValueType][] => {
    const type = variables[name]!;
    return typeof type === "string" ? [[name, type]] : [];
  });
  return {
    alternatives: alternativesOf(node, scope, false),
    variables: typed,
    isTotal: booleanOf(node, scope) !== null,
  };
}

/** The needs of two conditions that have to hold together, of which the second is asked only if the first holds. */
export function needsOfBoth(first: Needs, then: Needs): Needs {
  const { alternatives, isTotal } = first;
  return {
    alternatives: isTotal ? ranked([...alternatives, ...then.alternatives]) : alternatives,
    variables: [...first.variables, ...then.variables],
    isTotal: isTotal && then.isTotal,
  };
}

/** The needs of conditions of which at least one has to hold. */
export function needsOfAny(all: readonly Needs[]): Needs {
  const alternatives = all.map((needs) => needs.alternatives[0]);
  const bounds = alternatives.flatMap((of) => of ?? []);
  return {
    alternatives: alternatives.includes(undefined) ? [] : [bounds],
    variables: all.flatMap(({ variables }) => variables),
    isTotal: all.every(({ isTotal }) => isTotal),
  };
}

/** Empty if there are none. @param negated true for those of the opposite. */
function alternativesOf(node: ASTNode, scope: Scope, negated: boolean): readonly Alternative[] {
  const { op, args } = node as { op: string; args: unknown };
  const isTotal = booleanOf(node, scope) !== null;
  if (negated && !isTotal) return [];
  if (op === "!_") return isTotal ? alternativesOf(args as ASTNode, scope, !negated) : [];
  if (op === "&&" || op === "||") {
    const [left, right] = (args as [ASTNode, ASTNode]).map((of) =>
      alternativesOf(of, scope, negated),
    ) as [readonly Alternative[], readonly Alternative[]];
    if ((op === "&&") !== negated) return ranked([...left, ...right]); // B2
    const [a, b] = [left[0], right[0]];
    return a && b ? [[...a, ...b]] : [];
  }
  const bounds = isTotal ? boundsOf(op, args, scope, negated) : null;
  return bounds ? [bounds] : [];
}

function boundsOf(op: string, args: unknown, scope: Scope, negated: boolean): Alternative | null {
  if (op === "id") return [{ term: variable(args as string), from: "equal", limit: !negated }];
  const [left, right] = args as [ASTNode, ASTNode];
  if (op === "in") return negated ? null : memberBounds(left, right);
  const pair = pairOf(args, scope);
  const holds = negated ? NEGATED[op] : op;
  const from = holds !== undefined && Object.hasOwn(FROM, holds) ? FROM[holds]! : null;
  if (from === null) return pair ? null : inequality(holds, left, right);
  return pair ? comparison(from, left, right, scope) : equality(left, right);
}

function comparison(
  from: Bound["from"],
  left: ASTNode,
  right: ASTNode,
  scope: Scope,
): Alternative | null {
  const [a, b] = [constantOf(left, scope), constantOf(right, scope)];
  if (a !== null && b !== null) return null;
  const bound: Bound =
    b !== null
      ? { term: termOf(left, scope), from, limit: b }
      : a !== null
        ? { term: termOf(right, scope), from: MIRRORED[from], limit: a }
        : // Two terms are compared by their difference, which is 0 only where they are equal.
          { term: differenceOf(left, right, scope), from, limit: 0 };
  return Number.isNaN(bound.limit) ? null : [bound];
}

const literalOf = ({ op, args }: ASTNode): string | boolean | null => {
  const value: unknown = op === "value" ? args : null;
  return typeof value === "string" || typeof value === "boolean" ? value : null;
};

/** Text or a flag beside a literal. */
function equality(left: ASTNode, right: ASTNode): Alternative | null {
  const [a, b] = [literalOf(left), literalOf(right)];
  const [of, limit] = b === null ? [right, a] : [left, b];
  return of.op === "id" && limit !== null
    ? [{ term: variable(of.args), from: "equal", limit }]
    : null;
}

/** A flag that is not the one is the other. */
function inequality(op: string | undefined, left: ASTNode, right: ASTNode): Alternative | null {
  const [bound] = (op === "!=" && equality(left, right)) || [];
  return bound && typeof bound.limit === "boolean" ? [{ ...bound, limit: !bound.limit }] : null;
}

function memberBounds(of: ASTNode, list: ASTNode): Alternative | null {
  const texts = literalTexts(list);
  if (of.op !== "id" || !texts) return null;
  const term = variable(of.args);
  return [...new Set(texts)].map((limit) => ({ term, from: "equal", limit }));
}

/** Text is said of few, a range of about half; a number that something equals may be one of two. */
const RANK = { below: 1, above: 1, number: 2, string: 0, boolean: 2 } as const;
const rankOf = (bounds: Alternative): number =>
  Math.max(
    0,
    ...bounds.map(({ from, limit }) =>
      from === "equal" ? RANK[typeof limit as "number"] : RANK[from],
    ),
  );

const ranked = (alternatives: readonly Alternative[]): readonly Alternative[] =>
  alternatives.toSorted((a, b) => rankOf(a) - rankOf(b)).slice(0, ALTERNATIVES_MAX);

const variable = (name: string): Term => ({
  text: name,
  names: [name],
  valueOf: (values) => values[name],
});

function namesIn({ op, args }: ASTNode): readonly string[] {
  if (op === "id") return [args];
  if (op === "value") return [];
  const parts = (Array.isArray(args) ? args : [args]) as ASTNode[];
  return parts.flatMap(namesIn);
}

/** The number that a node always is; null if it has variables. */
const constantOf = (node: ASTNode, scope: Scope): number | null =>
  namesIn(node).length === 0 ? numberOf(node, scope)!.run({}) : null;

const termOf = (node: ASTNode, scope: Scope): Term =>
  node.op === "id"
    ? variable(node.args)
    : {
        text: canonical(node, scope),
        names: [...new Set(namesIn(node))],
        valueOf: numberOf(node, scope)!.run,
      };

function differenceOf(left: ASTNode, right: ASTNode, scope: Scope): Term {
  const [a, b] = [termOf(left, scope), termOf(right, scope)];
  const [one, other] = [numberOf(left, scope)!.run, numberOf(right, scope)!.run];
  return {
    text: `(${a.text} - ${b.text})`,
    names: [...new Set([...a.names, ...b.names])],
    valueOf: (values) => one(values) - other(values),
  };
}

/** A node of numbers as text (B3). */
function canonical(node: ASTNode, scope: Scope): string {
  const { op, args } = node as { op: string; args: unknown };
  const constant = constantOf(node, scope);
  if (constant !== null) return Object.is(constant, -0) ? "-0" : String(constant);
  if (op === "id") return args as string;
  if (op === "-_") return `-(${canonical(args as ASTNode, scope)})`;
  const parts = (args as ASTNode[]).map((of) => canonical(of, scope));
  return `(${(op === "+" || op === "*" ? parts.toSorted() : parts).join(` ${op} `)})`;
}
