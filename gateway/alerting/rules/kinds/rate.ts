// Rate: looks at the first and the last value of a window of readings in order (pure).
import type { CompiledRate } from "../../../../contracts/rules/kinds/rate.ts";
import type { CompiledRule } from "../../../../contracts/rules/compile-rule.ts";
import { type Expression, isKnown } from "../../../../contracts/rules/expression.ts";
import type { SlidingWindow } from "../../windows/sliding-window.ts";
import { type ReadingKind, type Values, judge } from "../lane-kind.ts";

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
  outlookOf: ({ when, perMs }) => {
    const { needs } = when;
    if (!looksAtRateOnly(when)) return null;
    const values = { rate: 0 };
    const valuesOf = (window: SlidingWindow): Values | null => {
      const rate = rateOf(window, perMs);
      if (rate === null) return null;
      values.rate = rate;
      return values;
    };
    return { view: { id: `rate ${perMs}`, valuesOf }, needs };
  },
  evaluateOf: (rule) => {
    const { when, clear, perMs } = rule;
    const isRateOnly = looksAtRateOnly(when) && (clear === null || looksAtRateOnly(clear));
    // Written anew for every reading; conditions that look at more than the rate get a copy of the reading.
    const rateOnly = { rate: 0 };
    return ({ values }, _, window) => {
      const rate = rateOf(window!, perMs);
      if (rate === null) return null;
      rateOnly.rate = rate;
      const context = isRateOnly ? rateOnly : { ...values, rate };
      return isKnown(when, context) ? judge(rule, context, rate) : null;
    };
  },
};

/** Null between readings of one moment. */
function rateOf(
  { newestMs, oldestMs, newest, oldest }: SlidingWindow,
  perMs: number,
): number | null {
  const tookMs = newestMs - oldestMs;
  return tookMs === 0 ? null : (((newest as number) - (oldest as number)) / tookMs) * perMs;
}

const looksAtRateOnly = ({ names }: Expression): boolean => names.every((name) => name === "rate");
