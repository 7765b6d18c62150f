// What one reading says about one rule, kind by kind (pure). Each takes what the rule remembers of the
// key and changes it in place, or the window that the reading is in already; null means that the reading
// says nothing about the rule.
//
// The slow definitions that these are held against are in test/support/reference-evaluator.ts.
import type { CompiledRule } from "../../../contracts/rules/compile-rule.ts";
import { AGGREGATES } from "../../../contracts/rules/kinds/aggregate.ts";
import { type Expression, isKnown } from "../../../contracts/rules/expression.ts";
import type { LogPlace, Verdict } from "./lifecycle.ts";
import type { SlidingWindow } from "../windows/sliding-window.ts";

type Values = Readonly<Record<string, unknown>>;

/** One reading, as rules see it. */
export interface Sample {
  readonly contract: string;
  /** Its payload, and `device`. */
  readonly values: Values;
  /** Event time, never later than the arrival: a device's clock cannot be ahead of the gateway's. */
  readonly timeMs: number;
  readonly place: LogPlace;
}

type Kind<K extends CompiledRule["kind"]> = Extract<CompiledRule, { kind: K }>;

/** The newest reading of each alias that a composite rule looks at. */
export type Joined = Record<string, { readonly timeMs: number; readonly values: Values }>;
export interface FirstStep {
  timeMs: number;
  place: LogPlace;
}

/** What a rule remembers of a key beside its life. */
export type Memory = Joined | FirstStep;

export interface Remembered {
  memory: Memory | null;
}

/** One for all: a verdict is read before the next one is made. */
const verdict: Verdict = { holds: false, cleared: false, value: 0, began: null };

function say(holds: boolean, cleared: boolean, value: number): Verdict {
  verdict.holds = holds;
  verdict.cleared = cleared && !holds;
  verdict.value = value;
  verdict.began = null;
  return verdict;
}

/** Without a clear condition an alert ends when its condition no longer holds. */
function judge(
  { when, clear }: { readonly when: Expression; readonly clear: Expression | null },
  values: Values,
  value: number,
): Verdict {
  const holds = when.evaluate(values) === true;
  if (holds || clear === null) return say(holds, !holds, value);
  return say(false, isKnown(clear, values) && clear.evaluate(values) === true, value);
}

/** For people: the first number that the condition looks at. */
function firstNumber({ names }: Expression, values: Values): number {
  for (const name of names) {
    const value = values[name];
    if (typeof value === "number") return value;
  }
  return 0;
}

/** The condition by itself: all that a key without an alert has to be asked. */
export const holdsThreshold = ({ when }: Kind<"threshold">, { values }: Sample): boolean =>
  isKnown(when, values) && when.evaluate(values) === true;

function evaluateThreshold(rule: Kind<"threshold">, { values }: Sample): Verdict | null {
  if (!isKnown(rule.when, values)) return null;
  return judge(rule, values, firstNumber(rule.when, values));
}

function evaluateComposite(
  rule: Kind<"composite">,
  of: Remembered,
  { contract, values, timeMs }: Sample,
): Verdict | null {
  const joined = (of.memory ??= {}) as Joined;
  const members = [...rule.when.members, ...(rule.clear?.members ?? [])];
  for (const [alias, name] of Object.entries(rule.aliases)) {
    if (name !== contract) continue;
    const used = members.filter(([of]) => of === alias).map(([, member]) => member);
    const kept = Object.fromEntries(
      used
        .filter((member) => values[member] !== undefined && values[member] !== null)
        .map((member) => [member, values[member]]),
    );
    joined[alias] = { timeMs: timeMs, values: kept };
  }
  const context: Record<string, Values> = {};
  for (const [alias, reading] of Object.entries(joined))
    if (rule.withinMs === null || timeMs - reading.timeMs <= rule.withinMs)
      context[alias] = reading.values;
  const isComplete = (expression: Expression): boolean =>
    isKnown(expression, context) &&
    expression.members.every(([alias, member]) => context[alias]?.[member] !== undefined);
  if (!isComplete(rule.when)) return null;
  const holds = rule.when.evaluate(context) === true;
  const [alias, member] = rule.when.members[0] ?? [];
  const value = alias === undefined ? 0 : Number(context[alias]![member!]) || 0;
  if (holds || rule.clear === null) return say(holds, !holds, value);
  return say(false, isComplete(rule.clear) && rule.clear.evaluate(context) === true, value);
}

