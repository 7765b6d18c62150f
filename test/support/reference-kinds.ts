// Each kind of rule as plainly as it can be said, without a thought for speed: everything is looked up anew
// in what the lane held until then. Expressions are the engine's, which have tests of their own.
import type { CompiledRule } from "../../contracts/rules/compile-rule.ts";
import { type Expression, isKnown } from "../../contracts/rules/expression.ts";

/** A place in the log. */
export interface Place {
  readonly seq: number;
  readonly index: number;
}

/** A reading that counts: no repeat. */
export interface Entry extends Place {
  readonly contract: string;
  readonly timeMs: number;
  /** How long after that it arrived. */
  readonly lateMs: number;
  /** The lane's attended time when it arrived. */
  readonly arrivedAt: number;
  readonly values: Record<string, unknown>;
  readonly attended: number;
}

/** The word of a key's newest reading on a rule. */
export interface Said {
  readonly holds: boolean;
  readonly cleared: boolean;
  /** The reading with which the condition began. */
  readonly began: Entry;
  /** True if no reading before this one counts for the next alert. */
  readonly isSpent?: boolean;
}

type Define<R> = (rule: R, history: readonly Entry[], spent: Entry | null) => Said | null;

const truth = (expression: Expression | null, values: Record<string, unknown>): boolean =>
  expression === null || (isKnown(expression, values) && expression.evaluate(values) === true);

/** False for what throws, too: it says nothing. */
const surely = (of: () => boolean): boolean => {
  try {
    return of();
  } catch {
    return false;
  }
};

interface Conditions {
  readonly when: Expression;
  readonly clear: Expression | null;
}

function judge({ when, clear }: Conditions, values: Record<string, unknown>, began: Entry): Said {
  const holds = truth(when, values);
  return { began, holds, cleared: !holds && (clear === null || truth(clear, values)) };
}

/** Which readings are in a rule's window. */
const countsOf =
  ({
    value = null,
    where,
  }: {
    readonly value?: Expression | null;
    readonly where: Expression | null;
  }): ((entry: Entry) => boolean) =>
  ({ values }) =>
    surely(
      () =>
        (value === null || isKnown(value, values)) &&
        truth(where, values) &&
        (value === null || value.evaluate(values) !== null),
    );

function judgeAggregate(
  rule: Extract<CompiledRule, { readonly kind: "aggregate" }>,
  inside: readonly Entry[],
  began: Entry,
): Said {
  const all = inside.map(({ values }) => rule.value.evaluate(values)) as number[];
  const { sum, squares } = byBlocks(inside, all, rule.overMs / 16);
  const statistics = {
    count: all.length,
    sum,
    avg: sum / all.length,
    min: Math.min(...all),
    max: Math.max(...all),
    distinct: new Set(all).size,
    stddev: all.length < 2 ? 0 : Math.sqrt(squares / (all.length - 1)),
  };
  return judge(rule, statistics, began);
}

const NEVER = { names: [], members: [], evaluate: () => false } as unknown as Expression;

