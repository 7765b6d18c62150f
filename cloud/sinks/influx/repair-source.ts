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

export class InfluxRepairSource implements RepairSource {
  readonly #client: Pick<InfluxClient, "query">;

  constructor(client: Pick<InfluxClient, "query">) {
    this.#client = client;
  }

  async readings(range: KeyRange): Promise<StoredReading[]> {
    const rows = await this.#rows(range, rawMeasurement(range.contract.name));
    return rows.map(readingOf);
  }

  async finals(range: KeyRange, window: RollupWindow): Promise<StoredRollup[]> {
    const measurement = rollupMeasurement(range.contract.name, window.name, "final");
    const rows = await this.#rows(range, measurement);
    return rows.map((row) => ({
      tags: tagsOf(row, range.seriesTags),
      startMs: msOf(row),
      revision: Number(row[ROLLUP_REVISION] ?? 0),
      values: row,
    }));
  }

  #rows({ region, contract, key, fromMs, toMs }: KeyRange, measurement: string): Promise<Row[]> {
    return this.#client.query(
      `SELECT * FROM ${quoteName(measurement)} WHERE "region" = ${quote(region)}` +
        ` AND ${quoteName(seriesTag(contract))} = ${quote(storedTag(key))}` +
        ` AND time >= ${fromMs}ms AND time < ${toMs}ms`,
    );
  }
}

/** A raw point as a reading. */
export const readingOf = ({ time, ...payload }: Row): StoredReading => ({
  device: String(payload["device"]),
  eventMs: Date.parse(String(time)),
  payload,
});

const msOf = ({ time }: Row): number => Date.parse(String(time));
