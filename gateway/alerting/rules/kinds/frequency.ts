// Frequency: counts the readings in a window, which needs one more than are allowed (pure).
import type { CompiledFrequency } from "../../../../contracts/rules/kinds/frequency.ts";
import type { CompiledRule } from "../../../../contracts/rules/compile-rule.ts";
import { type ReadingKind, verdictOf } from "../lane-kind.ts";

export const frequency: ReadingKind<CompiledRule & CompiledFrequency> = {
  windowsOf: ({ where, overMs, moreThan }) => ({
    value: null,
    where,
    overMs,
    keepMax: moreThan + 1,
    isOrdered: false,
    usesDistinct: false,
  }),
  evaluateOf:
    ({ moreThan }) =>
    (_sample, _remembered, window) => {
      const { size } = window!;
      const isTooOften = size > moreThan;
      return verdictOf(isTooOften, !isTooOften, size);
    },
};