const DEFINITIONS: {
  readonly [K in CompiledRule["kind"]]: Define<Extract<CompiledRule, { readonly kind: K }>>;
} = {
  threshold: (rule, history) => {
    const entry = history.at(-1)!;
    return isKnown(rule.when, entry.values) ? judge(rule, entry.values, entry) : null;
  },

  composite: (rule, history) => {
    const entry = history.at(-1)!;
    const joined: Record<string, Record<string, unknown>> = {};
    const wheres = Object.entries(rule.whereOf);
    const isToldTo = (alias: string, one: Entry): boolean =>
      surely(() => truth(rule.whereOf[alias] ?? null, one.values));
    const isJudged = (one: Entry): boolean =>
      wheres.every(
        ([alias, where]) =>
          rule.aliases[alias] !== one.contract || surely(() => (truth(where, one.values), true)),
      );
    const counted = history.filter(isJudged);
    const aliases = Object.entries(rule.aliases);
    if (!isJudged(entry)) return null;
    if (!aliases.some(([alias, of]) => of === entry.contract && isToldTo(alias, entry)))
      return null;
    for (const [alias, contract] of aliases) {
      const own = counted.filter((one) => one.contract === contract && isToldTo(alias, one));
      if (own.length === 0) continue;
      joined[alias] = {};
      for (const member of new Set(own.flatMap(({ values }) => Object.keys(values)))) {
        const newest = own.filter(({ values }) => values[member] !== undefined).at(-1);
        if (newest && (rule.withinMs === null || entry.timeMs - newest.timeMs <= rule.withinMs))
          joined[alias][member] = newest.values[member];
      }
    }
    const complete = (of: Expression): boolean =>
      of.members.every(([alias, member]) => joined[alias]?.[member] !== undefined);
    if (Object.keys(rule.aliases).some((alias) => !joined[alias])) return null;
    if (!complete(rule.when)) return null;
    const clear = rule.clear && !complete(rule.clear) ? NEVER : rule.clear;
    return judge({ when: rule.when, clear }, joined, entry);
  },

  rate: (rule, history) => {
    const entry = history.at(-1)!;
    const known = history.filter(({ values }) =>
      surely(() => isKnown(rule.value, values) && rule.value.evaluate(values) !== null),
    );
    let newest = Number.NEGATIVE_INFINITY;
    const inOrder = known.filter(({ timeMs }) => timeMs > newest && ((newest = timeMs), true));
    if (inOrder.at(-1) !== entry) return null;
    const before = inOrder.slice(0, -1);
    const { overMs } = rule;
    const then =
      overMs === null ? before.at(-1) : before.find(({ timeMs }) => timeMs > entry.timeMs - overMs);
    if (!then) return null;
    const value = (of: Entry): number => rule.value.evaluate(of.values) as number;
    const rate = ((value(entry) - value(then)) / (entry.timeMs - then.timeMs)) * rule.perMs;
    const values = { ...entry.values, rate };
    return isKnown(rule.when, values) ? judge(rule, values, entry) : null;
  },

  aggregate: (rule, history) => {
    const entry = history.at(-1)!;
    const counted = history.filter(countsOf(rule));
    if (!counted.includes(entry)) return null;
    const inside = windowOf(counted, rule.overMs);
    if (!inside.includes(entry)) return null;
    return judgeAggregate(rule, inside, entry);
  },

  frequency: (rule, history) => {
    const entry = history.at(-1)!;
    const counted = history.filter(countsOf(rule));
    if (!counted.includes(entry)) return null;
    const inside = windowOf(counted, rule.overMs);
    if (!inside.includes(entry)) return null;
    const holds = inside.length > rule.moreThan;
    return { began: entry, holds, cleared: !holds };
  },

  sequence: ({ first, then, withinMs }, history, spent) => {
    const entry = history.at(-1)!;
    // What cannot be judged as a first step says nothing at all.
    if (entry.contract === first.contract) truth(first.when, entry.values);
    if (entry.contract !== then.contract || !truth(then.when, entry.values)) return null;
    const before = history
      .slice(spent === null ? 0 : history.indexOf(spent), -1)
      .filter(
        ({ contract, values }) =>
          contract === first.contract && surely(() => truth(first.when, values)),
      )
      .at(-1);
    const afterMs = before ? entry.timeMs - before.timeMs : -1;
    if (!before || afterMs < 0 || afterMs > withinMs) return null;
    return { began: before, holds: true, cleared: false, isSpent: true };
  },

  // No reading decides it.
  absence: () => null,
};

/**
 * The word of the last of `history` on a rule; null for nothing.
 * @param spent the last reading with which the rule was done.
 */
export const say: Define<CompiledRule> = (rule, history, spent) => {
  const counted = history.filter(({ values }) => isFor(rule, values));
  if (counted.at(-1) !== history.at(-1)) return null;
  return (DEFINITIONS[rule.kind] as Define<CompiledRule>)(rule, counted, spent);
};

/** Whether a rule's `where` lets a reading be one for it. */
export const isFor = (rule: CompiledRule, values: Record<string, unknown>): boolean =>
  surely(() => truth(rule.where, values));

