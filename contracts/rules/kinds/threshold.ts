// Threshold: a condition over the fields of one reading (pure).
import type { Durations, RuleBase } from "../rule-base.ts";
import {
  CONTRACT,
  type Conditions,
  DURATIONS,
  type RuleKind,
  TEXT,
  compileConditions,
  present,
} from "../rule-kind.ts";

/** Fires while a condition over the fields of one reading holds. */
export interface ThresholdRule extends RuleBase, Durations {
  readonly kind: "threshold";
  readonly contract: string;
  readonly when: string;
}

export interface CompiledThreshold extends Conditions {
  readonly kind: "threshold";
}

export const threshold: RuleKind<ThresholdRule, CompiledThreshold> = {
  properties: { contract: CONTRACT, when: TEXT, ...DURATIONS },
  required: ["contract", "when"],
  contractsOf: ({ contract }) => [contract],
  says: ({ when }) => when,
  listed: ({ when }) => when,
  resolveAfterMs: () => null,
  compile: (rule, { variablesOf }) => ({
    kind: rule.kind,
    ...compileConditions(rule, variablesOf(rule.contract)),
  }),
  expressionsOf: ({ when, clear }) => present(when, clear),
};
