// Figures of two versions, taken in turn, and whether the newer one is worse (pure).

/** A figure of one run, by its name. */
export type Figures = Readonly<Record<string, number>>;

export interface FigureSpec {
  readonly name: string;
  /** True for times and sizes, false for rates. */
  readonly isLessBetter: boolean;
}

/**
 * `missed`: worse by more than is allowed, and no pair says otherwise; `unsure`: in some pair it is no worse at all, so that
 * more pairs are needed. Both are no pass.
 */
export type Verdict = "met" | "missed" | "unsure";

export interface Compared {
  readonly name: string;
  /** Medians. */
  readonly before: number;
  readonly now: number;
  /** Median over the pairs of how much worse it is: 0.1 is a tenth; below 0 it is better. */
  readonly worse: number;
  /** The same of the pair in which it is the least and the most. */
  readonly least: number;
  readonly most: number;
  readonly pairs: number;
  readonly verdict: Verdict;
}

/** One run of each version, right after each other. */
export interface Pair {
  readonly before: Figures;
  readonly now: Figures;
}

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
};

/** Figures that one of both versions lacks are left out of a pair; see `untold`. @param worseMax the share that is allowed. */
export function compare(
  specs: readonly FigureSpec[],
  pairs: readonly Pair[],
  worseMax: number,
): Compared[] {
  return specs.flatMap(({ name, isLessBetter }) => {
    const both = pairs.flatMap(({ before, now }) => {
      const [a, b] = [before[name], now[name]];
      return a !== undefined && b !== undefined ? [{ a, b }] : [];
    });
    if (both.length === 0) return [];
    const each = both.map(({ a, b }) => (isLessBetter ? b / a : a / b) - 1);
    const [worse, least, most] = [median(each), Math.min(...each), Math.max(...each)];
    return [
      {
        name,
        before: median(both.map(({ a }) => a)),
        now: median(both.map(({ b }) => b)),
        ...{ worse, least, most, pairs: both.length },
        verdict: verdictOf(worse, least, worseMax),
      },
    ];
  });
}

const verdictOf = (worse: number, least: number, worseMax: number): Verdict => {
  // A figure that is no number, of a run that did nothing, is not met.
  if (worse <= worseMax) return "met";
  return least <= 0 ? "unsure" : "missed";
};

/** Figures that the present tree does not tell in some run: the guard would pass without having looked. */
export const untold = (specs: readonly FigureSpec[], pairs: readonly Pair[]): string[] =>
  specs.map(({ name }) => name).filter((name) => pairs.some(({ now }) => now[name] === undefined));
