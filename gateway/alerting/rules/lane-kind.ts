// What a kind of rule does in a lane, and what the kinds do it with (pure). One file in kinds/ is one kind;
// kinds/table.ts gathers them. The slow definitions that they are held against are in
// test/support/reference-kinds.ts.
//
// K1. What an evaluation works with belongs to one rule in one lane; no module keeps any of it, and a
//     verdict is a value of its own.
import type { Needs } from "../../../contracts/rules/condition-bounds.ts";
import type { CompiledRule } from "../../../contracts/rules/compile-rule.ts";
import { type Expression, isKnown } from "../../../contracts/rules/expression.ts";
import type { Conditions } from "../../../contracts/rules/rule-kind.ts";
import type { WindowSpec } from "../windows/shared-windows.ts";
import type { SlidingWindow } from "../windows/sliding-window.ts";
import type { LogPlace, Verdict } from "./lifecycle.ts";

export type Values = Readonly<Record<string, unknown>>;

/** One reading, as rules see it. */
/** The moment of a reading: when and where it was. It is never changed, so that all rules that remember it share one. */
export interface Moment {
  readonly timeMs: number;
  readonly place: LogPlace;
}

export interface Sample {
  /** Text of the series by which the rule goes that looks at it. */
  key: string;
  readonly contract: string;
  /** Its payload, and `device` where a rule looks at it. */
  readonly values: Values;
  /** Event time, never later than the arrival: a device's clock cannot be ahead of the gateway's. */
  readonly timeMs: number;
  readonly receivedAtMs: number;
  /** The lane's attended time when it arrived. */
  readonly arrivedAt: number;
  readonly place: LogPlace;
  /** Made when the first rule remembers it (`momentOf`). */
  moment: Moment | null;
}

/** The moment of a reading: the same object for every rule. */
export const momentOf = (sample: Sample): Moment =>
  (sample.moment ??= { timeMs: sample.timeMs, place: sample.place });

/** The memory of a rule about a key, beside its life. */
export interface Remembered {
  /** Any JSON-able value that the kind makes: a snapshot keeps it as it is. Null: nothing. */
  memory: object | null;
}

/**
 * The verdict on one reading; null if the reading says nothing about the rule.
 * @param remembered the key's; changed in place.
 * @param window the key's, with the reading in it; null for rules without windows.
 */
export type Evaluate = (
  sample: Sample,
  remembered: Remembered,
  window: SlidingWindow | null,
) => Verdict | null;

/** The time that a key may be silent, and its device without a connection, in the lane's attended time. */
export interface Waits {
  readonly silentMs: number;
  /** Null: a lost connection does not matter. */
  readonly lostMs: number | null;
}

/** A view of a window, the same for all rules that see the same of it. */
export interface WindowView {
  /** The same for views that see the same. */
  readonly id: string;
  /** The values that conditions are asked with, until the next call; null if there are none to ask about. */
  readonly valuesOf: (window: SlidingWindow) => Values | null;
}

/** Every window has a property for each statistic, which is computed when it is asked for. */
export const STATISTICS: WindowView = {
  id: "statistics",
  valuesOf: (window) => window as unknown as Values,
};

/** The view that a rule has of its windows, and what it needs to have for the rule to fire. */
export interface Outlook {
  readonly view: WindowView;
  readonly needs: Needs;
}

/** A kind that readings decide. */
export interface ReadingKind<R extends CompiledRule = CompiledRule> {
  evaluateOf(rule: R): Evaluate;
  /** The verdict on a key's window that moved on without a reading, and may be empty; null for no word. */
  drainOf?(rule: R): (window: SlidingWindow) => Verdict | null;
  /** The values that its windows hold. Rules that say the same and begin together share their windows. */
  windowsOf?(rule: R): WindowSpec;
  /**
   * What a reading of a contract needs for the rule to say or remember anything of a key that it remembers
   * nothing of, beside its `where`; without it every reading may.
   */
  needsOf?(rule: R, contract: string): Needs;
  /**
   * True if a reading without these needs says nothing about a key without an alert either, whatever is remembered of it.
   */
  readonly isAskedOfSteps?: true;
  /** The same for a kind with windows, of a key's window that the reading is in; null if every reading may. */
  outlookOf?(rule: R): Outlook | null;
  /** The condition by itself, for a kind that needs to know no more of a key without an alert. */
  conditionOf?(rule: R): (values: Values) => boolean;
}

/** A kind that fires by the lane's clock, when a key that was there is missed. */
export interface WaitingKind<R extends CompiledRule = CompiledRule> {
  waitsOf(rule: R): Waits;
}

export type LaneKind<R extends CompiledRule> = ReadingKind<R> | WaitingKind<R>;

/** An alert of this condition fires, and ends with what follows. */
export const verdictOf = (
  holds: boolean,
  cleared: boolean,
  value: number,
  began: Verdict["began"] = null,
): Verdict => ({ holds, cleared, value, began });

/** The verdict of two conditions over the same values. */
export function judge({ when, clear }: Conditions, values: Values, value: number): Verdict {
  const holds = when.evaluate(values) === true;
  if (holds || clear === null) return verdictOf(holds, !holds, value);
  return verdictOf(false, isKnown(clear, values) && clear.evaluate(values) === true, value);
}

/** True for a reading that is one for a rule with this `where`. */
export const passes = (where: Expression | null, values: Values): boolean =>
  where === null || (isKnown(where, values) && where.evaluate(values) === true);

/** The first number that a condition looks at, for people. */
export function firstNumber({ names }: Expression, values: Values): number {
  for (const name of names) {
    const value = values[name];
    if (typeof value === "number") return value;
  }
  return 0;
}
