// Compares what devices saw acknowledged with what InfluxDB holds, reading by reading, and every
// statistic of every rollup with the points under it: InfluxDB overwrites equal points, so only a rollup
// can show a double count.
import type { Catalog } from "../../contracts/schema/catalog.ts";
import type { Contract } from "../../contracts/schema/contract.ts";
import {
  ROLLUP_COUNT,
  ROLLUP_WINDOWS,
  rawMeasurement,
  rollupMeasurement,
  seriesTag,
} from "../../contracts/names/measurements.ts";
import { pointTimeNs } from "../../contracts/messages/reading.ts";
import { seriesText, tagsOf } from "../../contracts/messages/series.ts";
import type { LedgerEntry } from "../../device-sim/ledger.ts";
import { type InfluxClient, type Row, quote } from "../../cloud/sinks/influx/client.ts";
import { ofAllVersions, wrongStatistics } from "./audit-rollups.ts";

/** Rollups named in a report. */
const EXAMPLES_MAX = 10;

export interface AuditResult {
  acknowledged: number;
  /** Acknowledged readings that InfluxDB holds. */
  stored: number;
  missing: number;
  /** Points beyond the first of a reading, and readings a rollup counted twice. */
  duplicated: number;
  rollups: RollupsCompared;
}

export interface RollupsCompared {
  compared: number;
  final: number;
  wrong: number;
  /** The first few rollups that are wrong, and what is wrong with them. */
  examples: string[];
}

export interface Audit extends AuditResult {
  regions: Record<string, AuditResult>;
}

/** The acknowledged readings of one device under one contract. */
interface Series {
  region: string;
  contract: string;
  device: string;
  /** Point time in ns → how many ledger lines: a device may see one reading acknowledged twice. */
  points: Map<string, number>;
  minMs: number;
  maxMs: number;
}

const WIDEST_MS = Math.max(...ROLLUP_WINDOWS.map(({ sizeMs }) => sizeMs));

const windowStart = (ms: number, sizeMs: number): number => Math.floor(ms / sizeMs) * sizeMs;

const emptyResult = (): AuditResult => ({
  acknowledged: 0,
  stored: 0,
  missing: 0,
  duplicated: 0,
  rollups: { compared: 0, final: 0, wrong: 0, examples: [] },
});

/** @param influx the database that the aggregator writes to; it is asked, not the aggregator. */
export async function audit(
  ledger: AsyncIterable<LedgerEntry>,
  influx: InfluxClient,
  catalog: Catalog,
  regions: readonly string[],
): Promise<Audit> {
  const total: Audit = {
    ...emptyResult(),
    regions: Object.fromEntries(regions.map((region) => [region, emptyResult()])),
  };
  for (const series of (await gather(ledger)).values()) {
    const result = await auditSeries(series, influx, catalog);
    for (const sum of [total, total.regions[series.region]!]) add(sum, result);
  }
  return total;
}

async function gather(ledger: AsyncIterable<LedgerEntry>): Promise<Map<string, Series>> {
  const all = new Map<string, Series>();
  for await (const { region, contract, device, ts, slot } of ledger) {
    const key = `${region}\n${contract}\n${device}`;
    let series = all.get(key);
    if (!series) {
      series = { region, contract, device, points: new Map(), minMs: ts, maxMs: ts };
      all.set(key, series);
    }
    const time = pointTimeNs(ts, slot);
    series.points.set(time, (series.points.get(time) ?? 0) + 1);
    series.minMs = Math.min(series.minMs, ts);
    series.maxMs = Math.max(series.maxMs, ts);
  }
  return all;
}

