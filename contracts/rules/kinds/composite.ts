// Composite: a condition over the newest readings of several contracts with the same key (pure).
import type { Expression } from "../expression.ts";
import { type Durations, type RuleBase, RuleError } from "../rule-base.ts";
import {
  CONTRACT,
  type CompileScope,
  type Conditions,
  DURATION,
  DURATIONS,
  type RuleKind,
  TEXT,
  compileConditions,
  compileProperty,
  ms,
  present,
} from "../rule-kind.ts";

/** A condition over the newest readings of several contracts with the same key, by alias. */
export interface CompositeRule extends RuleBase, Durations {
  readonly kind: "composite";
  /** Alias in the condition (`room.co2`) to contract. */
  readonly contracts: Readonly<Record<string, string>>;
  readonly when: string;
  /** CEL over each contract, or by alias: a reading for which it is false says nothing of that alias. */
  readonly where?: string | Readonly<Record<string, string>>;
  /** A reading older than this beside the newest one counts as unknown. */
  readonly within?: string;
}

export interface CompiledComposite extends Conditions {
  readonly kind: "composite";
  readonly aliases: Readonly<Record<string, string>>;
  /** Filters by alias; an alias without one takes every reading of its contract. */
  readonly whereOf: Readonly<Record<string, Expression>>;
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
    where: {
      anyOf: [TEXT, { type: "object", minProperties: 1, additionalProperties: TEXT }],
    },
    within: DURATION,
    ...DURATIONS,
  },
  required: ["contracts", "when"],
  contractsOf: ({ contracts }) => [...new Set(Object.values(contracts))],
  says: ({ when }) => when,
  listed: ({ when }) => when,
  resolveAfterMs: () => null,
  joinsSeries: () => true,
  hasOwnWhere: true,
  compile: (rule, { variablesOf }) => {
    const aliases = Object.entries(rule.contracts);
    const known = aliases.map(([alias, contract]) => [alias, variablesOf(contract)] as const);
    return {
      kind: rule.kind,
      aliases: rule.contracts,
      whereOf: wheresOf(rule, variablesOf),
      withinMs: rule.within === undefined ? null : ms(rule.within),
      ...compileConditions(rule, Object.fromEntries(known)),
    };
  },
  expressionsOf: ({ when, clear, whereOf }) => [...present(when, clear), ...Object.values(whereOf)],
};

/** @throws RuleError naming the alias. */
function wheresOf(
  { contracts, where = {} }: CompositeRule,
  variablesOf: CompileScope["variablesOf"],
): Record<string, Expression> {
  const aliases = Object.keys(contracts);
  const byAlias =
    typeof where === "string" ? Object.fromEntries(aliases.map((alias) => [alias, where])) : where;
  const compiled = Object.entries(byAlias).map(([alias, text]) => {
    const contract = contracts[alias];
    if (contract === undefined)
      throw new RuleError(
        `/where/${alias} is none of the aliases in /contracts: ${aliases.join(", ")}`,
      );
    const property = typeof where === "string" ? "/where" : `/where/${alias}`;
    return [alias, compileProperty(property, text, variablesOf(contract))] as const;
  });
  return Object.fromEntries(compiled);
}
