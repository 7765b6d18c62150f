// Wills: they pass through the same admission as any publish.
//
// W1. A will refused by `publish` is gone unless it is relayed; one that is accepted is forwarded once.
// W2. It is its owner's, who is stored with it: whether it may still be said is up to `publish`.
// W3. A stored will whose client does not come back within the grace period after a restart is
//     published then: to its subscribers the client has been lost with the process.
import type { Logger } from "../../../platform/runtime/logger.ts";
import type { Refusal } from "../../ingest/message.ts";
import type { BrokerCounters, BrokerHandlers } from "../broker.ts";
import { count } from "../counters.ts";
import type { Will } from "../protocol/properties.ts";
import type { Sessions } from "../session/sessions.ts";
import type { SessionStore, StoredWill } from "../session/session-store.ts";
import type { Forwarder } from "./forward.ts";
import { Held, type Published, type Sender } from "./held.ts";

export interface WillsParts {
  readonly handlers: Pick<BrokerHandlers, "publish" | "ownerOf">;
  readonly forwarder: Forwarder;
  readonly sessions: Sessions;
  readonly store: SessionStore;
  readonly counters: BrokerCounters;
  readonly logger: Logger | undefined;
}

export class Wills {
  readonly #parts: WillsParts;
  /** Wills of a former process whose clients have not come back yet (W3). */
  readonly #orphans = new Map<string, StoredWill>();
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: WillsParts) {
    this.#parts = parts;
  }

  publish(sender: Sender, will: Will): void {
    const { handlers, forwarder, sessions, store, counters, logger } = this.#parts;
    const { clientId } = sender.identity;
    const held = new Held(sender, publishedWill(will));
    const settle = (refusal: Refusal | null, relayed = false): void => {
      if (held.settled) return;
      held.settled = true;
      if (!refusal || relayed) forwarder.forward(held, held);
      // Unless the client is back, with a will of its own in the same place.
      if (!sessions.isConnected(clientId)) store.deleteWill(clientId);
    };
    try {
      handlers.publish(held, settle);
    } catch (error) {
      logger?.error({ err: error, topic: will.topic, clientId }, "will failed");
      count(counters.dropped, "will_failed");
      held.settled = true;
    }
  }

  /** W3. */
  awaitClients(graceMs: number): void {
    const { store } = this.#parts;
    for (const stored of store.wills()) this.#orphans.set(stored.client, stored);
    this.#timer = setTimeout(() => {
      for (const stored of this.#orphans.values()) this.publish(this.#absent(stored), stored.will);
      this.#orphans.clear();
    }, graceMs);
    this.#timer.unref();
  }

  /** A client that comes back has replaced or dropped its will with its CONNECT. */
  cameBack(clientId: string): void {
    this.#orphans.delete(clientId);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  /** Nothing but its id, whose it was, and its session if it has one, is known of a client of a former process. */
  #absent({ client: clientId, owner }: StoredWill): Sender {
    const { handlers, sessions } = this.#parts;
    const whose = owner ?? handlers.ownerOf?.(clientId, null); // W2
    const identity = {
      ...{ clientId, device: undefined },
      ...{ principal: whose?.principal, grant: whose?.grant },
    };
    return { identity, holder: sessions.holderOf(clientId) };
  }
}

function publishedWill({ topic, payload, qos, retain, properties }: Will): Published {
  // The delay is an instruction to the server and no property of PUBLISH (MQTT 5, 3.1.3.2.2).
  const { willDelayInterval: _, ...rest } = properties ?? {};
  return {
    topic,
    payload,
    qos: qos ?? 0,
    retain: retain ?? false,
    properties: Object.keys(rest).length > 0 ? rest : undefined,
  };
}
