// Aggregate: a condition over statistics of a sliding window (pure).
import type { Expression } from "../expression.ts";
import { type Durations, type RuleBase, RuleError } from "../rule-base.ts";
import {
  CONTRACT,
  type Conditions,
  DURATION,
  DURATIONS,
  type RuleKind,
  TEXT,
  compileConditions,
  compileProperty,
  ms,
  positiveMs,
  present,
} from "../rule-kind.ts";

/** A condition over the last `over` of a value, sliding: count, sum, avg, min, max, distinct, stddev. */
export interface AggregateRule extends RuleBase, Durations {
  readonly kind: "aggregate";
  readonly contract: string;
  /** CEL; a number, or for `count` and `distinct` anything. */
  readonly value: string;
  /** CEL; readings for which it is false are not in the window. */
  readonly where?: string;
  readonly over: string;
  readonly having: string;
  /** Resolves by the lane's clock after this long without a reading for which it holds; `over` without it. */
  readonly resolveAfter?: string;
}

/** `when` is the rule's `having`. */
export interface CompiledAggregate extends Conditions {
  readonly kind: "aggregate";
  readonly value: Expression;
  readonly overMs: number;
}

/** The variables of `having`. */
export const AGGREGATES = ["count", "sum", "avg", "min", "max", "distinct", "stddev"] as const;
export type AggregateName = (typeof AGGREGATES)[number];
const OF_NUMBERS_ONLY: readonly string[] = ["sum", "avg", "min", "max", "stddev"];

export const aggregate: RuleKind<AggregateRule, CompiledAggregate> = {
  properties: {
    contract: CONTRACT,
    value: TEXT,
    over: DURATION,
    having: TEXT,
    resolveAfter: DURATION,
    ...DURATIONS,
  },
  required: ["contract", "value", "over", "having"],
  contractsOf: ({ contract }) => [contract],
  says: ({ having, value, over }) => `${having}, ${value} over ${over}`,
  listed: ({ having, value, over }) => `${having}, of ${value} over ${over}`,
  resolveAfterMs: ({ resolveAfter, over }) => ms(resolveAfter ?? over),
  compile: (rule, { variablesOf }) => {
    const known = variablesOf(rule.contract);
    const value = compileProperty("/value", rule.value, known, ["double", "string", "bool"]);
    const statistics = Object.fromEntries(AGGREGATES.map((name) => [name, "double" as const]));
    const conditions = compileConditions({ ...rule, when: rule.having }, statistics, "/having");
    const used = [...conditions.when.names, ...(conditions.clear?.names ?? [])];
    const wrong = used.find((name) => OF_NUMBERS_ONLY.includes(name));
    if (value.type !== "double" && wrong !== undefined)
      throw new RuleError(`/having: ${wrong} needs a number, and ${rule.value} is a ${value.type}`);
    return { kind: rule.kind, value, overMs: positiveMs("/over", rule.over), ...conditions };
  },
  // Its conditions look at statistics, not at readings.
  expressionsOf: ({ value }) => present(value),
};
