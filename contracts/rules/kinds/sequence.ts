// Sequence: one thing, and then another of the same key (pure).
import type { Expression } from "../expression.ts";
import type { RuleBase } from "../rule-base.ts";
import { CONTRACT, DURATION, type RuleKind, TEXT, compileProperty, ms } from "../rule-kind.ts";

interface SequenceStep {
  readonly contract: string;
  readonly when: string;
}

/** `first`, then `then` of the same key, at most `within` later. */
export interface SequenceRule extends RuleBase {
  readonly kind: "sequence";
  readonly first: SequenceStep;
  readonly then: SequenceStep;
  readonly within: string;
  /** Resolves by the lane's clock after this long without another; `within` without it. */
  readonly resolveAfter?: string;
}

export interface CompiledStep {
  readonly contract: string;
  readonly when: Expression;
}

export interface CompiledSequence {
  readonly kind: "sequence";
  readonly first: CompiledStep;
  readonly then: CompiledStep;
  readonly withinMs: number;
}

const STEP = {
  type: "object",
  additionalProperties: false,
  required: ["contract", "when"],
  properties: { contract: CONTRACT, when: TEXT },
};

const text = ({ first, then, within }: SequenceRule): string =>
  `${first.when}, then ${then.when} within ${within}`;

export const sequence: RuleKind<SequenceRule, CompiledSequence> = {
  properties: { first: STEP, then: STEP, within: DURATION, resolveAfter: DURATION },
  required: ["first", "then", "within"],
  contractsOf: ({ first, then }) => [...new Set([first.contract, then.contract])],
  says: text,
  unit: "ms",
  listed: text,
  resolveAfterMs: ({ resolveAfter, within }) => ms(resolveAfter ?? within),
  compile: (rule, { variablesOf }) => {
    const stepOf = (step: "first" | "then"): CompiledStep => {
      const { contract, when } = rule[step];
      return { contract, when: compileProperty(`/${step}/when`, when, variablesOf(contract)) };
    };
    const [first, then] = [stepOf("first"), stepOf("then")];
    return { kind: rule.kind, first, then, withinMs: ms(rule.within) };
  },
  expressionsOf: ({ first, then }) => [first.when, then.when],
};
