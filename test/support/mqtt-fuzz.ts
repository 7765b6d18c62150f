// Seeded mutations of MQTT packets, sent before and after CONNECT, beside a bystander whose QoS 1
// stream is measured. Everything random comes from the seed, so a failing run can be repeated.
import { connect as connectSocket } from "node:net";
import * as mqttPacket from "mqtt-packet";
import type { Packet } from "mqtt-packet";
import { RawClient, connectPacket, publishPacket } from "./mqtt-client.ts";
import { randomOf } from "./seed.ts";

const NASTY = ["constructor", "__proto__", "toString", "", "#", "+", "a/#/b", "$SYS/x", "$share/g/t", "\0", "a/".repeat(120)]; // prettier-ignore
const below = (random: () => number, bound: number): number => Math.floor(random() * bound);
const pick = <T>(random: () => number, from: readonly T[]): T => from[below(random, from.length)]!;

/** Well-formed packets around which the mutations are made. */
function seedPacket(random: () => number, protocolVersion: 4 | 5): Packet {
  const name = random() < 0.15 ? pick(random, NASTY) : `fuzz/${below(random, 20)}`;
  const messageId = random() < 0.02 ? 0 : 1 + below(random, 20);
  const qos = below(random, 3) as 0 | 1 | 2;
  const properties = {
    topicAlias: 1 + below(random, 17),
    messageExpiryInterval: below(random, 5),
    responseTopic: name,
    correlationData: Buffer.from(name),
    userProperties: { [name]: name, traceparent: "x" },
  };
  const reasonCode = random() < 0.9 ? 0 : pick(random, [0x10, 0x80, 0x92]);
  if (random() < 0.02)
    return {
      cmd: "disconnect",
      reasonCode,
      properties: { sessionExpiryInterval: below(random, 3) },
    };
  if (random() < 0.02) return fuzzConnect(random, protocolVersion);
  if (random() < 0.4) return publishPacket({ topic: name, qos, messageId, payload: name });
  const packets: Packet[] = [
    publishPacket({ topic: name, qos, messageId, payload: name, retain: random() < 0.2, ...(random() < 0.5 ? { properties } : {}) }), // prettier-ignore
    { cmd: "pubrel", messageId, reasonCode },
    { cmd: "puback", messageId, reasonCode },
    { cmd: "pubrec", messageId, reasonCode },
    { cmd: "pubcomp", messageId, reasonCode },
    { cmd: "subscribe", messageId, subscriptions: [{ topic: name, qos }, { topic: pick(random, NASTY), qos }] }, // prettier-ignore
    { cmd: "unsubscribe", messageId, unsubscriptions: [name, pick(random, NASTY)] },
    { cmd: "pingreq" },
  ];
  return pick(random, packets);
}

function fuzzConnect(random: () => number, protocolVersion: 4 | 5): Packet {
  const id = random() < 0.15 ? pick(random, NASTY) : `fuzz-${below(random, 30)}`;
  const will = { topic: random() < 0.3 ? pick(random, NASTY) : "fuzz/will", payload: Buffer.from("w"), qos: 1 as const, retain: true }; // prettier-ignore
  return connectPacket({
    protocolVersion,
    clientId: id,
    clean: id === "" || random() < 0.5,
    keepalive: below(random, 3),
    ...(random() < 0.3 ? { will } : {}),
    ...(protocolVersion === 5
      ? { properties: { sessionExpiryInterval: below(random, 4), receiveMaximum: 1 + below(random, 9) } } // prettier-ignore
      : {}),
  });
}

function encoded(random: () => number, packet: Packet, protocolVersion: 4 | 5): Buffer {
  try {
    return mqttPacket.generate(packet, { protocolVersion });
  } catch {
    return Buffer.from([below(random, 256), below(random, 256), below(random, 256)]);
  }
}

/** One packet, as it should not be: bits flipped, bytes cut, added or repeated, lengths wrong. */
export function mutatedPacket(random: () => number, protocolVersion: 4 | 5): Buffer {
  let bytes = encoded(random, seedPacket(random, protocolVersion), protocolVersion);
  // Most stay whole: a connection that dies on its first packet reaches nothing behind it.
  for (let round = random() < 0.9 ? 0 : 1 + below(random, 2); round > 0; round--) {
    const at = below(random, bytes.length);
    const kind = below(random, 6);
    if (kind === 0) bytes[at]! ^= 1 << below(random, 8);
    else if (kind === 1) bytes[at] = below(random, 256);
    else if (kind === 2)
      bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from([below(random, 256)]), bytes.subarray(at)]); // prettier-ignore
    else if (kind === 3 && bytes.length > 2) bytes = bytes.subarray(0, Math.max(2, at));
    else if (kind === 4 && bytes.length > 1) bytes[1] = below(random, 256);
    else bytes = Buffer.concat([bytes, bytes]);
    if (bytes.length === 0) bytes = Buffer.from([below(random, 256)]);
  }
  return bytes;
}

