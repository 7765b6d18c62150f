// The standing ledger, as a steward says it once a second.
import type { LiveProcess } from "../../../contracts/messages/live.ts";
import type { Ledger } from "../../../contracts/messages/ledger.ts";
import { liveProcesses } from "../../../contracts/names/subjects.ts";
import type { NatsConnection } from "../../../platform/nats/client/connection.ts";
import { followLive } from "../../../platform/nats/live/live-view.ts";
import { HUB } from "../../../platform/nats/topology/topology.ts";

/** The next word of a steward about the ledger; null if none comes in time. */
export async function ledgerOf(hub: NatsConnection, withinMs: number): Promise<Ledger | null> {
  const enough = new AbortController();
  const stop = AbortSignal.any([enough.signal, AbortSignal.timeout(withinMs)]);
  let ledger: Ledger | null = null;
  const heard = (message: { readonly v?: unknown }): void => {
    const { status } = message as Partial<LiveProcess>;
    if (status?.process !== "steward" || !Array.isArray(status.ledger?.rows)) return;
    // A steward of before the names has none.
    ledger = { ...status.ledger, named: (status.ledger as Partial<Ledger>).named ?? [] };
    enough.abort();
  };
  await followLive(hub, liveProcesses({ domain: HUB, kind: "steward" }), heard, stop);
  return ledger;
}
