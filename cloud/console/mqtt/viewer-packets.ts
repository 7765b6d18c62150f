// What a viewer's MQTT connection may send (pure): enough to listen, and nothing that anybody else would notice.
//
// X1. What is not named here is refused: no PUBLISH, nothing that acknowledges or authenticates, no second CONNECT.
// X2. The connection leaves nothing behind and takes nothing over: no will, no credential, no session that outlives it,
//     a client id that only pages have, in whose place the gateway gets one that nobody else has.
// X3. Listening takes no message from anybody: no shared subscription, whose members get each message once between them.
import type { IConnectPacket, ISubscribePacket, Packet } from "mqtt-packet";

/** Client ids of the console's pages. */
const CLIENT_ID = /^console-[\w-]{1,48}$/;
const FILTERS_MAX = 20;
const KEEPALIVE_S_MAX = 600;

const HARMLESS: ReadonlySet<Packet["cmd"]> = new Set(["unsubscribe", "pingreq", "disconnect"]);

/** The reason for which a packet of a viewer does not go on; null if it may. @param isFirst on its connection. */
export function refusalOf(packet: Packet, isFirst: boolean): string | null {
  if (isFirst !== (packet.cmd === "connect"))
    return isFirst ? "a connection begins with CONNECT" : "CONNECT came twice";
  if (packet.cmd === "connect") return connectRefusal(packet);
  if (packet.cmd === "subscribe") return subscribeRefusal(packet);
  return HARMLESS.has(packet.cmd) ? null : `a viewer sends no ${packet.cmd.toUpperCase()}`; // X1
}

/** X2 */
function connectRefusal(packet: IConnectPacket): string | null {
  const { clientId, clean, will, username, password, properties, keepalive } = packet;
  if (will) return "a viewer has no will, which would be published";
  if (username !== undefined || password !== undefined) return "a viewer shows no credential";
  if (clean !== true || (properties?.sessionExpiryInterval ?? 0) !== 0)
    return "a viewer has no session that outlives the connection";
  if (!CLIENT_ID.test(clientId)) return "the client id is not one of a page: console-…";
  if (properties?.authenticationMethod !== undefined) return "a viewer authenticates by no method";
  // Without one a connection that nobody reads is held until its session ends.
  if (!keepalive || keepalive > KEEPALIVE_S_MAX)
    return `a viewer is heard of at least every ${KEEPALIVE_S_MAX} s`;
  return null;
}

function subscribeRefusal({ subscriptions }: ISubscribePacket): string | null {
  if (subscriptions.length > FILTERS_MAX) return `more than ${FILTERS_MAX} filters at once`;
  for (const { topic, qos } of subscriptions) {
    if (topic.startsWith("$share/")) return "a shared subscription takes messages from others"; // X3
    // Anything above would have to be acknowledged, and fills a queue while it is not.
    if (qos !== 0) return "a viewer listens with QoS 0";
  }
  return null;
}
