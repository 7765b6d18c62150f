// A process of publishers and their subscribers: `node load.ts SPEC`, SPEC a `RelaySpec` as JSON. It answers on stdout with `RelayFigures`.
import { setTimeout as sleep } from "node:timers/promises";
import { build } from "hdr-histogram-js";
import * as mqttPacket from "mqtt-packet";
import { percentilesMs } from "../ingest/measure.ts";
import { RelayClient } from "./client.ts";
import type { RelayFigures, RelaySpec } from "./protocol.ts";

/** Room for a time in ms with three decimals, and for the number of the message. */
const [TIME_CHARS, NUMBER_CHARS, PAYLOAD_BYTES] = [20, 12, 100];
const PACE_EVERY_MS = 2;
const STRAGGLERS_WITHIN_MS = 5_000;

const spec = JSON.parse(process.argv[2]!) as RelaySpec;
const latency = build({
  lowestDiscernibleValue: 1,
  highestTrackableValue: 60e6,
  numberOfSignificantValueDigits: 3,
});
let [measured, outOfOrder] = [0, 0];
let [measureFromMs, endMs] = [Infinity, Infinity];

class Pair {
  sent = 0;
  delivered = 0;
  acknowledged = 0;
  readonly #publisher: RelayClient;
  readonly #message: Buffer;
  readonly #identifierAt: number;

  constructor(publisher: RelayClient, subscriber: RelayClient, topic: string) {
    const payload = Buffer.alloc(PAYLOAD_BYTES, "x");
    this.#message = mqttPacket.generate({
      ...{ cmd: "publish", topic, payload, qos: 1, messageId: 1, dup: false, retain: false },
    });
    this.#identifierAt = this.#message.length - PAYLOAD_BYTES - 2;
    this.#publisher = publisher;
    publisher.onPuback = () => {
      this.acknowledged += 1;
      this.refill();
    };
    subscriber.onPublish = (received) => this.#take(received);
  }

  publish(dueMs: number): void {
    const at = this.#message.length - PAYLOAD_BYTES;
    this.#message.write(dueMs.toFixed(3).padStart(TIME_CHARS), at, "latin1");
    this.#message.write(String(this.sent).padStart(NUMBER_CHARS), at + TIME_CHARS, "latin1");
    this.sent += 1;
    this.#publisher.publish(this.#message, this.#identifierAt);
  }

  /** Without a rate: as long as fewer are on their way than the window has, at either end. */
  refill(): void {
    if (spec.ratePerSecond !== null || performance.now() >= endMs) return;
    while (this.sent - Math.min(this.acknowledged, this.delivered) < spec.window)
      this.publish(performance.now());
  }

  #take(payload: Buffer): void {
    const nowMs = performance.now();
    const dueMs = Number(payload.toString("latin1", 0, TIME_CHARS));
    const number = Number(payload.toString("latin1", TIME_CHARS, TIME_CHARS + NUMBER_CHARS));
    if (number !== this.delivered) outOfOrder += 1;
    this.delivered = number + 1;
    if (nowMs >= measureFromMs && nowMs < endMs) {
      measured += 1;
      latency.recordValue(Math.max(1, Math.round((nowMs - dueMs) * 1_000)));
    }
    this.refill();
  }
}

async function open(at: number): Promise<Pair> {
  const topic = `relay/pair-${at}`;
  const { port, isDurable } = spec;
  const subscriber = await RelayClient.connect({ port, clientId: `sub-${at}`, clean: !isDurable });
  await subscriber.subscribe(topic);
  const publisher = await RelayClient.connect({ port, clientId: `pub-${at}`, clean: true });
  return new Pair(publisher, subscriber, topic);
}

async function openSlow(): Promise<void> {
  const slow = await RelayClient.connect({ port: spec.port, clientId: "slow", clean: false });
  await slow.subscribe("relay/#");
  slow.socket.pause();
}

/** By a schedule, whatever comes back (no coordinated omission). */
async function pace(pairs: readonly Pair[], perSecond: number, startMs: number): Promise<void> {
  for (let next = 0; ;) {
    const nowMs = performance.now();
    if (nowMs >= endMs) return;
    const due = Math.floor(((nowMs - startMs) * perSecond) / 1_000);
    for (; next < due; next++)
      pairs[next % pairs.length]!.publish(startMs + (next * 1_000) / perSecond);
    await sleep(PACE_EVERY_MS);
  }
}

const pairs: Pair[] = [];
for (let at = 0; at < spec.pairs; at++) pairs.push(await open(at));
if (spec.hasSlow) await openSlow();
const startMs = performance.now();
measureFromMs = startMs + spec.warmupSeconds * 1_000;
endMs = measureFromMs + spec.seconds * 1_000;
if (spec.ratePerSecond === null) {
  for (const pair of pairs) pair.refill();
  await sleep(endMs - performance.now());
} else await pace(pairs, spec.ratePerSecond, startMs);
const sum = (of: (pair: Pair) => number): number => pairs.reduce((all, one) => all + of(one), 0);
const untilMs = performance.now() + STRAGGLERS_WITHIN_MS;
while (sum(({ sent, delivered }) => sent - delivered) > 0 && performance.now() < untilMs)
  await sleep(20);
const figures: RelayFigures = {
  perSecond: measured / spec.seconds,
  published: sum(({ sent }) => sent),
  delivered: sum(({ delivered }) => delivered),
  outOfOrder,
  deliveryMs: percentilesMs(latency),
};
process.stdout.write(JSON.stringify(figures), () => process.exit());
