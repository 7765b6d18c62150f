// What the connections of one broker share.
import type { Logger } from "../../platform/runtime/logger.ts";
import type { AedesBroker, AedesClient } from "./aedes/seam.ts";
import type { BrokerCounters, BrokerHandlers } from "./broker.ts";
import type { Connection } from "./connection/connection.ts";
import type { Retained } from "./routing/retained.ts";
import type { Limits } from "./options.ts";
import type { RateLimit } from "./connection/rate-limit.ts";
import type { SessionStore } from "./session/session-store.ts";
import type { Sessions } from "./session/sessions.ts";

export interface Core {
  readonly aedes: AedesBroker;
  readonly handlers: BrokerHandlers;
  readonly limits: Limits;
  readonly counters: BrokerCounters;
  readonly logger: Logger | undefined;
  readonly store: SessionStore;
  readonly sessions: Sessions;
  readonly retained: Retained;
  readonly rateLimit: RateLimit;
  readonly connections: Set<Connection>;
  readonly connectionOf: WeakMap<AedesClient, Connection>;
  /** Connections with answers to write at the end of this turn of the event loop. */
  readonly unflushed: Connection[];
  /** Connections not read because too much is held over all clients. */
  readonly waitingForRoom: Set<Connection>;
  /** CONNECTs are refused: the store is away. */
  refusing: boolean;
}

export const count = (table: Record<string, number>, reason: string): void => {
  table[reason] = (table[reason] ?? 0) + 1;
};

/** Writes a connection's answers, with everybody else's, at the end of this turn of the loop. */
export function flushSoon(core: Core, connection: Connection): void {
  if (core.unflushed.push(connection) === 1) setImmediate(flushAll, core);
}

function flushAll(core: Core): void {
  const { unflushed } = core;
  for (const connection of unflushed) connection.guarded(() => connection.flush());
  unflushed.length = 0;
}
