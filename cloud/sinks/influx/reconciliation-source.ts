// Counts of an hour's raw points in InfluxDB, and the place for what the comparison found.
import { escape } from "@influxdata/influxdb-client";
import { RECONCILIATION, rawMeasurement } from "../../../contracts/names/measurements.ts";
import type { Difference, ReconciliationSource } from "../sink.ts";
import { type InfluxClient, quote, quoteName } from "./client.ts";

const COUNT = "count_";

export class InfluxReconciliationSource implements ReconciliationSource {
  readonly name = "InfluxDB";
  readonly #client: Pick<InfluxClient, "query" | "write">;

  constructor(client: Pick<InfluxClient, "query" | "write">) {
    this.#client = client;
  }

  async countFields({
    region,
    contract,
    fromMs,
    toMs,
  }: Parameters<ReconciliationSource["countFields"]>[0]): Promise<Map<string, number>> {
    const [row = {}] = await this.#client.query(
      `SELECT count(*) FROM ${quoteName(rawMeasurement(contract))}` +
        ` WHERE "region" = ${quote(region)} AND time >= ${fromMs}ms AND time < ${toMs}ms`,
    );
    const counts = Object.entries(row).filter(([name]) => name.startsWith(COUNT));
    return new Map(counts.map(([name, count]) => [name.slice(COUNT.length), Number(count ?? 0)]));
  }

  async record(region: string, hourMs: number, differences: readonly Difference[]): Promise<void> {
    const lines = differences.map(
      ({ contract, readings, missing, surplus }) =>
        `${RECONCILIATION},region=${escape.tag(region)},contract=${escape.tag(contract)} ` +
        `readings=${readings}i,missing=${missing}i,surplus=${surplus}i ${hourMs}000000`,
    );
    if (lines.length > 0) await this.#client.write(lines);
  }
}
