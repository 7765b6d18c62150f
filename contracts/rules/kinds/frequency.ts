// Frequency: how often readings come (pure).
import type { RuleBase } from "../rule-base.ts";
import { CONTRACT, DURATION, type RuleKind, ms, positiveMs } from "../rule-kind.ts";

/** More than `moreThan` readings of a key within `over`, truly sliding. */
export interface FrequencyRule extends RuleBase {
  readonly kind: "frequency";
  readonly contract: string;
  /** CEL; readings for which it is false are not counted. */
  readonly where?: string;
  readonly over: string;
  readonly moreThan: number;
  /** Resolves by the lane's clock after this long without one too many; `over` without it. */
  readonly resolveAfter?: string;
}

export interface CompiledFrequency {
  readonly kind: "frequency";
  readonly overMs: number;
  readonly moreThan: number;
}

const listed = ({ moreThan, over }: FrequencyRule): string =>
  `more than ${moreThan} within ${over}`;

export const frequency: RuleKind<FrequencyRule, CompiledFrequency> = {
  properties: {
    contract: CONTRACT,
    over: DURATION,
    moreThan: { type: "integer", minimum: 1, maximum: 10_000 },
    resolveAfter: DURATION,
  },
  required: ["contract", "over", "moreThan"],
  contractsOf: ({ contract }) => [contract],
  says: (rule) => (rule.where === undefined ? listed(rule) : `${listed(rule)}: ${rule.where}`),
  listed,
  resolveAfterMs: ({ resolveAfter, over }) => ms(resolveAfter ?? over),
  compile: (rule) => ({
    kind: rule.kind,
    overMs: positiveMs("/over", rule.over),
    moreThan: rule.moreThan,
  }),
  expressionsOf: () => [],
};
