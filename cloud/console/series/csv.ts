// Lines as a spreadsheet reads them (pure): a row for each point, which says itself what it is a point of.
import { csvCell, csvText } from "../../operations/csv-cell.ts";
import type { SeriesLine } from "./read-series.ts";

const POINT_COLUMNS = ["field", "unit", "value", "min", "max", "count", "revision", "final"];

/** One line after the other, each in the order of time; a column for each tag. */
export function csvOf(lines: readonly SeriesLine[]): string {
  const tagNames = [...new Set(lines.flatMap(({ tags }) => Object.keys(tags)))];
  const rows = lines.flatMap(({ tags, field, unit, points }) => {
    const named = tagNames.map((name) => cell(tags[name] ?? null));
    const of = [cell(field), cell(unit)];
    return points.map(({ tMs, value, min, max, count, revision, isFinal }) =>
      [
        new Date(tMs).toISOString(),
        ...named,
        ...of,
        ...[cell(value), min, max, count, revision, isFinal],
      ].join(","),
    );
  });
  return [["time", ...tagNames.map(csvCell), ...POINT_COLUMNS].join(","), ...rows, ""].join("\r\n");
}

const cell = (value: number | string | boolean | null): string | number | boolean | null =>
  typeof value === "string" ? csvText(value) : value;
