// Rollups of hours and days, merged from stored finals of the shorter window. Pure.
//
// U1. Readings, values, least, greatest, first and last are exact, and quantiles what they would be from the
//     values, within quantiles.ts/Q4. Sum, mean and deviation are rounded once in each part, and once here.
// U2. What it tells is a function of the parts alone, not of their order: the same parts give the same bits.
// U3. What a part does not tell is left out, never guessed: an older program's minutes have no sketches.
import {
  ROLLUP_COUNT,
  ROLLUP_FIELD_COUNT,
  ROLLUP_QUANTILES,
  ROLLUP_SKETCH,
  ROLLUP_STATISTICS,
  type RollupWindow,
} from "../../contracts/names/measurements.ts";
import type { Series } from "../../contracts/messages/series.ts";
import type { Mergeable, RolledField, RollupEffect, RollupSeries } from "../sinks/effects.ts";
import type { StoredRollup } from "../sinks/sink.ts";
import { ExactSum } from "./exact-sum.ts";
import { EXACT_VALUES_MAX, Quantiles } from "./quantiles.ts";

const QS = ROLLUP_QUANTILES.map(({ q }) => q);
const NOTHING: Mergeable = { count: null, sketch: null };

/** A field in one part. */
interface Part extends Record<(typeof ROLLUP_STATISTICS)[number], number> {
  readonly count: number;
  readonly sketch: string | null;
}

/**
 * The final of a long window as it is for the first time.
 * @param parts finals of the series in the window, one at least, in any order.
 */
export function mergedRollup(
  { series, of, window, startMs }: MergedInto,
  parts: readonly StoredRollup[],
): RollupEffect {
  const inOrder = parts.toSorted((a, b) => a.startMs - b.startMs);
  const count = inOrder.reduce((sum, { values }) => sum + numberIn(values, ROLLUP_COUNT), 0);
  const merged = series.fields.map((field) => mergedField(field, inOrder, count));
  return {
    ...{ series, window, revision: 0, key: of.key, tags: of.tags, startMs, count },
    fields: merged.map(({ values }) => values),
    mergeables: merged.map(({ mergeable }) => mergeable),
  };
}

interface MergedInto {
  readonly series: RollupSeries;
  readonly of: Series;
  readonly window: RollupWindow;
  readonly startMs: number;
}

function mergedField(
  field: RolledField,
  rollups: readonly StoredRollup[],
  readings: number,
): { readonly values: readonly number[]; readonly mergeable: Mergeable } {
  const parts = rollups.flatMap(({ values }) => partOf(field.name, values) ?? []);
  const count = parts.reduce((sum, part) => sum + part.count, 0);
  if (parts.length === 0) return { values: [], mergeable: NOTHING };
  const statistics = statisticsOf(parts, count);
  const quantiles = field.quantiles ? quantilesOf(parts) : null;
  const { min, max } = statistics;
  const within = (value: number): number => Math.min(max, Math.max(min, value));
  return {
    values: [
      ...ROLLUP_STATISTICS.map((name) => statistics[name]),
      ...(quantiles?.at(QS) ?? []).map(within),
    ],
    mergeable: {
      count: count === readings ? null : count,
      sketch: count > 2 ? (quantiles?.text(EXACT_VALUES_MAX) ?? null) : null,
    },
  };
}

/** Null if no reading of the part has the field. */
function partOf(name: string, values: StoredRollup["values"]): Part | null {
  const all = ROLLUP_STATISTICS.map((one) => [one, numberIn(values, `${name}_${one}`)] as const);
  const statistics = Object.fromEntries(all) as Record<(typeof ROLLUP_STATISTICS)[number], number>;
  if (Number.isNaN(statistics.min)) return null;
  const count = numberIn(values, `${name}_${ROLLUP_FIELD_COUNT}`);
  const sketch = values[`${name}_${ROLLUP_SKETCH}`];
  return {
    ...statistics,
    count: Number.isNaN(count) ? numberIn(values, ROLLUP_COUNT) : count,
    sketch: typeof sketch === "string" ? sketch : null,
  };
}

function statisticsOf(
  parts: readonly Part[],
  count: number,
): Record<(typeof ROLLUP_STATISTICS)[number], number> {
  const min = Math.min(...parts.map((part) => part.min));
  const max = Math.max(...parts.map((part) => part.max));
  const sum = sumOf(parts.map((part) => part.sum));
  // A sum that is beyond the range of a number has a mean that is not.
  const plain = sum / count;
  const mean = Number.isFinite(plain)
    ? plain
    : sumOf(parts.map((part) => part.mean * (part.count / count)));
  const middle = Math.min(max, Math.max(min, mean));
  return {
    ...{ min, max, sum, mean: middle, stddev: min === max ? 0 : deviation(parts, count, middle) },
    first: parts[0]!.first,
    last: parts.at(-1)!.last,
  };
}

/** Within the parts and between their means: no square of a mean is taken, which would lose the digits. */
const deviation = (parts: readonly Part[], count: number, mean: number): number =>
  Math.sqrt(
    sumOf(
      parts.flatMap((part) => [
        (part.count - 1) * part.stddev ** 2,
        part.count * (part.mean - mean) ** 2,
      ]),
    ) /
      (count - 1),
  );

/** Null if some part does not tell its values (U3). */
function quantilesOf(parts: readonly Part[]): Quantiles | null {
  const all = new Quantiles();
  for (const { sketch, count, min, max } of parts) {
    if (sketch === null && count > 2) return null;
    const told = sketch === null ? null : Quantiles.fromText(sketch);
    if (told !== null) all.merge(told);
    else if (sketch !== null) return null;
    else for (const value of count === 1 ? [min] : [min, max]) all.add(value);
  }
  return all;
}

function sumOf(terms: readonly number[]): number {
  if (!terms.every(Number.isFinite)) return Number.NaN;
  const sum = new ExactSum();
  for (const term of terms) sum.add(term);
  return sum.value;
}

/** NaN for anything else. */
const numberIn = (values: StoredRollup["values"], name: string): number => {
  const value = values[name];
  return typeof value === "number" ? value : Number.NaN;
};
