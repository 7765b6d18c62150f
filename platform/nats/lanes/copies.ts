// Bucket `copies`: written at the hub, mirrored into every region.
import type { HubCopy } from "../../../contracts/messages/copy.ts";
import { COPIES_BUCKET, bucketStream } from "../../../contracts/names/subjects.ts";
import { Bucket } from "../client/bucket.ts";
import type { NatsConnection } from "../client/connection.ts";
import { jsonOf } from "../client/payload.ts";
import type { Streams } from "../client/streams.ts";

/** Written at the hub only. */
export async function writeCopy(hub: NatsConnection, region: string, copy: HubCopy): Promise<void> {
  const bucket = await Bucket.open(hub, COPIES_BUCKET);
  await bucket.put(region, JSON.stringify(copy));
}

/** The newest word of the hub that is known here; null if it never said anything that is one. */
export async function readCopy(streams: Streams, region: string): Promise<HubCopy | null> {
  const said = await streams.newest(bucketStream(COPIES_BUCKET), `$KV.${COPIES_BUCKET}.${region}`);
  return said && copyOf(said.data);
}

/** Null for what is none: it is written anew with the next look at the copy, and keeps everything until then. */
function copyOf(data: Uint8Array): HubCopy | null {
  try {
    const copy = jsonOf<Partial<HubCopy> | null>(data);
    return Number.isFinite(copy?.seq) ? (copy as HubCopy) : null;
  } catch {
    return null;
  }
}
