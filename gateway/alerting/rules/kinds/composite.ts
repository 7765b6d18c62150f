// Composite: remembers of a key the newest reading of each alias, as far as the conditions look at it (pure).
import type { CompiledComposite } from "../../../../contracts/rules/kinds/composite.ts";
import type { CompiledRule } from "../../../../contracts/rules/compile-rule.ts";
import { type Expression, isKnown } from "../../../../contracts/rules/expression.ts";
import { type ReadingKind, type Values, verdictOf } from "../lane-kind.ts";

/** The newest reading of each alias. */
type Joined = Record<string, { readonly timeMs: number; readonly values: Values }>;

export const composite: ReadingKind<CompiledRule & CompiledComposite> = {
  evaluateOf: (rule) => {
    const { when, clear, withinMs } = rule;
    const members = [...when.members, ...(clear?.members ?? [])];
    const aliases = Object.entries(rule.aliases).map(([alias, contract]) => {
      const used = members.filter(([of]) => of === alias).map(([, member]) => member);
      return { alias, contract, used };
    });
    return ({ contract, values, timeMs }, remembered) => {
      const joined = (remembered.memory ??= {}) as Joined;
      for (const { alias, contract: ofAlias, used } of aliases)
        if (ofAlias === contract) joined[alias] = { timeMs, values: presentIn(values, used) };
      const context: Record<string, Values> = {};
      for (const [alias, reading] of Object.entries(joined))
        if (withinMs === null || timeMs - reading.timeMs <= withinMs)
          context[alias] = reading.values;
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

/** Those of the members that a reading has. */
const presentIn = (values: Values, members: readonly string[]): Values =>
  Object.fromEntries(
    members
      .filter((member) => values[member] !== undefined && values[member] !== null)
      .map((member) => [member, values[member]]),
  );

const isComplete = (expression: Expression, context: Readonly<Record<string, Values>>): boolean =>
  isKnown(expression, context) &&
  expression.members.every(([alias, member]) => context[alias]?.[member] !== undefined);
