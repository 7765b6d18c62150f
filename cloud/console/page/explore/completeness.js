// What there is to know about the points of a series beside their values (pure): which are not final, which were
// written anew because of late readings, and which have fewer readings than the others.

/** A window with less than this share of the usual number of readings lacks some. */
const ENOUGH = 0.9;

/** @param points of /series/data
 *  @returns {{ readings, open, revised, usual, sparse, gaps }} numbers of points; `usual` readings of a window; `gaps` windows that are not there. */
export function completenessOf(points, stepMs) {
  const finals = points.filter(({ isFinal }) => isFinal);
  const counts = finals.map(({ count }) => count).sort((a, b) => a - b);
  const usual = counts[Math.floor(counts.length / 2)] ?? 0;
  return {
    readings: points.reduce((sum, { count }) => sum + count, 0),
    open: points.length - finals.length,
    revised: points.filter(({ revision }) => revision > 0).length,
    usual,
    sparse: stepMs === 0 ? 0 : finals.filter(({ count }) => count < usual * ENOUGH).length,
    gaps: gapsOf(points, stepMs),
  };
}

const gapsOf = (points, stepMs) =>
  stepMs === 0
    ? 0
    : points
        .slice(1)
        .reduce(
          (sum, { tMs }, at) => sum + Math.max(0, Math.round((tMs - points[at].tMs) / stepMs) - 1),
          0,
        );

/** The points that are not final, from the last final one before them on, so that a line of them begins where that one ends. */
export const openFromFinal = ({ open, value }) =>
  open.map((own, at) => own ?? (typeof open[at + 1] === "number" ? value[at] : null));

/** Longer than this many usual distances is a gap among readings. */
const GAP_DISTANCES = 5;

/** Columns of a chart, with a place without a value in each gap, so that no line is drawn over what is not there. */
export function columnsOf(points, stepMs) {
  const distances = points
    .slice(1)
    .map(({ tMs }, at) => tMs - points[at].tMs)
    .sort((a, b) => a - b);
  const usual = stepMs > 0 ? stepMs : (distances[Math.floor(distances.length / 2)] ?? 0);
  const longest = stepMs > 0 ? stepMs * 1.5 : usual * GAP_DISTANCES;
  const columns = { timesMs: [], value: [], min: [], max: [], open: [], count: [] };
  const put = (tMs, of) => {
    columns.timesMs.push(tMs);
    for (const name of ["value", "min", "max", "open", "count"])
      columns[name].push(of[name] ?? null);
  };
  let before = null;
  for (const { tMs, value, min, max, count, isFinal } of points) {
    if (before !== null && tMs - before > longest) put(before + (stepMs || usual), { count: 0 });
    const shown = typeof value === "boolean" ? Number(value) : value;
    put(tMs, { value: isFinal ? shown : null, open: isFinal ? null : shown, min, max, count });
    before = tMs;
  }
  return columns;
}
