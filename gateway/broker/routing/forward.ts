// The way of an accepted publish to its subscribers, and to later ones through the retained store.
import { isReservedTopic } from "../../../contracts/names/topics.ts";
import type { Properties } from "../protocol/properties.ts";
import type { Holder } from "../session/holders.ts";
import type { Session, Subscription } from "../session/session.ts";
import type { Sessions } from "../session/sessions.ts";
import type { SharedGroup } from "../session/shared-groups.ts";
import type { StoredMessage } from "../session/session-store.ts";
import type { SubscriptionIndex } from "../session/subscription-index.ts";
import type { Retained } from "./retained.ts";

export interface Outgoing {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
  readonly properties: Properties | undefined;
}

/** The client that publishes. */
export interface Publisher {
  readonly clientId: string;
  readonly holder: Holder;
}

export class Forwarder {
  readonly #subscriptions: SubscriptionIndex<Subscription>;
  readonly #retained: Retained;
  readonly #shared: SubscriptionIndex<SharedGroup>;
  readonly #groups: SharedGroup[] = [];
  /** Reused by every call: forwarding does not nest, and most topics have no subscriber. */
  readonly #found: Subscription[] = [];

  constructor({ index, shared }: Pick<Sessions, "index" | "shared">, retained: Retained) {
    this.#subscriptions = index;
    this.#shared = shared;
    this.#retained = retained;
  }

  /**
   * `from` is absent for the gateway itself.
   * @returns the quota by which it is not retained, or null.
   */
  forward(outgoing: Outgoing, from: Publisher | undefined): string | null {
    const found = this.#found;
    found.length = 0;
    this.#subscriptions.match(outgoing.topic, found);
    const groups = this.#groups;
    groups.length = 0;
    this.#shared.match(outgoing.topic, groups);
    if (found.length === 0 && groups.length === 0 && !outgoing.retain) return null;
    const expirySeconds = outgoing.properties?.messageExpiryInterval;
    const message: StoredMessage = {
      topic: outgoing.topic,
      payload: outgoing.payload,
      qos: outgoing.qos,
      retain: outgoing.retain,
      properties: outgoing.properties,
      expiresAtMs: expirySeconds === undefined ? undefined : Date.now() + expirySeconds * 1000,
      byGateway: from === undefined,
      foreign: from !== undefined && !isReservedTopic(outgoing.topic),
    };
    const problem = message.retain ? this.#retained.store(message, from?.holder ?? null) : null;
    // [MQTT-3.8.3-3]: No Local keeps a client's own messages from it.
    const wanted = found.filter(
      ({ noLocal, foreignOnly, session }) =>
        (!noLocal || session.clientId !== from?.clientId) &&
        (!foreignOnly || message.foreign === true),
    );
    if (wanted.length === 1) deliver(message, wanted[0]!.session, wanted);
    else if (wanted.length > 0) deliverToMany(message, wanted);
    for (const group of groups) {
      const member = group.choose(message);
      if (member) deliver({ ...message, shared: member.filter }, member.session, [member]);
    }
    return problem;
  }
}

/** One copy per client, at the highest QoS that matches [MQTT-3.3.4-2]. */
function deliverToMany(message: StoredMessage, subscriptions: Subscription[]): void {
  const bySession = new Map<Session, Subscription[]>();
  for (const subscription of subscriptions) {
    const known = bySession.get(subscription.session);
    if (known) known.push(subscription);
    else bySession.set(subscription.session, [subscription]);
  }
  for (const [session, matching] of bySession) deliver(message, session, matching);
}

function deliver(message: StoredMessage, session: Session, matching: Subscription[]): void {
  session.retaining?.before(message.topic, matching);
  let qos: 0 | 1 | 2 = 0;
  let retain = false;
  let identifiers: number[] | undefined;
  for (const subscription of matching) {
    if (subscription.qos > qos) qos = subscription.qos;
    if (subscription.retainAsPublished) retain = message.retain; // [MQTT-3.3.1-13]
    if (subscription.identifier !== undefined) (identifiers ??= []).push(subscription.identifier);
  }
  if (message.qos < qos) qos = message.qos;
  session.outbound.deliver({ ...message, retain, identifiers }, qos);
}
