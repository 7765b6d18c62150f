// Growth of a count over the overviews of the last seconds (pure).

const SPAN_MS_MIN = 900;

/**
 * Growth per second; null until two observations are known, or after a restart set the count back. `observed` gives
 * of an overview the count and the time at which it was taken, which is before that of the overview: divided by the
 * overview's, it would be too much in one second and too little in the next.
 */
export function growthOf(overviews, observed) {
  const known = overviews.flatMap((overview) => {
    const one = observed(overview);
    return typeof one?.value === "number" ? [one] : [];
  });
  const first = known[0];
  const last = known.at(-1);
  if (!first || last.atMs - first.atMs < SPAN_MS_MIN || last.value < first.value) return null;
  return (last.value - first.value) / ((last.atMs - first.atMs) / 1_000);
}

const regionOf = ({ regions }, name) => regions.find(({ region }) => region === name);

/** Readings that gateways have acknowledged. */
export const admittedIn = (name) => (overview) => ({
  atMs: overview.atMs,
  value: regionOf(overview, name)?.readingsStored,
});

/** Frames that the hub has copied. */
export const copiedIn = (name) => (overview) => {
  const { copy } = regionOf(overview, name) ?? {};
  return { atMs: copy?.atMs ?? overview.atMs, value: copy?.lastSeq };
};

/** Readings that the store has, as the ledger counts them. */
export const storedIn =
  (name) =>
  ({ ledger }) =>
    ledger && {
      atMs: ledger.atMs,
      value: ledger.rows
        .filter(({ region }) => region === name)
        .reduce((sum, { stored }) => sum + stored, 0),
    };
