// Lines that are older than their policy keeps, told from the answer of InfluxDB. Pure.

/** All of 1.x and 2.x answer so, and have stored every other line, unless something is wrong with one. */
const BEYOND = /points beyond retention policy dropped=(\d+)/;

/**
 * Parts lines into those that were dropped and the others; null if the answer says something else. The dropped ones are the oldest:
 * a policy has one limit.
 */
export function beyondRetention<T extends { readonly line: string }>(
  answer: string,
  lines: readonly T[],
): { readonly oldest: readonly T[]; readonly rest: readonly T[] } | null {
  const dropped = Number(BEYOND.exec(answer)?.[1] ?? 0);
  if (dropped === 0) return null;
  const byAge = lines.toSorted((a, b) => compareTimes(timeOf(a.line), timeOf(b.line)));
  const oldest = new Set(byAge.slice(0, dropped));
  return {
    oldest: byAge.slice(0, dropped),
    rest: lines.filter((line) => !oldest.has(line)),
  };
}

/** Nanoseconds as text: they do not fit a number. */
const timeOf = (line: string): string => line.slice(line.lastIndexOf(" ") + 1);

/** Compares as integers: times before 1970 are negative. */
function compareTimes(a: string, b: string): number {
  const [x, y] = [BigInt(a), BigInt(b)];
  return x < y ? -1 : Number(x > y);
}
