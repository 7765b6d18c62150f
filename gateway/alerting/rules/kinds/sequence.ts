// Sequence: remembers of a key when and where its first step was last (pure).
import type { CompiledSequence, CompiledStep } from "../../../../contracts/rules/kinds/sequence.ts";
import type { CompiledRule } from "../../../../contracts/rules/compile-rule.ts";
import { needsOfAny } from "../../../../contracts/rules/condition-bounds.ts";
import { isKnown } from "../../../../contracts/rules/expression.ts";
import { type Moment, type ReadingKind, type Sample, momentOf, verdictOf } from "../lane-kind.ts";
import type { Verdict } from "../lifecycle.ts";

const isStep = ({ contract, when }: CompiledStep, sample: Sample): boolean =>
  contract === sample.contract &&
  isKnown(when, sample.values) &&
  when.evaluate(sample.values) === true;

export const sequence: ReadingKind<CompiledRule & CompiledSequence> = {
  needsOf: ({ first, then }, contract) =>
    needsOfAny(
      [first, then].filter((step) => step.contract === contract).map(({ when }) => when.needs),
    ),
  isAskedOfSteps: true,
  evaluateOf:
    ({ first, then, withinMs }) =>
    (sample, remembered) => {
      const { timeMs } = sample;
      const began = remembered.memory as Moment | null;
      let verdict: Verdict | null = null;
      const isFirst = isStep(first, sample);
      try {
        if (began && isStep(then, sample)) {
          const afterMs = timeMs - began.timeMs;
          if (afterMs >= 0 && afterMs <= withinMs) {
            verdict = verdictOf(true, false, afterMs, began);
            remembered.memory = null;
          }
        }
      } finally {
        // What cannot be judged as a second step may be a first one.
        if (isFirst) remembered.memory = momentOf(sample);
      }
      return verdict;
    },
};
