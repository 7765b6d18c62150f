// Series as InfluxDB has them: which there are, and their points.
import {
  DAY,
  HOUR,
  MINUTE,
  ROLLUP_COUNT,
  ROLLUP_REVISION,
  type RollupWindow,
  TEN_SECONDS,
  rawMeasurement,
  rollupMeasurement,
} from "../../../contracts/names/measurements.ts";
import type { Contract } from "../../../contracts/schema/contract.ts";
import { type InfluxClient, type Row, quote, quoteName } from "../../sinks/influx/client.ts";
import { storedTag } from "../../sinks/influx/lines.ts";
import { KnownPolicies } from "../../sinks/influx/policies.ts";
import { type SeriesSource, WINDOW_MS, tagsOfKey } from "./source.ts";

export interface SeriesQuery {
  readonly contract: Contract;
  readonly field: string;
  /** Tags that the series has. */
  readonly tags: Readonly<Record<string, string>>;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly source: SeriesSource;
  readonly stepMs: number;
  readonly pointsMax: number;
}

/** A reading, or a rollup of readings. */
export interface SeriesPoint {
  readonly tMs: number;
  /** The value of a reading, or the mean. */
  readonly value: number | string | boolean | null;
  readonly min: number | null;
  readonly max: number | null;
  /** Readings; 1 for a reading. */
  readonly count: number;
  /** Times that a final was written anew; null for what is not final, and for readings. */
  readonly revision: number | null;
  /** False for the window that is still open. */
  readonly isFinal: boolean;
}

/** One field of one series. */
export interface SeriesLine {
  readonly tags: Readonly<Record<string, string>>;
  readonly field: string;
  /** UCUM code. */
  readonly unit: string | null;
  readonly source: SeriesSource;
  readonly stepMs: number;
  /** There are more points than were asked for. */
  readonly isCutShort: boolean;
  readonly points: readonly SeriesPoint[];
}

/** A pattern of InfluxDB's (RE2) that means just a text: nothing in it can end the pattern, or mean more than itself. */
const literal = (text: string): string =>
  [...text.toWellFormed()]
    .map((char) => (/\w/.test(char) ? char : `\\x{${char.codePointAt(0)!.toString(16)}}`))
    .join("");

/** Tags of the series of a contract of which some tag holds a text. @throws AppError of the client. */
export async function seriesOf(
  influx: InfluxClient,
  { name, partitionKey }: Contract,
  of: { search: string; region?: string; limit: number },
): Promise<Record<string, string>[]> {
  const where = [
    ...(of.search === "" ? [] : [`${quoteName(partitionKey)} =~ /(?i)${literal(of.search)}/`]),
    ...(of.region === undefined ? [] : [`"region" = ${quote(storedTag(of.region))}`]),
  ];
  const condition = where.length === 0 ? "" : ` WHERE ${where.join(" AND ")}`;
  const statement = `SHOW SERIES FROM ${quoteName(rawMeasurement(name))}${condition} LIMIT ${of.limit}`;
  return (await influx.query(statement)).map(({ key }) => tagsOfKey(String(key)));
}

/** Points in the order of time; past `pointsMax` they end early. @throws AppError of the client. */
export async function readSeries(influx: InfluxClient, of: SeriesQuery): Promise<SeriesPoint[]> {
  const where = whereOf(of.tags, of.fromMs, of.untilMs);
  return of.source === "raw" ? rawPoints(influx, of, where) : rollupPoints(influx, of, where);
}

const whereOf = (tags: SeriesQuery["tags"], fromMs: number, untilMs: number): string =>
  [
    ...Object.entries(tags).map(([tag, value]) => `${quoteName(tag)} = ${quote(storedTag(value))}`),
    `time >= ${fromMs}ms`,
    `time < ${untilMs}ms`,
  ].join(" AND ");

async function rawPoints(
  influx: InfluxClient,
  { contract, field, pointsMax }: SeriesQuery,
  where: string,
): Promise<SeriesPoint[]> {
  const rows = await influx.query(
    `SELECT ${quoteName(field)} AS "value" FROM ${quoteName(rawMeasurement(contract.name))} WHERE ${where} LIMIT ${pointsMax}`,
  );
  return rows.map(({ time, value = null }) => ({
    tMs: Date.parse(String(time)),
    value,
    min: null,
    max: null,
    count: 1,
    revision: null,
    isFinal: true,
  }));
}