async function auditSeries(
  series: Series,
  influx: InfluxClient,
  catalog: Catalog,
): Promise<AuditResult> {
  const contract = ofAllVersions(catalog.versions(series.contract));
  if (!contract) throw new Error(`contract "${series.contract}" of the ledger is unknown`);
  const probe = contract.sequenceProperty ?? contract.fields[0]!.name;
  const where = (fromMs: number, toMs: number): string =>
    `"region" = ${quote(series.region)} AND "${seriesTag(contract)}" = ${quote(series.device)}` +
    ` AND time >= ${fromMs}ms AND time <= ${toMs}ms`;
  const measurement = rawMeasurement(series.contract);
  // Whole windows, so that readings beside this run's count where the rollups counted them.
  const rows = await influx.query(
    `SELECT * FROM "${measurement}" WHERE ` +
      where(windowStart(series.minMs, WIDEST_MS), windowStart(series.maxMs, WIDEST_MS) + WIDEST_MS),
  );
  const result = emptyResult();
  const sequences = new Set<unknown>();
  let stored = 0;
  for (const row of rows) {
    const known = series.points.has(nsOf(row));
    if (known) stored += 1;
    if (contract.identity === "sequence") {
      if (sequences.has(row[probe])) result.duplicated += 1;
      sequences.add(row[probe]);
    }
  }
  result.acknowledged = series.points.size;
  result.stored = stored;
  result.missing = series.points.size - stored;
  await auditRollups({ series, points: rows, contract, where }, influx, result);
  return result;
}

/** Every window of every series, final if there is one, against the points that fall into it. */
async function auditRollups(
  of: {
    series: Series;
    points: readonly Row[];
    contract: Contract;
    where: (fromMs: number, toMs: number) => string;
  },
  influx: InfluxClient,
  result: AuditResult,
): Promise<void> {
  const { series, contract, where } = of;
  const nameOf = (row: Row): string => seriesText(series.device, tagsOf(row, contract.seriesTags));
  for (const { name, sizeMs } of ROLLUP_WINDOWS) {
    const idOf = (row: Row): string =>
      `${windowStart(Date.parse(String(row.time)), sizeMs)} ${nameOf(row)}`;
    const expected = Map.groupBy(of.points, idOf);
    const rollups = new Map<string, { row: Row; final: boolean }>();
    for (const state of ["open", "final"] as const)
      for (const row of await influx.query(
        `SELECT * FROM "${rollupMeasurement(series.contract, name, state)}"` +
          ` WHERE ${where(windowStart(series.minMs, sizeMs), series.maxMs)}`,
      ))
        rollups.set(idOf(row), { row, final: state === "final" });
    for (const [id, points] of expected) {
      const start = windowStart(Date.parse(String(points[0]!.time)), sizeMs);
      if (start > series.maxMs) continue;
      const rollup = rollups.get(id);
      result.rollups.compared += 1;
      if (rollup?.final) result.rollups.final += 1;
      const wrong = rollup
        ? wrongStatistics(rollup.row, points, contract)
        : [`is missing, over ${points.length} points`];
      if (wrong.length > 0) {
        result.rollups.wrong += 1;
        const of = `${series.contract}_${name} of ${series.region}/${nameOf(points[0]!)}`;
        if (result.rollups.examples.length < EXAMPLES_MAX)
          result.rollups.examples.push(
            `${of} at ${new Date(start).toISOString()}: ${wrong.join("; ")}`,
          );
      }
      const count = Number(rollup?.row[ROLLUP_COUNT] ?? 0);
      result.duplicated += Math.max(0, count - points.length);
    }
  }
}

function add(sum: AuditResult, one: AuditResult): void {
  sum.acknowledged += one.acknowledged;
  sum.stored += one.stored;
  sum.missing += one.missing;
  sum.duplicated += one.duplicated;
  sum.rollups.compared += one.rollups.compared;
  sum.rollups.final += one.rollups.final;
  sum.rollups.wrong += one.rollups.wrong;
  const { examples } = sum.rollups;
  examples.push(...one.rollups.examples.slice(0, EXAMPLES_MAX - examples.length));
}

/** The point time of a row in ns, as text. InfluxDB drops trailing zeros of the fraction. */
function nsOf(row: Row): string {
  const time = String(row.time);
  const [whole = "", fraction = ""] = time.slice(0, -1).split(".");
  return `${Date.parse(`${whole}Z`) / 1000}${fraction.padEnd(9, "0")}`;
}
