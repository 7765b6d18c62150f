// The known word that somebody meant; pure.

/** Words that differ in more than this share of their letters have nothing to do with each other. */
const DIFFERENT = 0.35;

/** `SKERRY_MAX_CONNECTIONS`, `maxConnections` and `max_connections` as they are spelt here: `max-connections`. */
const spelt = (word: string): string =>
  word
    .replace(/^SKERRY_/, "")
    .replaceAll(/([a-z])([A-Z])/g, "$1-$2")
    .replaceAll(/[_.\s]/g, "-")
    .toLowerCase();

/** The known word that is most like one that is not, or that holds all of its parts; null if none does. */
export function nearest(word: string, known: readonly string[]): string | null {
  const wanted = spelt(word);
  return likest(wanted, known) ?? withParts(wanted.split("-"), known);
}

function likest(wanted: string, known: readonly string[]): string | null {
  let best: string | null = null;
  let bestSteps = Math.max(wanted.length, 3) * DIFFERENT;
  for (const one of known) {
    const steps = distance(wanted, one);
    if (steps < bestSteps) [best, bestSteps] = [one, steps];
  }
  return best;
}

/** `max-connections` is `limit-connections-max`: the shortest that has every part, in whatever order. */
function withParts(parts: readonly string[], known: readonly string[]): string | null {
  const holders = known.filter((one) => {
    const own = one.split("-");
    return parts.every((part) => likest(part, own) !== null);
  });
  return holders.toSorted((a, b) => a.length - b.length)[0] ?? null;
}

/** Letters to insert, to leave out, to replace or to swap with their neighbour (optimal string alignment). */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let steps = Math.min(row[j - 1]! + 1, last[j]! + 1, last[j - 1]! + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        steps = Math.min(steps, before[j - 2]! + 1);
      row.push(steps);
    }
    [before, last] = [last, row];
  }
  return last[b.length]!;
}
