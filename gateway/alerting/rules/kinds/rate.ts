// Rate: looks at the first and the last value of a window of readings in order (pure).
import type { CompiledRate } from "../../../../contracts/rules/kinds/rate.ts";
import type { CompiledRule } from "../../../../contracts/rules/compile-rule.ts";
import { type Expression, isKnown } from "../../../../contracts/rules/expression.ts";
import { type ReadingKind, judge } from "../lane-kind.ts";

export const rate: ReadingKind<CompiledRule & CompiledRate> = {
  // A change between readings that came in the wrong order is none that happened.
  windowsOf: ({ value, where, overMs }) => ({
    value,
    where,
    isOrdered: true,
    usesDistinct: false,
    ...(overMs === null
      ? { overMs: Number.POSITIVE_INFINITY, keepMax: 2 }
      : { overMs, keepMax: Number.POSITIVE_INFINITY }),
  }),
  evaluateOf: (rule) => {
    const { when, clear, perMs } = rule;
    const isRateOnly = looksAtRateOnly(when) && (clear === null || looksAtRateOnly(clear));
    // Written anew for every reading; conditions that look at more than the rate get a copy of the reading.
    const rateOnly = { rate: 0 };
    return ({ values }, _, window) => {
      const tookMs = window!.newestMs - window!.oldestMs;
      if (tookMs === 0) return null;
      const change = (window!.newest as number) - (window!.oldest as number);
      const rate = (rateOnly.rate = (change / tookMs) * perMs);
      const context = isRateOnly ? rateOnly : { ...values, rate };
      return isKnown(when, context) ? judge(rule, context, rate) : null;
    };
  },
};

const looksAtRateOnly = ({ names }: Expression): boolean => names.every((name) => name === "rate");
