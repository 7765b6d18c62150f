// Lines that have times of their own on one axis of time (pure).

/**
 * @param {{ timesMs: number[], [column: string]: unknown[] }[]} lines columns of each
 * @returns {{ timesMs: number[], lines: object[] }} all times, ascending, and the columns of each line for them:
 * null is a gap that the line has, undefined a time that is another line's, over which it is drawn on.
 */
export function aligned(lines) {
  const timesMs = [...new Set(lines.flatMap(({ timesMs: own }) => own))].sort((a, b) => a - b);
  const places = new Map(timesMs.map((tMs, at) => [tMs, at]));
  const spread = (own, values) => {
    const wide = new Array(timesMs.length).fill(undefined);
    for (const [at, tMs] of own.entries()) wide[places.get(tMs)] = values[at];
    return wide;
  };
  return {
    timesMs,
    lines: lines.map(({ timesMs: own, ...columns }) =>
      Object.fromEntries(
        Object.entries(columns).map(([name, values]) => [name, spread(own, values)]),
      ),
    ),
  };
}

/** The value of a line at a place, or its last one before: null in a gap, before its beginning and after its end. */
export function valueAt(values, at) {
  if (!values.slice(at).some((value) => value !== undefined)) return null;
  for (let place = at; place >= 0; place -= 1)
    if (values[place] !== undefined) return values[place];
  return null;
}
