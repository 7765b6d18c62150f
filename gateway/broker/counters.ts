// Counters of one broker, as `Broker.counters` shows them.
import type { BrokerCounters } from "./broker.ts";

export const makeCounters = (): BrokerCounters => ({
  connections: 0,
  packetsReceived: 0,
  packetsSent: 0,
  publishesReceived: 0,
  deliveries: 0,
  publishesHeld: 0,
  publishesHeldBytes: 0,
  closed: {},
  refused: {},
  filtersRefused: {},
  dropped: {},
  paused: {},
});

/** Adds one under a reason; reasons are words of this folder, so that their number is bounded. */
export const count = (table: Record<string, number>, reason: string): void => {
  table[reason] = (table[reason] ?? 0) + 1;
};
