// All streams of a server, those too that it does not list: at the hub the mirrors of each region are in an account of their own.
import type { StreamState, Streams } from "../client/streams.ts";
import { regionsOf } from "../lanes/copies.ts";
import { HUB_ACCOUNT, accountOfStream, mirroredStreams } from "./crossings.ts";
import { HUB } from "./topology.ts";

export interface HeldStream extends StreamState {
  readonly account: string;
}

/**
 * What the hub holds for regions to copy is left out: it is its own records once more.
 * @param domain `hub` or a region.
 */
export async function heldStreams(streams: Streams, domain: string): Promise<HeldStream[]> {
  const held = (await streams.list()).map((state) => ({ ...state, account: HUB_ACCOUNT }));
  const regions = domain === HUB ? await regionsOf(streams) : [];
  for (const name of regions.flatMap(mirroredStreams)) {
    if (held.some((one) => one.name === name)) continue;
    const state = await streams.find(name);
    if (state) held.push({ ...state, account: accountOfStream(name, regions) });
  }
  return held;
}
