// Figures of two versions, taken in turn, and whether the newer one is worse (pure).

/** A figure of one run, by its name. */
export type Figures = Readonly<Record<string, number>>;

export interface FigureSpec {
  readonly name: string;
  /** True for times and sizes, false for rates. */
  readonly isLessBetter: boolean;
}

export interface Compared {
  readonly name: string;
  /** Medians. */
  readonly before: number;
  readonly now: number;
  /** Median over the pairs of how much worse it is: 0.1 is a tenth; below 0 it is better. */
  readonly worse: number;
  readonly pairs: number;
}

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
};

/** @param pairs runs of both versions right after each other; figures that one of them lacks are left out. */
export function compare(
  specs: readonly FigureSpec[],
  pairs: readonly { readonly before: Figures; readonly now: Figures }[],
): Compared[] {
  return specs.flatMap(({ name, isLessBetter }) => {
    const both = pairs.flatMap(({ before, now }) => {
      const [a, b] = [before[name], now[name]];
      return a !== undefined && b !== undefined ? [{ a, b }] : [];
    });
    if (both.length === 0) return [];
    const worse = both.map(({ a, b }) => (isLessBetter ? b / a : a / b) - 1);
    return [
      {
        name,
        before: median(both.map(({ a }) => a)),
        now: median(both.map(({ b }) => b)),
        worse: median(worse),
        pairs: both.length,
      },
    ];
  });
}
