// Threshold: nothing is remembered of a key but its life (pure).
import type { CompiledThreshold } from "../../../../contracts/rules/kinds/threshold.ts";
import type { CompiledRule } from "../../../../contracts/rules/compile-rule.ts";
import { isKnown } from "../../../../contracts/rules/expression.ts";
import { type ReadingKind, firstNumber, judge } from "../lane-kind.ts";

export const threshold: ReadingKind<CompiledRule & CompiledThreshold> = {
  evaluateOf:
    (rule) =>
    ({ values }) =>
      isKnown(rule.when, values) ? judge(rule, values, firstNumber(rule.when, values)) : null,
  needsOf: ({ when }) => when.needs,
  conditionOf: (rule) => (values) =>
    isKnown(rule.when, values) && rule.when.evaluate(values) === true,
};
