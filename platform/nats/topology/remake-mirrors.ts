// A region's copies of the hub's records, made again under the same names: they begin at the hub's first message.
import type { NatsConnection } from "nats";
import { Streams } from "../client/streams.ts";
import { ensureFeed } from "./apply-topology.ts";
import { regionFeeds } from "./live-readers.ts";
import { broadcastMirrors } from "./topology.ts";

/** @param connection to the region's server, as its administrator. */
export async function remakeMirrors(
  connection: NatsConnection,
  region: string,
  made: (stream: string) => void = () => undefined,
): Promise<void> {
  const manager = await connection.jetstreamManager();
  const streams = new Streams(connection);
  for (const spec of broadcastMirrors(region)) {
    if (await streams.find(spec.name)) await manager.streams.delete(spec.name);
    await manager.streams.add(spec);
    for (const feed of regionFeeds(region).filter(({ stream }) => stream === spec.name))
      await ensureFeed(manager, feed);
    made(spec.name);
  }
}
