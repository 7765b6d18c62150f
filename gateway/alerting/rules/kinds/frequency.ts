// Frequency: counts the readings in a window, which needs one more than are allowed (pure).
import type { CompiledFrequency } from "../../../../contracts/rules/kinds/frequency.ts";
import type { CompiledRule } from "../../../../contracts/rules/compile-rule.ts";
import type { SlidingWindow } from "../../windows/sliding-window.ts";
import type { Term } from "../../../../contracts/rules/condition-bounds.ts";
import { type ReadingKind, STATISTICS, verdictOf } from "../lane-kind.ts";
import type { Verdict } from "../lifecycle.ts";

const COUNT: Term = { text: "count", names: ["count"], valueOf: ({ count }) => count };

export const frequency: ReadingKind<CompiledRule & CompiledFrequency> = {
  windowsOf: ({ where, overMs, moreThan }) => ({
    value: null,
    where,
    overMs,
    keepMax: moreThan + 1,
    isOrdered: false,
    usesDistinct: false,
  }),
  outlookOf: ({ moreThan }) => ({
    view: STATISTICS,
    needs: {
      alternatives: [[{ term: COUNT, from: "below", limit: moreThan + 1 }]],
      variables: [],
      isTotal: true,
    },
  }),
  evaluateOf: (rule) => (_sample, _remembered, window) => judgeSize(rule, window!),
  drainOf: (rule) => (window) => judgeSize(rule, window),
};

function judgeSize({ moreThan }: CompiledFrequency, { size }: SlidingWindow): Verdict {
  const isTooOften = size > moreThan;
  return verdictOf(isTooOften, !isTooOften, size);
}
