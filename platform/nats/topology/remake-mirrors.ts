// A region's copies of the hub's records, made again under the same names: they begin at the hub's first message.
import type { NatsConnection } from "nats";
import { ensureFeed } from "./apply-topology.ts";
import { outAccount } from "./crossings.ts";
import { regionFeeds } from "./live-readers.ts";
import { administered, managerOf, streamConfig } from "./places.ts";
import { HUB, broadcastMirrors, recordRelays } from "./topology.ts";

/**
 * The hub's copies of its own records that a region takes its own from: before those, because they follow what the hub had.
 * @param hub as its administrator.
 */
export async function remakeRelays(hub: NatsConnection, region: string): Promise<void> {
  const manager = await managerOf({ hub }, { name: HUB, account: outAccount(region) });
  for (const spec of recordRelays(region)) {
    const found = await streamConfig(manager, spec.name);
    if (found) await manager.streams.delete(spec.name);
    await manager.streams.add({ ...spec, num_replicas: found?.num_replicas ?? 1 });
  }
}

/** @param connection to the region's server, as its administrator. */
export async function remakeMirrors(
  connection: NatsConnection,
  region: string,
  made: (stream: string) => void = () => undefined,
): Promise<void> {
  const manager = await administered(connection);
  for (const spec of broadcastMirrors(region)) {
    const found = await streamConfig(manager, spec.name);
    if (found) await manager.streams.delete(spec.name);
    await manager.streams.add({ ...spec, num_replicas: found?.num_replicas ?? 1 });
    for (const feed of regionFeeds(region).filter(({ stream }) => stream === spec.name))
      await ensureFeed(manager, feed);
    made(spec.name);
  }
}
