// The last hour of a device's numbers, as small as a picture of it can be.
import { rawMeasurement } from "../../../contracts/names/measurements.ts";
import type { Contract } from "../../../contracts/schema/contract.ts";
import { quote, quoteName } from "../../sinks/influx/client.ts";
import { storedTag } from "../../sinks/influx/lines.ts";
import type { Hub } from "../hub.ts";

/** Points of one picture. */
export const SNAPSHOT_POINTS = 60;
const SPAN_MS = 3_600_000;
/** Fields that are asked for; a device has more on the page of its series. */
const FIELDS_MAX = 8;

interface Sparkline {
  readonly contract: string;
  readonly field: string;
  readonly points: readonly { readonly tMs: number; readonly mean: number | null }[];
}

/** Means by the minute; none without an InfluxDB, or while it does not answer. */
export async function sparkline(
  { influx, now }: Pick<Hub, "influx" | "now">,
  device: string,
  contracts: readonly Contract[],
): Promise<Sparkline[]> {
  if (!influx) return [];
  const stepMs = SPAN_MS / SNAPSHOT_POINTS;
  const untilMs = Math.floor(now() / stepMs) * stepMs;
  const lines: Sparkline[] = [];
  for (const { name, fields } of contracts) {
    const numbers = fields.filter(({ type }) => type === "number" || type === "integer");
    const asked = numbers.slice(0, FIELDS_MAX - lines.length);
    if (asked.length === 0) continue;
    const columns = asked.map((field, at) => `mean(${quoteName(field.name)}) AS "f${at}"`);
    const statement =
      `SELECT ${columns.join(", ")} FROM ${quoteName(rawMeasurement(name))} ` +
      `WHERE "device" = ${quote(storedTag(device))} AND time >= ${untilMs - SPAN_MS}ms AND time < ${untilMs}ms ` +
      `GROUP BY time(${stepMs}ms) fill(null)`;
    const rows = await influx.query(statement).catch(() => []);
    for (const [at, field] of asked.entries()) {
      const points = rows.map((row) => {
        const mean = row[`f${at}`];
        return {
          tMs: Date.parse(String(row["time"])),
          mean: typeof mean === "number" ? mean : null,
        };
      });
      if (points.some(({ mean }) => mean !== null))
        lines.push({ contract: name, field: field.name, points });
    }
  }
  return lines;
}
