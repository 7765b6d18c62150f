// Composite: remembers of a key the value of each member that came last, as far as the conditions look at it
// (pure). Rules follow arrival: a reading that was overtaken on its way counts when it comes.
//
// Devices send what changed: a reading that lacks a member says nothing about it, and its value stays, with
// the age that it has.
import type { CompiledComposite } from "../../../../contracts/rules/kinds/composite.ts";
import type { CompiledRule } from "../../../../contracts/rules/compile-rule.ts";
import { ANYTHING, needsOfAny } from "../../../../contracts/rules/condition-bounds.ts";
import { type Expression, isKnown } from "../../../../contracts/rules/expression.ts";
import { type ReadingKind, type Values, passes, verdictOf } from "../lane-kind.ts";

interface Known {
  readonly timeMs: number;
  readonly value: unknown;
}

/** Values by alias and member. */
type Joined = Record<string, Record<string, Known>>;

/** Memory of an earlier program: the newest reading of each alias. */
type JoinedReadings = Record<string, { readonly timeMs: number; readonly values: Values }>;

export const composite: ReadingKind<CompiledRule & CompiledComposite> = {
  // What passes for an alias is remembered.
  needsOf: ({ aliases, whereOf }, contract) =>
    needsOfAny(
      Object.entries(aliases)
        .filter(([, of]) => of === contract)
        .map(([alias]) => whereOf[alias]?.needs ?? ANYTHING),
    ),
  evaluateOf: (rule) => {
    const { when, clear, whereOf, withinMs } = rule;
    const members = [...when.members, ...(clear?.members ?? [])];
    const aliases = Object.entries(rule.aliases).map(([alias, contract]) => {
      const used = new Set(members.filter(([of]) => of === alias).map(([, member]) => member));
      return { alias, contract, used: [...used], where: whereOf[alias] ?? null };
    });
    return ({ contract, values, timeMs }, remembered) => {
      // All of them are asked first: a reading that cannot be judged for one alias says nothing of any.
      const told = aliases.filter((of) => of.contract === contract && passes(of.where, values));
      if (told.length === 0) return null;
      const joined = (remembered.memory ??= {}) as Joined;
      for (const { alias, used } of told) remember((joined[alias] ??= {}), used, values, timeMs);
      const context = contextOf(joined, timeMs - (withinMs ?? Number.POSITIVE_INFINITY));
      if (!isComplete(when, context)) return null;
      const holds = when.evaluate(context) === true;
      const [alias, member] = when.members[0] ?? [];
      const value = alias === undefined ? 0 : Number(context[alias]![member!]) || 0;
      if (holds || clear === null) return verdictOf(holds, !holds, value);
      const isCleared = isComplete(clear, context) && clear.evaluate(context) === true;
      return verdictOf(false, isCleared, value);
    };
  },
};

function remember(
  known: Record<string, Known>,
  members: readonly string[],
  values: Values,
  timeMs: number,
): void {
  for (const member of members) {
    const value = values[member];
    if (value !== undefined && value !== null) known[member] = { timeMs, value };
  }
}

/** The values that are not older than a time. */
function contextOf(joined: Joined, sinceMs: number): Record<string, Record<string, unknown>> {
  const context: Record<string, Record<string, unknown>> = {};
  for (const [alias, members] of Object.entries(joined)) {
    const values: Record<string, unknown> = (context[alias] = {});
    for (const [member, { timeMs, value }] of Object.entries(members))
      if (timeMs >= sinceMs) values[member] = value;
  }
  return context;
}

const isComplete = (expression: Expression, context: Readonly<Record<string, Values>>): boolean =>
  isKnown(expression, context) &&
  expression.members.every(([alias, member]) => context[alias]?.[member] !== undefined);

/** A memory of format 2 (state/lane-snapshot.ts) as it is now. */
export function memberwise(memory: object): object {
  const readings = Object.entries(memory as JoinedReadings);
  return Object.fromEntries(
    readings.map(([alias, { timeMs, values }]) => {
      const members = Object.entries(values).map(([name, value]) => [name, { timeMs, value }]);
      return [alias, Object.fromEntries(members)];
    }),
  ) satisfies Joined;
}
