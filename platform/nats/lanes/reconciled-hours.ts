// The last hour for which log and sink were compared, by region, in bucket `positions`.
import { POSITIONS_BUCKET, reconciledKey } from "../../../contracts/names/subjects.ts";
import { Bucket } from "../client/bucket.ts";
import type { NatsConnection } from "../client/connection.ts";
import { textOf } from "../client/payload.ts";

/** The last hour of a region that was reconciled, epoch ms; null if none was, or what is there is no time. */
export async function reconciledHour(
  connection: NatsConnection,
  region: string,
): Promise<number | null> {
  const bucket = await Bucket.open(connection, POSITIONS_BUCKET);
  const record = await bucket.get(reconciledKey(region));
  const hourMs = record?.data ? Number(textOf(record.data)) : NaN;
  return Number.isSafeInteger(hourMs) ? hourMs : null;
}

export async function saveReconciledHour(
  connection: NatsConnection,
  region: string,
  hourMs: number,
): Promise<void> {
  const bucket = await Bucket.open(connection, POSITIONS_BUCKET);
  await bucket.put(reconciledKey(region), String(hourMs));
}
