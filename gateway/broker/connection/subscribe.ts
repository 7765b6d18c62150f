// SUBSCRIBE and UNSUBSCRIBE. Not aedes': its own answers with fewer codes than filters when two are
// equal, reorders numeric ones, stops the process on a filter named `__proto__`, stores refused
// subscriptions (and queues for them), and subscribes MQTT 3.1.1 clients to the literal `$share/…`.
//
// A bridge that says so in its CONNECT hears nothing of its own, and hears RETAIN as it was published, as MQTT 5 has
// options for: Mosquitto does so for bridges of before.
//
// A SUBSCRIBE with a group that reads the region's log is answered when the log has a place for the group: whatever is
// acknowledged to a device after SUBACK is the group's. Packets behind it do not wait.
import type { ISubscribePacket, ISubscription, IUnsubscribePacket } from "mqtt-packet";
import type { BrokerCounters, BrokerHandlers } from "../broker.ts";
import { count } from "../counters.ts";
import type { LogRefusal } from "../log-reading.ts";
import type { Limits } from "../options.ts";
import type { Problem } from "../protocol/publish-rules.ts";
import { REASON } from "../protocol/reason-codes.ts";
import { isSubscribable, logGroupOf, sharedFilterOf } from "../protocol/topic-rules.ts";
import { encode } from "../protocol/wire.ts";
import type { RetainedDeliveries } from "../routing/retained-deliveries.ts";
import type { Session } from "../session/session.ts";
import type { Sessions } from "../session/sessions.ts";
import type { SessionStore } from "../session/session-store.ts";
import type { Source } from "./source.ts";

/** The only failure that MQTT 3.1.1 knows (3.9.3). */
const FAILURE = 0x80;

/** The codes of groups that cannot be had (MQTT 5, 3.9.3). */
const LOG_CODES: Readonly<Record<LogRefusal["reason"], number>> = {
  filter_invalid: REASON.topicFilterInvalid,
  group_quota: REASON.quotaExceeded,
  log_unavailable: REASON.implementationSpecific,
  since_invalid: REASON.implementationSpecific,
};

/** A problem with more words, where there are any. */
type Refusal = Problem & { readonly detail?: string };

export interface SubscribingParts {
  readonly handlers: Pick<BrokerHandlers, "authorizeSubscribe" | "log">;
  readonly limits: Pick<Limits, "topicLevelsMax" | "subscriptionsMax">;
  readonly sessions: Sessions;
  readonly deliveries: RetainedDeliveries;
  readonly counters: BrokerCounters;
  readonly store: SessionStore;
}

export class Subscribing {
  readonly #parts: SubscribingParts;

  constructor(parts: SubscribingParts) {
    this.#parts = parts;
  }

  subscribe(source: Source, session: Session, packet: ISubscribePacket): void {
    const identifier: unknown = packet.properties?.subscriptionIdentifier;
    const identifierValid =
      identifier === undefined || (typeof identifier === "number" && identifier > 0); // [MQTT-3.8.3.2]
    if (!packet.messageId || packet.subscriptions.length === 0 || !identifierValid)
      return source.close("protocol_error", REASON.protocolError); // [MQTT-3.8.3-2]
    const ofLog = packet.subscriptions.filter(({ topic }) => logGroupOf(topic) !== null);
    if (ofLog.length === 0) return this.#grant(source, session, packet, new Map());
    void this.#openGroups(source, session, packet, ofLog).then(
      (refused) => {
        if (!source.gone) source.guarded(() => this.#grant(source, session, packet, refused));
      },
      (error: unknown) => source.guarded(() => raise(error)),
    );
  }

