// Every statistic of strangers' rollups, recomputed from their points, which tally.ts held against what was sent.
import { type InfluxClient, type Row, quote } from "../../../cloud/sinks/influx/client.ts";
import { ROLLUP_WINDOWS, rollupMeasurement } from "../../../contracts/names/measurements.ts";
import type { Catalog } from "../../../contracts/schema/catalog.ts";
import { wrongStatistics } from "../../../infra/local/audit-rollups.ts";
import { sleep } from "../../../platform/runtime/backoff.ts";
import { seriesOf } from "./tally.ts";
import type { Sent } from "./sent.ts";
import type { Evidence } from "./stranger.ts";

export interface RollupsTally {
  readonly compared: number;
  readonly wrong: readonly string[];
}

/** Open rollups are written about once a second. */
const SETTLED_WITHIN_MS = 10_000;
const LOOK_EVERY_MS = 500;

export async function compareRollups(
  sent: readonly Sent[],
  evidence: Evidence,
  of: { influx: InfluxClient; catalog: Catalog },
): Promise<RollupsTally> {
  const deadlineMs = performance.now() + SETTLED_WITHIN_MS;
  for (;;) {
    const tally = await compareOnce(sent, evidence, of);
    if (tally.wrong.length === 0 || performance.now() > deadlineMs) return tally;
    await sleep(LOOK_EVERY_MS);
  }
}

async function compareOnce(
  sent: readonly Sent[],
  evidence: Evidence,
  { influx, catalog }: { influx: InfluxClient; catalog: Catalog },
): Promise<RollupsTally> {
  let compared = 0;
  const wrong: string[] = [];
  for (const [name, series] of seriesOf(sent)) {
    const contract = catalog.versions(series.contract)[0]!;
    for (const { name: window, sizeMs } of ROLLUP_WINDOWS) {
      const rows: Row[] = [];
      // A final counts before the open rollup of its window.
      for (const state of ["open", "final"] as const)
        rows.push(
          ...(await influx.query(
            `SELECT * FROM "${rollupMeasurement(series.contract, window, state)}" WHERE ` +
              `"region" = ${quote(series.region)} AND "device" = ${quote(series.device)}`,
          )),
        );
      // Points have their tags in any case.
      const tags = contract.tags.filter((tag) => rows.some((row) => isThere(row[tag])));
      const keyOf = (row: Row): string => windowOf(row, tags, sizeMs);
      const rollups = new Map(rows.map((row) => [keyOf(row), row]));
      const windows = Map.groupBy(evidence.points(series), keyOf);
      for (const [at, points] of windows) {
        compared += 1;
        const rollup = rollups.get(at);
        const faults = rollup
          ? wrongStatistics(rollup, points, contract)
          : [`is missing, over ${points.length} points`];
        if (faults.length > 0)
          wrong.push(`${name} rollup ${window} of ${at}: ${faults.join("; ")}`);
      }
      for (const at of rollups.keys())
        if (!windows.has(at)) wrong.push(`${name} rollup ${window} of ${at}: has no points`);
    }
  }
  return { compared, wrong };
}

const isThere = (value: unknown): boolean => value !== undefined && value !== null && value !== "";

/** A window's start, and the tags that tell its series from others of the device. */
function windowOf(row: Row, tags: readonly string[], sizeMs: number): string {
  const startMs = Math.floor(Date.parse(String(row["time"])) / sizeMs) * sizeMs;
  const of = tags.filter((tag) => isThere(row[tag])).map((tag) => ` ${tag}=${String(row[tag])}`);
  return `${new Date(startMs).toISOString()}${of.join("")}`;
}
