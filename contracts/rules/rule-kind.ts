// What a kind of rule has to say about itself, and what the kinds say it with (pure). One file in kinds/
// is one kind; kinds/table.ts gathers them.
import { durationMs } from "./duration.ts";
import { type Expression, ExpressionError, compileExpression } from "./expression.ts";
import { type RuleBase, RuleError } from "./rule-base.ts";
import type { ValueType, Variables } from "./variables.ts";

/** The contracts that a rule is compiled against. */
export interface CompileScope {
  /** The property that keys are values of. */
  readonly partitionKey: string;
  /** @throws RuleError if there is no such contract. */
  readonly variablesOf: (contract: string) => Readonly<Record<string, ValueType>>;
}

/**
 * @typeParam R a rule as it is written. @typeParam C what it is compiled to, beside what all rules have.
 * Members are methods, so that a kind may stand where any kind is asked for: the table picks it by the
 * rule's own `kind`.
 */
export interface RuleKind<R extends RuleBase, C> {
  /** JSON Schema of its properties beside the common ones. */
  readonly properties: object;
  /** Those of them that it cannot do without. */
  readonly required: readonly string[];
  /** The contracts that a rule reads, each once. */
  contractsOf(rule: R): readonly string[];
  /** The condition as an alert says it, where the rule has no summary. */
  says(rule: R): string;
  /** Unit of the value that decides, where the kind knows it; the readings' own is in their contract. */
  readonly unit?: string;
  /** The condition as a list of rules says it. */
  listed(rule: R): string;
  /** The alert resolves by the lane's clock so long after it last held; null: only a reading resolves it. */
  resolveAfterMs(rule: R): number | null;
  /** True if the rule goes by the partition key alone unless it says `by`; a kind without it goes by series. */
  joinsSeries?(rule: R): boolean;
  /** True if the kind compiles `where` itself; a kind without it has one expression over all its contracts. */
  readonly hasOwnWhere?: true;
  /** @throws RuleError naming the property at fault, and the position in its expression. */
  compile(rule: R, scope: CompileScope): C;
  /** Every compiled expression that looks at readings, beside the common `where`. */
  expressionsOf(compiled: C): readonly Expression[];
}

export const TEXT = { type: "string", minLength: 1, maxLength: 1_000 } as const;
export const DURATION = { type: "string", format: "duration" } as const;
export const CONTRACT = { type: "string", minLength: 1 } as const;
/** Schema of `Durations`. */
export const DURATIONS = { for: DURATION, clear: TEXT, clearFor: DURATION } as const;

const BOOL: readonly ValueType[] = ["bool"];

/** @throws RuleError naming the property at fault. */
export function compileProperty(
  property: string,
  text: string,
  variables: Variables,
  types: readonly ValueType[] = BOOL,
): Expression {
  try {
    return compileExpression(text, variables, types);
  } catch (error) {
    if (error instanceof ExpressionError) throw new RuleError(`${property}: ${error.message}`);
    throw error;
  }
}

/** Conditions of an alert's begin and end; without `clear` it ends when `when` no longer holds. */
export interface Conditions {
  readonly when: Expression;
  readonly clear: Expression | null;
}

/** @throws RuleError naming the property at fault. */
export function compileConditions(
  { when, clear }: { readonly when: string; readonly clear?: string | undefined },
  variables: Variables,
  property = "/when",
): Conditions {
  return {
    when: compileProperty(property, when, variables),
    clear: clear === undefined ? null : compileProperty("/clear", clear, variables),
  };
}

/** @param duration of a form that was checked; 0 without it. */
export const ms = (duration: string | undefined): number =>
  duration === undefined ? 0 : durationMs(duration)!;

/** @throws RuleError naming the property if it is no time at all. */
export function positiveMs(property: string, duration: string): number {
  const lengthMs = ms(duration);
  if (lengthMs <= 0) throw new RuleError(`${property} must be longer than 0`);
  return lengthMs;
}

export const present = (...expressions: readonly (Expression | null)[]): readonly Expression[] =>
  expressions.filter((expression) => expression !== null);