/** Sends `total` mutated packets over short-lived sockets, half of them behind a good CONNECT. */
export async function fuzz(port: number, seed: number, total: number): Promise<void> {
  const random = randomOf(seed);
  let sent = 0;
  const lane = async (): Promise<void> => {
    while (sent < total) {
      const protocolVersion = random() < 0.5 ? 4 : 5;
      const chunks: Buffer[] = [];
      if (random() < 0.8)
        chunks.push(encoded(random, fuzzConnect(random, protocolVersion), protocolVersion));
      for (let count = 1 + below(random, 20); count > 0 && sent < total; count--, sent++)
        chunks.push(mutatedPacket(random, protocolVersion));
      await sendAndHangUp(port, chunks, { together: random() < 0.5, politely: random() < 0.5 });
    }
  };
  await Promise.all(Array.from({ length: 8 }, lane));
}

/** In one write or packet by packet; then hangs up, with what came back unread. */
function sendAndHangUp(
  port: number,
  chunks: Buffer[],
  { together, politely }: { together: boolean; politely: boolean },
): Promise<void> {
  return new Promise((resolve) => {
    const socket = connectSocket(port, "127.0.0.1");
    socket.on("error", () => undefined);
    socket.once("close", () => resolve());
    socket.once("connect", () => {
      if (together) socket.write(Buffer.concat(chunks));
      else for (const chunk of chunks) socket.write(chunk);
      // Half hang up in order, so that all they sent is handled; half vanish in the middle of it.
      const timer = setTimeout(() => socket.destroy(), 200);
      socket.once("close", () => clearTimeout(timer));
      socket.once("data", () => {
        if (politely) socket.end();
        else setTimeout(() => socket.destroy(), 5);
      });
      socket.resume();
    });
  });
}

export interface BystanderReport {
  published: number;
  /** Numbers that the subscriber missed, heard twice or heard out of order. */
  faults: number;
  /** From publish to PUBACK, and from publish to the subscriber. */
  ackMs: Latencies;
  deliveryMs: Latencies;
}

interface Latencies {
  p50: number;
  p99: number;
  max: number;
}

/** A QoS 1 stream of numbers, 200 a second, from one client to another until `signal` aborts. */
export async function runBystander(port: number, signal: AbortSignal): Promise<BystanderReport> {
  using subscriber = await RawClient.connect(port, { clientId: "bystander-sub" });
  subscriber.send({
    cmd: "subscribe",
    messageId: 1,
    subscriptions: [{ topic: "bystander/stream", qos: 1 }],
  });
  await subscriber.until((packet) => packet.cmd === "suback");
  using publisher = await RawClient.connect(port, { clientId: "bystander-pub" });
  const sentAt: number[] = [];
  const ackMs: number[] = [];
  const deliveryMs: number[] = [];
  const heard: number[] = [];
  watch(publisher, (packet) => {
    if (packet.cmd === "puback") ackMs.push(performance.now() - sentAt[ackMs.length]!);
  });
  watch(subscriber, (packet) => {
    if (packet.cmd !== "publish") return;
    const number = Number(packet.payload.toString());
    heard.push(number);
    deliveryMs.push(performance.now() - sentAt[number]!);
    subscriber.send({ cmd: "puback", messageId: packet.messageId! });
  });
  while (!signal.aborted) {
    const number = sentAt.length;
    sentAt.push(performance.now());
    publisher.send(
      publishPacket({
        topic: "bystander/stream",
        payload: `${number}`,
        messageId: (number % 65_535) + 1,
      }),
    );
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const deadline = performance.now() + 10_000;
  while (heard.length < sentAt.length && performance.now() < deadline && !publisher.closed)
    await new Promise((resolve) => setTimeout(resolve, 20));
  const faults =
    Math.abs(heard.length - sentAt.length) +
    heard.filter((number, index) => number !== index).length +
    (sentAt.length - ackMs.length);
  return {
    published: sentAt.length,
    faults,
    ackMs: latencies(ackMs),
    deliveryMs: latencies(deliveryMs),
  };
}

function watch(client: RawClient, onPacket: (packet: Packet) => void): void {
  let seen = client.packets.length;
  client.socket.on("data", () => {
    for (; seen < client.packets.length; seen++) onPacket(client.packets[seen]!);
  });
}

function latencies(values: number[]): Latencies {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    Math.round((sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0) * 10) /
    10;
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}
