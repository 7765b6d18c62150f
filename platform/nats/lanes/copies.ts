// Bucket `copies`: written at the hub, mirrored into every region.
import { type JetStreamManager, type NatsConnection, NatsError } from "nats";
import type { HubCopy } from "../../../contracts/messages/copy.ts";
import { COPIES_BUCKET, bucketStream } from "../../../contracts/names/subjects.ts";

const NO_MESSAGE_FOUND = 10037;

/** Written at the hub only. */
export async function writeCopy(hub: NatsConnection, region: string, copy: HubCopy): Promise<void> {
  const bucket = await hub.jetstream().views.kv(COPIES_BUCKET, { bindOnly: true });
  await bucket.put(region, JSON.stringify(copy));
}

/** What the hub said last, as known here; null if it never said anything. */
export async function readCopy(manager: JetStreamManager, region: string): Promise<HubCopy | null> {
  try {
    const { data } = await manager.streams.getMessage(bucketStream(COPIES_BUCKET), {
      last_by_subj: `$KV.${COPIES_BUCKET}.${region}`,
    });
    return data.length === 0 ? null : (JSON.parse(Buffer.from(data).toString("utf8")) as HubCopy);
  } catch (error) {
    if (error instanceof NatsError && error.api_error?.err_code === NO_MESSAGE_FOUND) return null;
    throw error;
  }
}
