// Composite: a condition over the newest readings of several contracts with the same key (pure).
import type { Durations, RuleBase } from "../rule-base.ts";
import {
  CONTRACT,
  type Conditions,
  DURATION,
  DURATIONS,
  type RuleKind,
  TEXT,
  compileConditions,
  ms,
  present,
} from "../rule-kind.ts";

/** A condition over the newest readings of several contracts with the same key, by alias. */
export interface CompositeRule extends RuleBase, Durations {
  readonly kind: "composite";
  /** Alias in the condition (`room.co2`) to contract. */
  readonly contracts: Readonly<Record<string, string>>;
  readonly when: string;
  /** A reading older than this beside the newest one counts as unknown. */
  readonly within?: string;
}

export interface CompiledComposite extends Conditions {
  readonly kind: "composite";
  readonly aliases: Readonly<Record<string, string>>;
  readonly withinMs: number | null;
}

export const composite: RuleKind<CompositeRule, CompiledComposite> = {
  properties: {
    contracts: {
      type: "object",
      minProperties: 2,
      maxProperties: 10,
      propertyNames: { format: "alias" },
      additionalProperties: CONTRACT,
    },
    when: TEXT,
    within: DURATION,
    ...DURATIONS,
  },
  required: ["contracts", "when"],
  contractsOf: ({ contracts }) => [...new Set(Object.values(contracts))],
  says: ({ when }) => when,
  listed: ({ when }) => when,
  resolveAfterMs: () => null,
  compile: (rule, { variablesOf }) => {
    const aliases = Object.entries(rule.contracts);
    const known = aliases.map(([alias, contract]) => [alias, variablesOf(contract)] as const);
    return {
      kind: rule.kind,
      aliases: rule.contracts,
      withinMs: rule.within === undefined ? null : ms(rule.within),
      ...compileConditions(rule, Object.fromEntries(known)),
    };
  },
  expressionsOf: ({ when, clear }) => present(when, clear),
};
