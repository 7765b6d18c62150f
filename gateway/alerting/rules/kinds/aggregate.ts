// Aggregate: computes from a window the statistics that its conditions look at (pure).
import {
  AGGREGATES,
  type AggregateName,
  type CompiledAggregate,
} from "../../../../contracts/rules/kinds/aggregate.ts";
import type { CompiledRule } from "../../../../contracts/rules/compile-rule.ts";
import type { SlidingWindow } from "../../windows/sliding-window.ts";
import { type ReadingKind, STATISTICS, firstNumber, judge } from "../lane-kind.ts";
import type { Verdict } from "../lifecycle.ts";

const usedBy = ({ when, clear }: CompiledAggregate): readonly AggregateName[] =>
  AGGREGATES.filter((name) => when.names.includes(name) || clear?.names.includes(name) === true);

export const aggregate: ReadingKind<CompiledRule & CompiledAggregate> = {
  windowsOf: (rule) => ({
    value: rule.value,
    where: rule.where,
    overMs: rule.overMs,
    keepMax: Number.POSITIVE_INFINITY,
    isOrdered: false,
    usesDistinct: usedBy(rule).includes("distinct"),
  }),
  outlookOf: ({ when }) => {
    return { view: STATISTICS, needs: { ...when.needs, variables: [] } };
  },
  evaluateOf: (rule) => {
    const judgeWindow = judgeOf(rule);
    return (_sample, _remembered, window) => judgeWindow(window!);
  },
  drainOf: (rule) => {
    const judgeWindow = judgeOf(rule);
    const sayNothingOfNone = usedBy(rule).some((name) => !OF_NONE.includes(name));
    return (window) => (window.size === 0 && sayNothingOfNone ? null : judgeWindow(window));
  },
};

/** Statistics that no values have, too: there are none of them. */
const OF_NONE: readonly AggregateName[] = ["count", "sum", "distinct"];

function judgeOf(rule: CompiledAggregate): (window: SlidingWindow) => Verdict {
  const used = usedBy(rule);
  // Written anew for every reading: a new record of numbers each time would cost more than the condition.
  const statistics = Object.fromEntries(AGGREGATES.map((name) => [name, 0]));
  return (window) => {
    for (let at = 0; at < used.length; at++) statistics[used[at]!] = window[used[at]!];
    return judge(rule, statistics, firstNumber(rule.when, statistics));
  };
}
