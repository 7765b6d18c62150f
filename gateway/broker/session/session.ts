// One MQTT session (MQTT 5, 4.1): what is known of a client between its connections.
import type { Owner } from "../../identity/login.ts";
import { InboundSession } from "./inbound-session.ts";
import { LazyMap } from "./lazy-map.ts";
import { Outbound, type OutboundParts } from "./outbound.ts";
import type { Peer } from "./peer.ts";
import type { Backlog, SubscriptionOptions } from "./session-store.ts";

export interface Subscription extends SubscriptionOptions {
  readonly session: Session;
}

export class Session {
  readonly clientId: string;
  readonly subscriptions = new LazyMap<string, Subscription>();
  readonly outbound: Outbound;
  readonly inbound: InboundSession;
  /** The connection that has it; null while its client is absent. */
  peer: Peer | null = null;
  /** The client that it is of, by record and rights. */
  owner: Owner = { principal: undefined, grant: undefined };
  /** Kept for an absent client until then, in epoch milliseconds. */
  expiresAtMs: number | null = null;
  /** Lives in the store, to be resumed after the connection or the process. */
  readonly persistent: boolean;

  constructor(parts: OutboundParts, clientId: string, persistent: boolean, backlog?: Backlog) {
    const { store } = parts;
    this.clientId = clientId;
    this.persistent = persistent;
    this.outbound = new Outbound(parts, clientId, persistent, backlog);
    this.inbound = persistent
      ? new InboundSession(store.receivedOf(clientId), {
          add: (messageId) => store.addReceived(clientId, messageId),
          remove: (messageId) => store.removeReceived(clientId, messageId),
        })
      : new InboundSession();
  }
}
