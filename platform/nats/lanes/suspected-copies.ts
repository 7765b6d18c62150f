// Copies of which a reader suspects that they differ from their region's log, in bucket `positions`.
import { POSITIONS_BUCKET, suspectKey } from "../../../contracts/names/subjects.ts";
import { Bucket } from "../client/bucket.ts";
import type { NatsConnection } from "../client/connection.ts";
import { textOf } from "../client/payload.ts";

/** Tells the steward that a copy may hold something else than its region's log at a sequence. */
export async function suspectCopy(
  connection: NatsConnection,
  region: string,
  seq: number,
): Promise<void> {
  const bucket = await Bucket.open(connection, POSITIONS_BUCKET);
  await bucket.put(suspectKey(region), String(seq));
}

/** The sequence last suspected; null if none ever was. */
export async function suspectedSeq(
  connection: NatsConnection,
  region: string,
): Promise<number | null> {
  const bucket = await Bucket.open(connection, POSITIONS_BUCKET);
  const record = await bucket.get(suspectKey(region));
  return record?.data ? Number(textOf(record.data)) : null;
}
