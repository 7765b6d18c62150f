// Every kind of rule (pure). A new one is a file beside this one and its three places here; the compiler
// names the one that is missing, and gateway/alerting/rules/kinds/table.ts as the next file.
import type { RuleKind } from "../rule-kind.ts";
import { type AbsenceRule, type CompiledAbsence, absence } from "./absence.ts";
import { type AggregateRule, type CompiledAggregate, aggregate } from "./aggregate.ts";
import { type CompiledComposite, type CompositeRule, composite } from "./composite.ts";
import { type CompiledFrequency, type FrequencyRule, frequency } from "./frequency.ts";
import { type CompiledRate, type RateRule, rate } from "./rate.ts";
import { type CompiledSequence, type SequenceRule, sequence } from "./sequence.ts";
import { type CompiledThreshold, type ThresholdRule, threshold } from "./threshold.ts";

export type RuleOfAnyKind =
  | ThresholdRule
  | CompositeRule
  | RateRule
  | AggregateRule
  | FrequencyRule
  | AbsenceRule
  | SequenceRule;

export type CompiledOfAnyKind =
  | CompiledThreshold
  | CompiledComposite
  | CompiledRate
  | CompiledAggregate
  | CompiledFrequency
  | CompiledAbsence
  | CompiledSequence;

type KindName = RuleOfAnyKind["kind"];
type OfKind<Union, K extends KindName> = Extract<Union, { readonly kind: K }>;

/** All kinds, in the order in which a message lists them. */
export const RULE_KINDS = {
  threshold,
  composite,
  rate,
  aggregate,
  frequency,
  absence,
  sequence,
} satisfies { [K in KindName]: RuleKind<OfKind<RuleOfAnyKind, K>, OfKind<CompiledOfAnyKind, K>> };

export const ruleKindOf = ({
  kind,
}: {
  readonly kind: KindName;
}): RuleKind<RuleOfAnyKind, CompiledOfAnyKind> => RULE_KINDS[kind];
