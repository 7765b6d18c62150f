// One MQTT session (MQTT 5, 4.1): what is known of a client between its connections.
import type { Owner } from "../../identity/login.ts";
import type { SharedFilter } from "../protocol/topic-rules.ts";
import { InboundSession } from "./inbound-session.ts";
import { LazyMap } from "./lazy-map.ts";
import type { Holder } from "./holders.ts";
import { Outbound } from "./outbound.ts";
import type { OutboundParts } from "./outbound-parts.ts";
import type { Peer } from "./peer.ts";
import type { Backlog, SubscriptionOptions } from "./session-store.ts";

export interface Subscription extends SubscriptionOptions {
  readonly filter: string;
  readonly session: Session;
  /** It gets nothing that is on a topic of ours. */
  readonly foreignOnly: boolean;
  /** Shared with other clients; null for one of its client alone. */
  readonly shared: SharedFilter | null;
}

/** Retained messages that are yet to be sent to a session that has subscribed. */
export interface Retaining {
  /** A message is about to be delivered to these subscriptions. */
  before(topic: string, subscriptions: readonly Subscription[]): void;
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
  /** Null but for a while after SUBSCRIBE. */
  retaining: Retaining | null = null;
  /** Kept for an absent client until then, in epoch milliseconds. */
  expiresAtMs: number | null = null;
  /** Lives in the store, to be resumed after the connection or the process. */
  readonly persistent: boolean;
  #holder: Holder;

  constructor(
    parts: OutboundParts,
    { clientId, persistent, holder }: { clientId: string; persistent: boolean; holder: Holder },
    backlog?: Backlog,
  ) {
    const { store } = parts;
    this.clientId = clientId;
    this.persistent = persistent;
    this.#holder = holder;
    holder.sessions++;
    this.outbound = new Outbound(parts, { clientId, persistent, holder }, backlog);
    this.inbound = persistent
      ? new InboundSession(store.receivedOf(clientId), {
          add: (messageId) => store.addReceived(clientId, messageId),
          remove: (messageId) => store.removeReceived(clientId, messageId),
        })
      : new InboundSession();
  }

  /** The one that it counts for. */
  get holder(): Holder {
    return this.#holder;
  }

  /** It counts for whoever resumes it. Not while its client is absent. */
  changeHolder(holder: Holder): void {
    const before = this.#holder;
    if (holder === before) return;
    this.#holder = holder;
    before.sessions--;
    holder.sessions++;
    before.subscriptions -= this.subscriptions.size;
    holder.subscriptions += this.subscriptions.size;
    this.outbound.changeHolder(holder);
  }
}
