// Bucket `copies`: written at the hub, mirrored into every region.
import type { HubCopy } from "../../../contracts/messages/copy.ts";
import { COPIES_BUCKET, bucketStream } from "../../../contracts/names/subjects.ts";
import { Bucket } from "../client/bucket.ts";
import type { NatsConnection } from "../client/connection.ts";
import { jsonOf } from "../client/payload.ts";
import { Streams } from "../client/streams.ts";

/** Written at the hub only. */
export async function writeCopy(hub: NatsConnection, region: string, copy: HubCopy): Promise<void> {
  const bucket = await Bucket.open(hub, COPIES_BUCKET);
  await bucket.put(region, JSON.stringify(copy));
}

/** Says of regions that are new that the hub has nothing of them yet: what is listed here is known as a region. */
export async function nameRegions(hub: NatsConnection, regions: readonly string[]): Promise<void> {
  const bucket = await Bucket.open(hub, COPIES_BUCKET);
  const known = new Set(await regionsOf(new Streams(hub)));
  for (const region of regions)
    if (!known.has(region))
      await bucket.replace(region, JSON.stringify({ seq: 0, seenAtMs: Date.now() }), 0);
}

/** The regions that there are, as the hub says. */
export async function regionsOf(streams: Streams): Promise<string[]> {
  const prefix = `$KV.${COPIES_BUCKET}.`;
  const subjects = await streams.subjects(bucketStream(COPIES_BUCKET), `${prefix}>`);
  return [...subjects.keys()].map((subject) => subject.slice(prefix.length)).sort();
}

/** The newest word of the hub that is known here; null if it never said anything that is one. */
export async function readCopy(streams: Streams, region: string): Promise<HubCopy | null> {
  const said = await streams.newest(bucketStream(COPIES_BUCKET), `$KV.${COPIES_BUCKET}.${region}`);
  return said && copyOf(said.data);
}

/** Null for what is no copy: it is written anew with the next look at the copy, and keeps everything until then. */
function copyOf(data: Uint8Array): HubCopy | null {
  try {
    const copy = jsonOf<Partial<HubCopy> | null>(data);
    return Number.isFinite(copy?.seq) ? (copy as HubCopy) : null;
  } catch {
    return null;
  }
}
