// Raw points and finals of one partition key, read back from InfluxDB for the repair job.
import {
  ROLLUP_REVISION,
  type RollupWindow,
  rawMeasurement,
  rollupMeasurement,
  seriesTag,
} from "../../../contracts/names/measurements.ts";
import { tagsOf } from "../../../contracts/messages/series.ts";
import type { KeyRange, RepairSource, StoredReading, StoredRollup } from "../sink.ts";
import { type InfluxClient, type Row, quote, quoteName } from "./client.ts";
import { storedTag } from "./lines.ts";

/** Rows asked for at once: some 50 ms of this process' time. */
const PAGE_ROWS = 5_000;

export class InfluxRepairSource implements RepairSource {
  readonly #client: Pick<InfluxClient, "query">;
  readonly #pageRows: number;

  constructor(client: Pick<InfluxClient, "query">, pageRows = PAGE_ROWS) {
    this.#client = client;
    this.#pageRows = pageRows;
  }

  async *readings(range: KeyRange): AsyncGenerator<StoredReading[]> {
    for await (const rows of this.#pages(range, rawMeasurement(range.contract.name)))
      yield rows.map(readingOf);
  }

  async *finals(range: KeyRange, window: RollupWindow): AsyncGenerator<StoredRollup[]> {
    const measurement = rollupMeasurement(range.contract.name, window.name, "final");
    for await (const rows of this.#pages(range, measurement))
      yield rows.map((row) => ({
        tags: tagsOf(row, range.seriesTags),
        startMs: msOf(row),
        revision: Number(row[ROLLUP_REVISION] ?? 0),
        values: row,
      }));
  }

  /**
   * Each page goes on at the time of the last row of the one before, which that page has left out: points of
   * one time are never parted. An OFFSET would skip or repeat rows when points come in between.
   */
  async *#pages(range: KeyRange, measurement: string): AsyncGenerator<Row[]> {
    const { region, contract, key, fromMs, toMs } = range;
    const what =
      `SELECT * FROM ${quoteName(measurement)} WHERE "region" = ${quote(region)}` +
      ` AND ${quoteName(seriesTag(contract))} = ${quote(storedTag(key))}` +
      ` AND time < ${toMs}ms AND time >=`;
    let from = `${fromMs}ms`;
    let limit = this.#pageRows;
    for (;;) {
      const rows = await this.#client.query(`${what} ${from} ORDER BY time LIMIT ${limit}`);
      if (rows.length < limit) {
        yield rows;
        return;
      }
      const last = rows.at(-1)!["time"];
      const whole = rows.findIndex(({ time }) => time === last);
      if (whole === 0) {
        limit *= 2; // More points of one time than a page holds.
        continue;
      }
      yield rows.slice(0, whole);
      from = quote(String(last));
      limit = this.#pageRows;
    }
  }
}

/** A raw point as a reading. */
export const readingOf = ({ time, ...payload }: Row): StoredReading => ({
  device: String(payload["device"]),
  eventMs: Date.parse(String(time)),
  payload,
});

const msOf = ({ time }: Row): number => Date.parse(String(time));
