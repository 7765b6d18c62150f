// A region's streams that begin anew although the hub has a copy of them: they go on behind it, so that no sequence is
// used again. The copy keeps what the region lost, and takes what comes as what follows.
import type { JetStreamManager } from "nats";
import { streamOrNull } from "../client/errors.ts";

/** @returns the last sequence of the copy behind which the empty stream goes on; null if there was nothing to do. */
export async function continueBehind(
  hub: JetStreamManager,
  region: JetStreamManager,
  stream: string,
): Promise<number | null> {
  const copy = await streamOrNull(hub.streams.info(stream));
  const own = await streamOrNull(region.streams.info(stream));
  if (!copy?.config.mirror || !own || own.state.last_seq > 0) return null;
  const { last_seq: seen } = copy.state;
  if (seen === 0) return null;
  // A purge up to a sequence that was not reached yet makes it the next one.
  await region.streams.purge(stream, { seq: seen + 1 });
  return seen;
}
