// Compares a rollup with the points under it: every statistic, recomputed the plain way. Pure.
import { QUANTILE_ACCURACY, ZERO_SHARE_MAX } from "../../cloud/aggregator/magnitudes.ts";
import { EXACT_VALUES_MAX } from "../../cloud/aggregator/quantiles.ts";
import type { Row } from "../../cloud/sinks/influx/client.ts";
import {
  ROLLUP_COUNT,
  ROLLUP_QUANTILES,
  ROLLUP_STATISTICS,
} from "../../contracts/names/measurements.ts";
import type { Contract } from "../../contracts/schema/contract.ts";

/** A little more than the accuracy: the ends of bins are rounded too. */
const ESTIMATE_OFF_MAX = QUANTILE_ACCURACY * (1 + 1e-9);

/** A statistic as it should be, and between what it may be. */
interface Expected {
  readonly value: number;
  readonly from: number;
  readonly to: number;
}

/** The parts of a contract that decide what its rollups hold. */
export type AuditedContract = Pick<Contract, "fields" | "sequenceProperty">;

/**
 * The contract whose rollups hold the fields of every version, newest first: readings of an earlier one may have
 * what the newest has not. Quantiles are looked at where every version has them.
 */
export function ofAllVersions(versions: readonly Contract[]): Contract | undefined {
  const [newest] = versions;
  const all = versions.flatMap(({ fields }) => fields);
  const fields = [...new Map(all.toReversed().map((field) => [field.name, field])).values()].map(
    (field) => ({
      ...field,
      quantiles: all.every(({ name, quantiles }) => name !== field.name || quantiles),
    }),
  );
  return newest && { ...newest, fields };
}

/** @returns what is wrong with a rollup, one line for each value; empty if nothing is. */
export function wrongStatistics(
  rollup: Row,
  points: readonly Row[],
  contract: AuditedContract,
): string[] {
  const wrong: string[] = [];
  const compare = (name: string, { value, from, to }: Expected): void => {
    if (!Number.isFinite(value)) return; // Beyond the range of a number: nothing to compare with.
    const told = rollup[name] ?? null;
    if (typeof told !== "number" || !(told >= from && told <= to))
      wrong.push(`${name} is ${told}, its points give ${value}`);
  };
  compare(ROLLUP_COUNT, exactly(points.length));
  for (const { name, type, quantiles } of contract.fields) {
    if (type !== "number" && type !== "integer") continue;
    const values = valuesInOrder(points, name, contract);
    if (values.length === 0) {
      const told = ROLLUP_STATISTICS.find((one) => (rollup[`${name}_${one}`] ?? null) !== null);
      if (told) wrong.push(`${name}_${told} is there, but no point has ${name}`);
      continue;
    }
    for (const [statistic, expected] of Object.entries(plainly(values)))
      compare(`${name}_${statistic}`, expected);
    if (quantiles)
      for (const [quantile, expected] of quantilesOf(values))
        compare(`${name}_${quantile}`, expected);
  }
  return wrong;
}

const exactly = (value: number): Expected => near(value, 0);

const near = (value: number, within: number): Expected => ({
  value,
  from: value - within,
  to: value + within,
});

/** Orders points by event time; of one millisecond the sequence decides, and where there is none, the value. */
function valuesInOrder(
  points: readonly Row[],
  field: string,
  { sequenceProperty }: AuditedContract,
): number[] {
  return points
    .flatMap((point) => {
      const value = point[field];
      if (typeof value !== "number") return [];
      const sequence = sequenceProperty === undefined ? 0 : Number(point[sequenceProperty] ?? 0);
      return [{ ms: Date.parse(String(point["time"])), sequence, value }];
    })
    .sort((a, b) => a.ms - b.ms || a.sequence - b.sequence || a.value - b.value)
    .map(({ value }) => value);
}

/** Everything here is rounded at every step: sum, mean and deviation agree but for that. */
function plainly(values: readonly number[]): Record<(typeof ROLLUP_STATISTICS)[number], Expected> {
  const count = values.length;
  const sorted = values.toSorted((a, b) => a - b);
  const [min, max] = [sorted[0]!, sorted.at(-1)!];
  const sum = values.reduce((total, value) => total + value, 0);
  const scale = values.reduce((total, value) => total + Math.abs(value), 0);
  const rounding = 1e-12 * scale + 4 * Number.MIN_VALUE;
  const stddev = deviationOf(values, Math.max(-min, max));
  return {
    min: exactly(min),
    max: exactly(max),
    mean: near(sum / count, rounding),
    sum: near(sum, rounding),
    stddev: near(stddev, 1e-9 * stddev + rounding),
    first: exactly(values[0]!),
    last: exactly(values.at(-1)!),
  };
}

/** The deviation of the sample, in two passes. @param unit that keeps the squares in range: the greatest magnitude. */
function deviationOf(values: readonly number[], unit: number): number {
  if (values.length < 2 || unit === 0) return 0;
  const scaled = values.map((value) => value / unit);
  const mean = scaled.reduce((total, value) => total + value, 0) / values.length;
  const squares = scaled.reduce((total, value) => total + (value - mean) ** 2, 0);
  return unit * Math.sqrt(squares / (values.length - 1));
}

function* quantilesOf(values: readonly number[]): Iterable<[string, Expected]> {
  const sorted = values.toSorted((a, b) => a - b);
  const greatest = Math.max(-sorted[0]!, sorted.at(-1)!);
  for (const { name, q } of ROLLUP_QUANTILES) {
    const value = sorted[Math.floor(q * (sorted.length - 1))]!;
    const isExact = sorted.length <= EXACT_VALUES_MAX;
    const within = isExact ? 0 : ESTIMATE_OFF_MAX * Math.abs(value) + ZERO_SHARE_MAX * greatest;
    const { from, to } = near(value, within);
    yield [name, { value, from: Math.max(from, sorted[0]!), to: Math.min(to, sorted.at(-1)!) }];
  }
}