function evaluateRate(
  rule: Kind<"rate">,
  { values }: Sample,
  window: SlidingWindow,
): Verdict | null {
  const tookMs = window.newestMs - window.oldestMs;
  if (tookMs === 0) return null;
  const rate = (((window.newest as number) - (window.oldest as number)) / tookMs) * rule.perMs;
  rates.rate = rate;
  // A copy of the reading only for conditions that look at more than the rate.
  const context = looksAt(rule, "rate") ? rates : { ...values, rate };
  return isKnown(rule.when, context) ? judge(rule, context, rate) : null;
}

/** One for all, as the verdict is. */
const rates = { rate: 0 };

/** True if the conditions look at this variable and no other. */
const looksAt = ({ when, clear }: Kind<"rate">, name: string): boolean =>
  isOnly(when, name) && (clear === null || isOnly(clear, name));

const isOnly = ({ names }: Expression, name: string): boolean => {
  for (let at = 0; at < names.length; at++) if (names[at] !== name) return false;
  return true;
};

function evaluateAggregate(rule: Kind<"aggregate">, window: SlidingWindow): Verdict {
  const { when, clear } = rule;
  for (let at = 0; at < when.names.length; at++)
    aggregates[when.names[at]!] = aggregateOf(window, when.names[at]!);
  if (clear) for (const name of clear.names) aggregates[name] = aggregateOf(window, name);
  return judge(rule, aggregates, firstNumber(when, aggregates));
}

/** One for all, as the verdict is: a condition has looked at it before the next one is evaluated. */
const aggregates: Record<string, number> = Object.fromEntries(AGGREGATES.map((name) => [name, 0]));

function aggregateOf(window: SlidingWindow, name: string): number {
  switch (name) {
    case "count":
      return window.size;
    case "avg":
      return window.sum / window.size;
    case "sum":
    case "min":
    case "max":
    case "distinct":
    case "stddev":
      return window[name];
    default:
      throw new Error(`there is no aggregate ${name}`);
  }
}

function evaluateFrequency({ moreThan }: Kind<"frequency">, { size }: SlidingWindow): Verdict {
  const isTooOften = size > moreThan;
  return say(isTooOften, !isTooOften, size);
}

function evaluateSequence(
  rule: Kind<"sequence">,
  of: Remembered,
  { contract, values, timeMs, place }: Sample,
): Verdict | null {
  const is = (step: { contract: string; when: Expression }): boolean =>
    step.contract === contract && isKnown(step.when, values) && step.when.evaluate(values) === true;
  const first = of.memory as FirstStep | null;
  let answer: Verdict | null = null;
  if (first && is(rule.then)) {
    const afterMs = timeMs - first.timeMs;
    if (afterMs >= 0 && afterMs <= rule.withinMs) {
      answer = say(true, false, afterMs);
      answer.began = first;
      of.memory = null;
    }
  }
  if (is(rule.first)) of.memory = { timeMs: timeMs, place };
  return answer;
}

/**
 * @param rule of any kind but absence, which no reading decides.
 * @param window with the reading in it; null for rules that look at none.
 */
export function evaluateReading(
  rule: CompiledRule,
  of: Remembered,
  sample: Sample,
  window: SlidingWindow | null,
): Verdict | null {
  switch (rule.kind) {
    case "threshold":
      return evaluateThreshold(rule, sample);
    case "composite":
      return evaluateComposite(rule, of, sample);
    case "rate":
      return evaluateRate(rule, sample, window!);
    case "aggregate":
      return evaluateAggregate(rule, window!);
    case "frequency":
      return evaluateFrequency(rule, window!);
    case "sequence":
      return evaluateSequence(rule, of, sample);
    case "absence":
      return null;
  }
}

/** True if one of the rule's expressions is about who sent the reading. */
export const usesDevice = (rule: CompiledRule): boolean =>
  expressionsOf(rule).some(
    ({ names, members }) =>
      names.includes("device") || members.some(([, member]) => member === "device"),
  );

function expressionsOf(rule: CompiledRule): Expression[] {
  switch (rule.kind) {
    case "threshold":
    case "composite":
      return present(rule.when, rule.clear);
    case "rate":
      return present(rule.value, rule.when, rule.clear);
    case "aggregate":
      return present(rule.value, rule.where);
    case "frequency":
      return present(rule.where);
    case "sequence":
      return [rule.first.when, rule.then.when];
    case "absence":
      return [];
  }
}

const present = (...expressions: (Expression | null)[]): Expression[] =>
  expressions.filter((expression) => expression !== null);
