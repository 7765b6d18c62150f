import type { IConnectPacket, Packet } from "mqtt-packet";
import { expect, test } from "vitest";
import { refusalOf } from "../../../../../cloud/console/mqtt/viewer-packets.ts";

const connect = (of: Partial<IConnectPacket> = {}): Packet => ({
  ...{ cmd: "connect", clientId: "console-1a2b3c", protocolVersion: 5, protocolId: "MQTT" },
  ...{ clean: true, keepalive: 60 },
  ...of,
});
const subscribe = (topic: string, qos: 0 | 1 | 2 = 0): Packet => ({
  ...{ cmd: "subscribe", messageId: 1, subscriptions: [{ topic, qos }] },
});

test("a viewer connects, listens, stops, and is heard of", () => {
  expect(refusalOf(connect(), true)).toBeNull();
  for (const topic of ["#", "devices/+/telemetry/#", "alerts/#", "a/$share/b"])
    expect(refusalOf(subscribe(topic), false)).toBeNull();
  const rest: Packet[] = [
    { cmd: "unsubscribe", messageId: 2, unsubscriptions: ["#"] },
    { cmd: "pingreq" },
    { cmd: "disconnect" },
  ];
  for (const packet of rest) expect(refusalOf(packet, false)).toBeNull();
});

test("a CONNECT that leaves something behind, takes something over, or names somebody is refused", () => {
  const will = { topic: "t", payload: Buffer.from("x"), qos: 0, retain: false } as const;
  const wrong: Partial<IConnectPacket>[] = [
    { will },
    { username: "boiler-7" },
    { password: Buffer.from("x") },
    { clean: false },
    { properties: { sessionExpiryInterval: 60 } },
    { properties: { authenticationMethod: "x" } },
    ...["", "boiler-7", "console-", "console-a/b", "Console-a", "console-é"].map((clientId) => ({
      clientId,
    })),
    { keepalive: 0 },
    { keepalive: 3_600 },
  ];
  for (const of of wrong) expect(refusalOf(connect(of), true), JSON.stringify(of)).not.toBeNull();
});

test("everything else is refused, in whatever state the connection is", () => {
  const publish: Packet = {
    cmd: "publish",
    topic: "t",
    payload: "x",
    qos: 0,
    dup: false,
    retain: false,
  };
  const others: Packet[] = [
    publish,
    ...(["puback", "pubrec", "pubrel", "pubcomp"] as const).map((cmd) => ({ cmd, messageId: 1 })),
    { cmd: "auth", reasonCode: 0 },
    { cmd: "pingresp" },
    { cmd: "connack", returnCode: 0, sessionPresent: false },
    { cmd: "suback", messageId: 1, granted: [0] },
    { cmd: "unsuback", messageId: 1, granted: [0] },
  ];
  for (const packet of others)
    for (const isFirst of [true, false])
      expect(refusalOf(packet, isFirst), packet.cmd).not.toBeNull();
  expect(refusalOf(connect(), false)).toMatch(/twice/);
  expect(refusalOf(subscribe("#"), true)).toMatch(/begins with CONNECT/);
});

test("nobody loses a message to a viewer, and none waits for one", () => {
  expect(refusalOf(subscribe("$share/group/#"), false)).toMatch(/others/);
  expect(refusalOf(subscribe("#", 1), false)).toMatch(/QoS 0/);
  const many = Array.from({ length: 21 }, (_, at) => ({ topic: `t/${at}`, qos: 0 as const }));
  const packet: Packet = { cmd: "subscribe", messageId: 1, subscriptions: many };
  expect(refusalOf(packet, false)).toMatch(/20 filters/);
});
