// Series as InfluxDB has them: which there are, and their points.
import {
  MINUTE,
  ROLLUP_COUNT,
  ROLLUP_REVISION,
  TEN_SECONDS,
  rawMeasurement,
  rollupMeasurement,
} from "../../../contracts/names/measurements.ts";
import type { Contract } from "../../../contracts/schema/contract.ts";
import { type InfluxClient, type Row, quote, quoteName } from "../../sinks/influx/client.ts";
import { storedTag } from "../../sinks/influx/lines.ts";
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
  const where = [
    ...Object.entries(of.tags).map(
      ([tag, value]) => `${quoteName(tag)} = ${quote(storedTag(value))}`,
    ),
    `time >= ${of.fromMs}ms`,
    `time < ${of.untilMs}ms`,
  ].join(" AND ");
  return of.source === "raw" ? rawPoints(influx, of, where) : rollupPoints(influx, of, where);
}

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
  { contract, field, source, stepMs, pointsMax }: SeriesQuery,
  where: string,
): Promise<SeriesPoint[]> {
  const window = source === MINUTE.name ? MINUTE : TEN_SECONDS;
  const column = (statistic: string): string => quoteName(`${field}_${statistic}`);
  const grouped = stepMs > WINDOW_MS[source];
  const columns = grouped
    ? [
        `mean(${column("mean")}) AS "value"`,
        `min(${column("min")}) AS "min"`,
        `max(${column("max")}) AS "max"`,
        `sum("${ROLLUP_COUNT}") AS "count"`,
        `max("${ROLLUP_REVISION}") AS "revision"`,
      ]
    : [
        `${column("mean")} AS "value"`,
        `${column("min")} AS "min"`,
        `${column("max")} AS "max"`,
        `"${ROLLUP_COUNT}" AS "count"`,
        `"${ROLLUP_REVISION}" AS "revision"`,
      ];
  const group = grouped ? ` GROUP BY time(${stepMs}ms) fill(none)` : "";
  const finals = rollupMeasurement(contract.name, window.name, "final");
  const rows = await influx.query(
    `SELECT ${columns.join(", ")} FROM ${quoteName(finals)} WHERE ${where}${group} LIMIT ${pointsMax}`,
  );
  const points = rows.map((row) => rollupPoint(row, true));
  const lastMs = points.at(-1)?.tMs ?? 0;
  if (grouped || points.length >= pointsMax) return points;
  // What is not final yet is only in the open rollups.
  const open = rollupMeasurement(contract.name, window.name, "open");
  const news = await influx.query(
    `SELECT ${columns.slice(0, -1).join(", ")} FROM ${quoteName(open)} WHERE ${where} AND time > ${lastMs}ms LIMIT ${pointsMax}`,
  );
  return [...points, ...news.map((row) => rollupPoint(row, false))];
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
