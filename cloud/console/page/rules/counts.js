// What the engines of all regions have counted of a rule (pure).

const NONE = { evaluations: 0, pending: 0, firing: 0, silenced: 0 };

/** Sums over the engines that tell; `known` is how many do. */
export function countsOf(engines) {
  const told = engines.flatMap(({ counts }) => counts ?? []);
  const sum = (name) => told.reduce((total, counts) => total + counts[name], 0);
  const sums = Object.fromEntries(Object.keys(NONE).map((name) => [name, sum(name)]));
  return { ...sums, known: told.length };
}

/** The states that some key is in, `[word, number, colour]`, the gravest first. */
export const statesOf = ({ firing, pending, silenced }) =>
  [
    ["firing", firing, "bad"],
    ["pending", pending, "warn"],
    ["silenced", silenced, "idle"],
  ].filter(([, number]) => number > 0);