  /** Groups that cannot be had, by filter. */
  async #openGroups(
    source: Source,
    session: Session,
    packet: ISubscribePacket,
    wanted: readonly ISubscription[],
  ): Promise<Map<string, Refusal>> {
    const refused = new Map<string, Refusal>();
    const { log } = this.#parts.handlers;
    for (const subscription of wanted) {
      // Nobody makes a group that may not read.
      if (typeof this.#refusal(source, session, subscription) !== "string") continue;
      const since = lastOf(packet.properties?.userProperties?.["since"]);
      const problem = log
        ? await log.open(logGroupOf(subscription.topic)!, since)
        : { reason: "filter_invalid" as const, detail: "there is no log to read" };
      if (problem)
        refused.set(subscription.topic, { ...problem, reasonCode: LOG_CODES[problem.reason] });
    }
    return refused;
  }

  #grant(
    source: Source,
    session: Session,
    packet: ISubscribePacket,
    refused: ReadonlyMap<string, Refusal>,
  ): void {
    const version = source.identity.protocolVersion;
    const identifier = packet.properties?.subscriptionIdentifier;
    const isOldBridge = version !== 5 && source.identity.bridge === true;
    let why: string | undefined;
    /** Filters whose retained messages follow. */
    const retained: string[] = [];
    const granted = packet.subscriptions.map((wanted) => {
      const problem = refused.get(wanted.topic) ?? this.#refusal(source, session, wanted);
      if (typeof problem !== "string") {
        why ??= problem.detail;
        count(this.#parts.counters.filtersRefused, problem.reason);
        return version === 5 ? problem.reasonCode : FAILURE;
      }
      const qos = logGroupOf(wanted.topic) ? lesser(wanted.qos, 1) : wanted.qos;
      const options = {
        qos,
        noLocal: wanted.nl === true || isOldBridge,
        retainAsPublished: wanted.rap === true || isOldBridge,
        identifier,
      };
      const isNew = this.#parts.sessions.subscribe(
        session,
        wanted.topic,
        options,
        problem === "foreign",
      );
      // Retain Handling: 0 sends always, 1 to new subscriptions, 2 never (MQTT 5, 3.8.3.1); what is shared gets
      // nothing that is retained (4.8.2).
      if (sharedFilterOf(wanted.topic)) return qos;
      if (wanted.rh !== 2 && (wanted.rh !== 1 || isNew)) retained.push(wanted.topic);
      return wanted.qos;
    });
    // The subscription is stored before the client hears that it holds.
    this.#parts.store.commit();
    source.write(subackOf(source, { messageId: packet.messageId ?? 0, granted }, why));
    for (const filter of retained) {
      const subscription = session.subscriptions.get(filter);
      if (subscription) this.#parts.deliveries.begin(subscription);
    }
  }

  unsubscribe(source: Source, session: Session, packet: IUnsubscribePacket): void {
    if (!packet.messageId || packet.unsubscriptions.length === 0)
      return source.close("protocol_error", REASON.protocolError); // [MQTT-3.10.3-2]
    const granted = packet.unsubscriptions.map((filter) =>
      this.#parts.sessions.unsubscribe(session, filter)
        ? REASON.success
        : REASON.noSubscriptionExisted,
    );
    this.#parts.store.commit();
    const version = source.identity.protocolVersion;
    source.write(encode({ cmd: "unsuback", messageId: packet.messageId, granted }, version));
  }

  /** The part of what the filter matches that is granted, or why it is refused. */
  #refusal(
    source: Source,
    session: Session,
    { topic }: ISubscription,
  ): Refusal | "all" | "foreign" {
    const { handlers, limits } = this.#parts;
    if (!isSubscribable(topic, limits.topicLevelsMax))
      return { reason: "filter_invalid", reasonCode: REASON.topicFilterInvalid };
    const wanted = sharedFilterOf(topic)?.filter ?? topic;
    const allowed = handlers.authorizeSubscribe?.(source.identity, wanted) ?? true;
    if (allowed === false) return { reason: "not_authorized", reasonCode: REASON.notAuthorized };
    const granted = allowed === "foreign" ? allowed : "all";
    const { subscriptions, holder } = session;
    if (subscriptions.has(topic)) return granted;
    if (subscriptions.size >= limits.subscriptionsMax)
      return { reason: "subscription_quota", reasonCode: REASON.quotaExceeded };
    if (holder.subscriptions >= holder.share.subscriptionsMax)
      return { reason: "device_subscription_quota", reasonCode: REASON.quotaExceeded };
    return granted;
  }
}

/** A SUBACK, with the reason in words where the client wants it [MQTT-3.1.2-29] and takes a packet as large [MQTT-3.9.2-1]. */
function subackOf(
  { identity: { protocolVersion }, terms }: Source,
  of: { messageId: number; granted: number[] },
  reasonString: string | undefined,
): Buffer {
  const suback = { cmd: "suback" as const, ...of };
  if (protocolVersion === 5 && terms.problemInformation && reasonString !== undefined) {
    const full = encode({ ...suback, properties: { reasonString } }, protocolVersion);
    if (full.length <= terms.maximumPacketSize) return full;
  }
  return encode(suback, protocolVersion);
}

const lesser = (qos: 0 | 1 | 2, most: 0 | 1 | 2): 0 | 1 | 2 => (qos < most ? qos : most);

const lastOf = (values: string | string[] | undefined): string | undefined =>
  Array.isArray(values) ? values.at(-1) : values;

const raise = (error: unknown): never => {
  throw error;
};