/**
 * What a rule's window says when nothing comes, and the event time then: its newest reading arrived at some
 * attended time, and so much is gone since. Null for rules without windows.
 */
export function drain(
  rule: CompiledRule,
  history: readonly Entry[],
  attended: number,
): (Said & { readonly nowMs: number }) | null {
  if (rule.kind !== "frequency" && rule.kind !== "aggregate") return null;
  const window = windowOf(history.filter(countsOf(rule)), rule.overMs);
  const last = window.filter(({ timeMs }) => timeMs === window.at(-1)!.timeMs).at(-1);
  if (!last) return null;
  const nowMs = last.timeMs + Math.max(0, attended - newestOf(window, last.timeMs).arrivedAt);
  const left = window.filter(({ timeMs }) => timeMs > nowMs - rule.overMs);
  if (rule.kind === "frequency") {
    const holds = left.length > rule.moreThan;
    return { began: last, holds, cleared: !holds, nowMs };
  }
  const names = [...rule.when.names, ...(rule.clear?.names ?? [])];
  const ofNone = names.every((name) => ["count", "sum", "distinct"].includes(name));
  if (left.length === 0 && !ofNone) return null;
  return { ...judgeAggregate(rule, left, last), nowMs };
}

/** The event time of the newest reading in a window, which goes on to be drained; infinite without one. */
export function newestThatCounts(rule: CompiledRule, history: readonly Entry[]): number {
  if (rule.kind !== "frequency" && rule.kind !== "aggregate") return Number.POSITIVE_INFINITY;
  const counted = history.filter(countsOf(rule));
  return counted.length === 0
    ? Number.POSITIVE_INFINITY
    : Math.max(...counted.map(({ timeMs }) => timeMs));
}

/** Of the readings of a time, the one that came last. */
const newestOf = (entries: readonly Entry[], timeMs: number): Entry =>
  entries
    .filter((one) => one.timeMs === timeMs)
    .reduce((a, b) => (b.seq > a.seq || (b.seq === a.seq && b.index > a.index) ? b : a));

/** How long a key may be silent, and its device lost, for rules that wait; else null. */
export const waitsOf = (
  rule: CompiledRule,
): { readonly silentMs: number; readonly lostMs: number | null } | null =>
  rule.kind === "absence" ? rule : null;

/** The readings of the newest time and `overMs` before it, in the order of times. */
function windowOf(entries: readonly Entry[], overMs: number): Entry[] {
  const newest = Math.max(...entries.map(({ timeMs }) => timeMs));
  return entries
    .filter(({ timeMs }) => timeMs > newest - overMs)
    .sort((a, b) => a.timeMs - b.timeMs);
}

/** How long ago a reading can be and still matter to a rule, in event time. */
export const reachOf = (rule: CompiledRule): number =>
  Math.max(
    "overMs" in rule ? (rule.overMs ?? 0) : 0,
    "withinMs" in rule ? (rule.withinMs ?? 0) : 0,
  );

/**
 * The sum of values, and of their squared distances from the mean: block by block, then of the blocks. The
 * order in which floating-point numbers are added decides their last bits, and `avg > 21.4` may hang on them.
 */
function byBlocks(entries: readonly Entry[], values: readonly number[], widthMs: number) {
  const blocks = Map.groupBy(values, (_, at) => Math.floor(entries[at]!.timeMs / widthMs));
  let [count, sum, mean, squares] = [0, 0, 0, 0];
  for (const of of blocks.values()) {
    let [own, ownMean, ownSquares] = [0, 0, 0];
    for (const [at, value] of of.entries()) {
      const distance = value - ownMean;
      own += value;
      ownMean += distance / (at + 1);
      ownSquares += distance * (value - ownMean);
    }
    sum += own;
    if (count === 0) {
      [count, mean, squares] = [of.length, ownMean, ownSquares];
      continue;
    }
    const distance = ownMean - mean;
    const all = count + of.length;
    squares += ownSquares + (distance * distance * count * of.length) / all;
    mean += (distance * of.length) / all;
    count = all;
  }
  return { sum, squares };
}
