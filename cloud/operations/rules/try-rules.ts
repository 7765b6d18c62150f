// What rules would have raised over recorded data, and what that changes.
import type { Alert } from "../../../contracts/messages/alert.ts";
import type { Rule } from "../../../contracts/rules/rule.ts";
import type { Catalog } from "../../../contracts/schema/catalog.ts";
import { refused } from "../refused.ts";
import { type Recording, alertsOver, compareAlerts } from "./recordings.ts";
import { problemOf } from "./store.ts";

/** Readings that rules are run over, and what that is done with. */
export interface Material {
  readonly recordings: readonly Recording[];
  readonly catalog: Catalog;
}

export interface Trial {
  /** Every step of every alert of the wanted rules. */
  readonly alerts: readonly Alert[];
  readonly readings: number;
  /** Readings that came late and were evaluated apart. */
  readonly late: number;
}

/** @throws AppError `CONFIG_INVALID` naming a rule that cannot be evaluated. */
export function tryRules({ recordings, catalog }: Material, wanted: readonly Rule[]): Trial {
  for (const rule of wanted) {
    const why = problemOf(rule, catalog);
    if (why !== null) throw refused(`rule "${rule.id}": ${why}`);
  }
  const readings = recordings
    .flatMap(({ frames }) => frames)
    .reduce((sum, frame) => sum + frame.readings.length, 0);
  return { ...alertsOver(recordings, wanted, catalog), readings };
}

/** Alerts raised with the wanted rules in the place of those of their ids, and not without them; and the reverse. */
export function changeBy(
  { recordings, catalog }: Material,
  current: readonly Rule[],
  wanted: readonly Rule[],
): { gained: Alert[]; lost: Alert[] } {
  const ids = new Set(wanted.map(({ id }) => id));
  const untouched = current.filter(({ id }) => !ids.has(id));
  const over = (rules: readonly Rule[]): Alert[] => alertsOver(recordings, rules, catalog).alerts;
  return compareAlerts(over(current), over([...wanted, ...untouched]));
}
