// Rate: how fast a value changes (pure).
import type { Expression } from "../expression.ts";
import type { Durations, RuleBase } from "../rule-base.ts";
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

/** The speed at which a value changes: `rate` in the condition is its change per `per`. */
export interface RateRule extends RuleBase, Durations {
  readonly kind: "rate";
  readonly contract: string;
  /** CEL, a number. */
  readonly value: string;
  /** The unit of time of `rate`: `1m`. */
  readonly per: string;
  /** Compared with the oldest reading that is at most this old; without it, with the one before. */
  readonly over?: string;
  readonly when: string;
}

export interface CompiledRate extends Conditions {
  readonly kind: "rate";
  readonly value: Expression;
  readonly perMs: number;
  readonly overMs: number | null;
}

export const rate: RuleKind<RateRule, CompiledRate> = {
  properties: {
    contract: CONTRACT,
    value: TEXT,
    per: DURATION,
    over: DURATION,
    when: TEXT,
    ...DURATIONS,
  },
  required: ["contract", "value", "per", "when"],
  contractsOf: ({ contract }) => [contract],
  says: ({ when, value, per }) => `${when}, ${value} per ${per}`,
  listed: ({ when, value, per }) => `${when}, of ${value} per ${per}`,
  resolveAfterMs: () => null,
  compile: (rule, { variablesOf }) => {
    const known = variablesOf(rule.contract);
    return {
      kind: rule.kind,
      value: compileProperty("/value", rule.value, known, ["double"]),
      perMs: positiveMs("/per", rule.per),
      overMs: rule.over === undefined ? null : ms(rule.over),
      ...compileConditions(rule, { ...known, rate: "double" }),
    };
  },
  expressionsOf: ({ value, when, clear }) => present(value, when, clear),
};
