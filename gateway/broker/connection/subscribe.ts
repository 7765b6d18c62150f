// SUBSCRIBE and UNSUBSCRIBE. Not aedes': its own answers with fewer codes than filters when two are
// equal, reorders numeric ones, stops the process on a filter named `__proto__`, stores refused
// subscriptions (and queues for them), and subscribes MQTT 3.1.1 clients to the literal `$share/…`.
import type { ISubscribePacket, ISubscription, IUnsubscribePacket } from "mqtt-packet";
import type { Connection } from "./connection.ts";
import type { Core } from "../core.ts";
import { REASON } from "../protocol/reason-codes.ts";
import type { Session } from "../session/session.ts";
import { isShared, isTopicFilter } from "../protocol/topic-rules.ts";
import { encode } from "../protocol/wire.ts";

/** The only failure that MQTT 3.1.1 knows (3.9.3). */
const FAILURE = 0x80;

export function subscribe(core: Core, connection: Connection, packet: ISubscribePacket): void {
  const version = connection.identity.protocolVersion;
  const session = connection.session!;
  const identifier: unknown = packet.properties?.subscriptionIdentifier;
  const identifierValid =
    identifier === undefined || (typeof identifier === "number" && identifier > 0); // [MQTT-3.8.3.2]
  if (!packet.messageId || packet.subscriptions.length === 0 || !identifierValid)
    return connection.close("protocol_error", REASON.protocolError); // [MQTT-3.8.3-2]
  const retained: (() => void)[] = [];
  const granted = packet.subscriptions.map((wanted) => {
    const problem = refusal(core, connection, session, wanted);
    if (problem !== null) return version === 5 ? problem : FAILURE;
    const options = {
      qos: wanted.qos,
      noLocal: wanted.nl === true,
      retainAsPublished: wanted.rap === true,
      identifier,
    };
    const isNew = core.sessions.subscribe(session, wanted.topic, options);
    // Retain Handling: 0 sends always, 1 to new subscriptions, 2 never (MQTT 5, 3.8.3.1).
    if (wanted.rh !== 2 && (wanted.rh !== 1 || isNew))
      retained.push(() => deliverRetained(core, session, wanted.topic));
    return wanted.qos;
  });
  // The subscription is stored before the client hears that it holds.
  core.store.commit();
  connection.write(encode({ cmd: "suback", messageId: packet.messageId, granted }, version));
  for (const deliver of retained) deliver();
}

/** Null when the filter is granted. */
function refusal(
  core: Core,
  connection: Connection,
  session: Session,
  { topic }: ISubscription,
): number | null {
  if (typeof topic === "string" && isShared(topic)) return REASON.sharedNotSupported;
  if (!isTopicFilter(topic, core.limits.topicLevelsMax)) return REASON.topicFilterInvalid;
  const allowed = core.handlers.authorizeSubscribe?.(connection.identity, topic) ?? true;
  if (!allowed) return REASON.notAuthorized;
  const known = session.subscriptions.has(topic);
  if (!known && session.subscriptions.size >= core.limits.subscriptionsMax)
    return REASON.quotaExceeded;
  return null;
}

function deliverRetained(core: Core, session: Session, filter: string): void {
  const subscription = session.subscriptions.get(filter);
  if (subscription) core.retained.deliver(subscription, filter);
}

export function unsubscribe(core: Core, connection: Connection, packet: IUnsubscribePacket): void {
  if (!packet.messageId || packet.unsubscriptions.length === 0)
    return connection.close("protocol_error", REASON.protocolError); // [MQTT-3.10.3-2]
  const granted = packet.unsubscriptions.map((filter) =>
    core.sessions.unsubscribe(connection.session!, filter) ? REASON.success : 0x11,
  );
  core.store.commit();
  connection.write(
    encode(
      { cmd: "unsuback", messageId: packet.messageId, granted },
      connection.identity.protocolVersion,
    ),
  );
}
