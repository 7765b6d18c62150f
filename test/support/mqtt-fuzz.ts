// Packets from the grammar, whole and damaged, sent before and after CONNECT in any split, beside a
// bystander whose QoS 1 stream is measured. Everything random comes from the seed, so a failing run can
// be repeated.
import { connect as connectSocket } from "node:net";
import type { Packet } from "mqtt-packet";
import { RawClient, publishPacket } from "./mqtt-client.ts";
import {
  type Version,
  WRONG_PROTOCOLS,
  clientPacket,
  connectBytes,
  damaged,
} from "./mqtt-grammar.ts";
import { randomOf } from "./seed.ts";

const below = (random: () => number, bound: number): number => Math.floor(random() * bound);

const CLIENT_IDS = ["constructor", "__proto__", "toString", "", "fuzz-é", "x".repeat(300)];

function fuzzConnect(random: () => number, version: Version): Buffer {
  const id =
    random() < 0.15 ? CLIENT_IDS[below(random, CLIENT_IDS.length)]! : `fuzz-${below(random, 30)}`;
  const wrong = WRONG_PROTOCOLS[below(random, WRONG_PROTOCOLS.length)];
  return connectBytes(random, version, id, random() < 0.05 ? wrong : undefined);
}

/** Most packets are whole: a connection that dies on its first packet reaches nothing behind it. */
function nextPacket(random: () => number, version: Version): Buffer {
  const packet = random() < 0.02 ? fuzzConnect(random, version) : clientPacket(random, version);
  return random() < 0.9 ? packet : damaged(random, packet);
}

/** Sends `total` packets over short-lived sockets, most of them behind a good CONNECT. */
export async function fuzz(port: number, seed: number, total: number): Promise<void> {
  const random = randomOf(seed);
  let sent = 0;
  const lane = async (): Promise<void> => {
    while (sent < total) {
      const version = random() < 0.5 ? 4 : 5;
      const chunks: Buffer[] = [];
      if (random() < 0.9) {
        const connect = fuzzConnect(random, version);
        chunks.push(random() < 0.9 ? connect : damaged(random, connect));
      }
      for (let count = 1 + below(random, 20); count > 0 && sent < total; count--, sent++)
        chunks.push(nextPacket(random, version));
      const politely = random() < 0.5;
      await sendAndHangUp(port, inPieces(random, chunks), politely);
    }
  };
  await Promise.all(Array.from({ length: 8 }, lane));
}

/** All together, packet by packet, or cut at places that have nothing to do with packets. */
function inPieces(random: () => number, packets: Buffer[]): Buffer[] {
  const how = below(random, 3);
  if (how === 0) return packets;
  const all = Buffer.concat(packets);
  if (how === 1) return [all];
  const pieces: Buffer[] = [];
  for (let at = 0; at < all.length;) {
    const end = at + 1 + below(random, 40);
    pieces.push(all.subarray(at, end));
    at = end;
  }
  return pieces;
}

/** Writes piece by piece; then hangs up, with what came back unread. */
function sendAndHangUp(port: number, chunks: Buffer[], politely: boolean): Promise<void> {
  return new Promise((resolve) => {
    const socket = connectSocket(port, "127.0.0.1");
    socket.on("error", () => undefined);
    socket.once("close", () => resolve());
    socket.once("connect", () => {
      for (const chunk of chunks) socket.write(chunk);
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
