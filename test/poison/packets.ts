// Packets that no client should send: each ends its own connection, and nothing else.
import { RawClient } from "../support/mqtt-client.ts";
import { type Poison, rejectedAs, seen } from "./poison.ts";

const CLOSED_WITHIN_MS = 5_000;

/** Sends bytes on a connection of their own; it must be closed, and on MQTT 5 told why. */
const closing = (
  name: string,
  version: 4 | 5,
  bytes: readonly number[] | Buffer,
  code?: number,
): Poison => ({
  name: `${version === 5 ? "MQTT 5" : "MQTT 3.1.1"}: ${name}`,
  deliver: async ({ mqttPort }, id) => {
    using client = await RawClient.connect(mqttPort, { protocolVersion: version, clientId: id });
    client.socket.write(Buffer.from(bytes));
    await client.untilClosed(CLOSED_WITHIN_MS);
    const [disconnect] = client.of<{ cmd: "disconnect"; reasonCode?: number }>("disconnect");
    const said = disconnect?.reasonCode;
    if (code !== undefined && said !== code)
      throw new Error(`${name}: the code is ${said}, not ${code}`);
    return seen(`connection closed${said === undefined ? "" : `, 0x${said.toString(16)}`}`);
  },
});

/** The same before any CONNECT. */
const before = (name: string, bytes: readonly number[] | Buffer): Poison => ({
  name: `before CONNECT: ${name}`,
  deliver: async ({ mqttPort }) => {
    using client = await RawClient.open(mqttPort);
    client.socket.write(Buffer.from(bytes));
    await client.untilClosed(15_000);
    return seen("connection closed");
  },
});

const connect311 = (clientId: Buffer, flags = 0x02): Buffer =>
  Buffer.concat([
    Buffer.from([0x10, 12 + clientId.length, 0, 4]),
    Buffer.from("MQTT"),
    Buffer.from([4, flags, 0, 0, 0, clientId.length]),
    clientId,
  ]);

/** A PUBLISH at QoS 1 whose topic is these bytes. */
const publish = (topic: Buffer, version: 4 | 5): Buffer =>
  Buffer.concat([
    Buffer.from([0x32, 2 + topic.length + 2 + (version === 5 ? 1 : 0), 0, topic.length]),
    topic,
    Buffer.from(version === 5 ? [0, 1, 0] : [0, 1]),
  ]);

export const PACKETS: readonly Poison[] = [
  closing("PUBREL of length 0", 4, [0x62, 0x00]),
  closing("PUBREL of length 0", 5, [0x62, 0x00], 0x81),
  closing("PUBREC of length 0", 4, [0x50, 0x00]),
  closing("a PUBLISH at QoS 1 without an id", 4, [0x32, 0x03, 0x00, 0x01, 0x28]),
  closing("a PUBLISH at QoS 3", 5, [0x36, 0x05, 0x00, 0x01, 0x61, 0x00, 0x01]),
  closing("packet id 0", 5, [0x32, 0x06, 0x00, 0x01, 0x61, 0x00, 0x00, 0x00]),
  closing("a topic longer than its packet", 4, [0x30, 0x05, 0xff, 0xff, 0x61, 0x62, 0x63]),
  closing("a wildcard in a topic", 5, publish(Buffer.from("a/#"), 5)),
  closing("ill-formed UTF-8 in a topic", 4, publish(Buffer.from([0x61, 0xff, 0xfe]), 4)),
  closing("half of a surrogate pair in a topic", 5, publish(Buffer.from([0xed, 0xa0, 0x80]), 5)),
  closing("NUL in a topic", 4, publish(Buffer.from([0x61, 0x00]), 4)),
  closing("an empty topic without an alias", 5, publish(Buffer.alloc(0), 5)),
  closing("a length of five bytes", 4, [0x30, 0xff, 0xff, 0xff, 0xff, 0x01]),
  closing("256 MB announced", 5, [0x30, 0xff, 0xff, 0xff, 0x7f, 0x00, 0x01, 0x61]),
  closing("packet type 0", 4, [0x00, 0x00]),
  closing("AUTH in MQTT 3.1.1", 4, [0xf0, 0x00]),
  closing("CONNACK from a client", 4, [0x20, 0x02, 0x00, 0x00]),
  closing("a second CONNECT", 4, connect311(Buffer.from("again"))),
  closing("SUBSCRIBE with flags 0", 4, [0x80, 0x06, 0x00, 0x01, 0x00, 0x01, 0x61, 0x00]),
  closing("SUBSCRIBE to nothing", 4, [0x82, 0x02, 0x00, 0x01]),
  closing("SUBSCRIBE at QoS 3", 4, [0x82, 0x06, 0x00, 0x01, 0x00, 0x01, 0x61, 0x03]),
  closing("UNSUBSCRIBE of length 0", 5, [0xa2, 0x00]),
  closing("PINGREQ with a body", 4, [0xc0, 0x01, 0x00]),
  closing(
    "a property that a PUBLISH must not have",
    5,
    [0x32, 0x0b, 0x00, 0x01, 0x61, 0x00, 0x01, 0x05, 0x11, 0x00, 0x00, 0x00, 0x01],
  ),
  closing(
    "a topic alias of 0",
    5,
    [0x32, 0x09, 0x00, 0x01, 0x61, 0x00, 0x01, 0x03, 0x23, 0x00, 0x00],
  ),
  closing("properties cut off", 5, [0x32, 0x07, 0x00, 0x01, 0x61, 0x00, 0x01, 0x7f, 0x23]),
  before("HTTP", Buffer.from("GET / HTTP/1.1\r\nHost: a\r\n\r\n")),
  before("TLS", [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03, 0, 0, 0, 0]),
  before("a PUBLISH", [0x30, 0x03, 0x00, 0x01, 0x61]),
  before("another protocol", [0x10, 0x0c, 0x00, 0x04, 0x4d, 0x51, 0x54, 0x58, 4, 2, 0, 0, 0, 0]),
  before("a client id that is no UTF-8", connect311(Buffer.from([0xff, 0xfe]))),
  before("the reserved flag of CONNECT", connect311(Buffer.from("x"), 0x03)),
  {
    name: "a last will that is none",
    deliver: async ({ mqttPort }, id) => {
      const topic = `devices/${id}/telemetry/environment`;
      const will = { topic, payload: Buffer.from("gone"), qos: 1 as const, retain: false };
      const client = await RawClient.connect(mqttPort, { clientId: id, will });
      client.socket.destroy();
      return rejectedAs("not_json", id);
    },
  },
];
