// First copies of readings that came again, looked up in InfluxDB by their sequence.
import { rawMeasurement } from "../../../contracts/names/measurements.ts";
import type { ConflictSource, StoredReading } from "../sink.ts";
import { type InfluxClient, quote, quoteName } from "./client.ts";
import { storedTag } from "./lines.ts";
import { readingOf } from "./repair-source.ts";

export class InfluxConflictSource implements ConflictSource {
  readonly #client: Pick<InfluxClient, "query">;

  constructor(client: Pick<InfluxClient, "query">) {
    this.#client = client;
  }

  async ofSequence({
    region,
    contract,
    device,
    sequence,
    fromMs,
    toMs,
  }: Parameters<ConflictSource["ofSequence"]>[0]): Promise<StoredReading[]> {
    const rows = await this.#client.query(
      `SELECT * FROM ${quoteName(rawMeasurement(contract.name))}` +
        ` WHERE "region" = ${quote(region)} AND "device" = ${quote(storedTag(device))}` +
        ` AND ${quoteName(contract.sequenceProperty!)} = ${sequence}` +
        ` AND time >= ${fromMs}ms AND time < ${toMs}ms`,
    );
    return rows.map(readingOf);
  }
}