async function rollupPoints(
  influx: InfluxClient,
  of: SeriesQuery,
  where: string,
): Promise<SeriesPoint[]> {
  const { contract, field, source, stepMs, pointsMax } = of;
  const isLong = source === HOUR.name || source === DAY.name;
  const columns = columnsOf(field, stepMs > WINDOW_MS[source]);
  const grouped = columns.isGrouped ? ` GROUP BY time(${stepMs}ms) fill(none)` : "";
  const finals = await finalsOf(influx, contract, windowNamed(source));
  const rows = await influx.query(
    `SELECT ${columns.text} FROM ${finals} WHERE ${where}${grouped} LIMIT ${pointsMax}`,
  );
  const points = rows.map((row) => rollupPoint(row, true));
  if (points.length >= pointsMax) return points;
  if (isLong) return aroundLong(influx, of, points);
  if (columns.isGrouped) return points;
  // What is not final yet is only in the open rollups.
  const lastMs = points.at(-1)?.tMs ?? 0;
  const open = rollupMeasurement(contract.name, source === MINUTE.name ? "1m" : "10s", "open");
  const news = await influx.query(
    `SELECT ${columns.withoutRevision} FROM ${quoteName(open)} WHERE ${where} AND time > ${lastMs}ms LIMIT ${pointsMax}`,
  );
  return [...points, ...news.map((row) => rollupPoint(row, false))];
}

const windowNamed = (source: SeriesSource): RollupWindow =>
  [TEN_SECONDS, MINUTE, HOUR, DAY].find(({ name }) => name === source)!;

/** Policies that are known, by the client that asked. */
const POLICIES = new WeakMap<InfluxClient, KnownPolicies>();

function finalsOf(influx: InfluxClient, { name }: Contract, window: RollupWindow): Promise<string> {
  let policies = POLICIES.get(influx);
  if (!policies) POLICIES.set(influx, (policies = new KnownPolicies(influx)));
  return policies.from(rollupMeasurement(name, window.name, "final"), window);
}

function columnsOf(
  field: string,
  isGrouped: boolean,
): { readonly text: string; readonly withoutRevision: string; readonly isGrouped: boolean } {
  const column = (statistic: string): string => quoteName(`${field}_${statistic}`);
  const over = (by: string, name: string): string => (isGrouped ? `${by}(${name})` : name);
  const columns = [
    `${over("mean", column("mean"))} AS "value"`,
    `${over("min", column("min"))} AS "min"`,
    `${over("max", column("max"))} AS "max"`,
    `${over("sum", `"${ROLLUP_COUNT}"`)} AS "count"`,
  ];
  const withoutRevision = columns.join(", ");
  const revision = `${over("max", `"${ROLLUP_REVISION}"`)} AS "revision"`;
  return { text: `${withoutRevision}, ${revision}`, withoutRevision, isGrouped };
}

/**
 * Hours and days, and what has none: the hour or day that is not over, and times from before an installation made
 * them. Both are drawn from minutes.
 */
async function aroundLong(
  influx: InfluxClient,
  of: SeriesQuery,
  points: readonly SeriesPoint[],
): Promise<SeriesPoint[]> {
  const { contract, field, tags, fromMs, untilMs, stepMs, pointsMax } = of;
  const minutes = await finalsOf(influx, contract, MINUTE);
  const { withoutRevision } = columnsOf(field, true);
  const between = async (from: number, until: number): Promise<SeriesPoint[]> => {
    if (until <= from) return [];
    const where = whereOf(tags, from, until);
    const rows = await influx.query(
      `SELECT ${withoutRevision} FROM ${minutes} WHERE ${where} GROUP BY time(${stepMs}ms) fill(none) LIMIT ${pointsMax}`,
    );
    return rows.map((row) => rollupPoint(row, false));
  };
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last) return between(fromMs, untilMs);
  const before = await between(fromMs, first.tMs);
  const after = await between(last.tMs + stepMs, untilMs);
  return [...before, ...points, ...after].slice(0, pointsMax);
}

const numberOr = <T>(value: Row[string] | undefined, other: T): number | T =>
  typeof value === "number" ? value : other;

const rollupPoint = (row: Row, isFinal: boolean): SeriesPoint => ({
  tMs: Date.parse(String(row["time"])),
  value: row["value"] ?? null,
  min: numberOr(row["min"], null),
  max: numberOr(row["max"], null),
  count: numberOr(row["count"], 0),
  revision: isFinal ? numberOr(row["revision"], 0) : null,
  isFinal,
});
