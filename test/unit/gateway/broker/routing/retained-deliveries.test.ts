import { setImmediate as turn } from "node:timers/promises";
import { expect, onTestFinished, test, vi } from "vitest";
import { RateLimit } from "../../../../../gateway/broker/connection/rate-limit.ts";
import { makeCounters } from "../../../../../gateway/broker/counters.ts";
import { type Limits, resolveLimits } from "../../../../../gateway/broker/options.ts";
import type { ConnectTerms } from "../../../../../gateway/broker/protocol/connect-terms.ts";
import { Forwarder } from "../../../../../gateway/broker/routing/forward.ts";
import { Retained } from "../../../../../gateway/broker/routing/retained.ts";
import { RetainedDeliveries } from "../../../../../gateway/broker/routing/retained-deliveries.ts";
import { type Holder, Holders } from "../../../../../gateway/broker/session/holders.ts";
import type { Peer } from "../../../../../gateway/broker/session/peer.ts";
import { openSessionStore } from "../../../../../gateway/broker/session/session-store.ts";
import { Sessions } from "../../../../../gateway/broker/session/sessions.ts";

/** Everything behind the connections, with clients that note the topics they get. */
function aBroker(overrides: Partial<Limits> = {}) {
  const limits = resolveLimits(overrides);
  const store = openSessionStore(undefined, (error) => {
    throw error;
  });
  const counters = makeCounters();
  const holders = new Holders(limits);
  const queued = { messages: 0, bytes: 0 };
  const ground = { store, limits, counters, holders, queued, logger: undefined, handlers: {} };
  const sessions = new Sessions(ground);
  const retained = new Retained(ground);
  const subscribeLimit = new RateLimit({
    perSecond: limits.subscribeRatePerSecond,
    burst: limits.subscribeBurst,
  });
  const deliveries = new RetainedDeliveries({ retained, subscribeLimit });
  const forwarder = new Forwarder(sessions, retained);
  onTestFinished(() => {
    deliveries.stop();
    store[Symbol.dispose]();
  });
  const publish = (topic: string, text: string, holder: Holder | null, retain = true): void => {
    forwarder.forward(
      { topic, payload: Buffer.from(text), qos: 1, retain, properties: undefined },
      holder ? { clientId: "publisher", holder } : undefined,
    );
  };
  const connect = (clientId: string, expirySeconds = 0) => {
    const got: string[] = [];
    const client = { unsent: 0, gone: false };
    const peer: Peer = {
      identity: { clientId, protocolVersion: 4 } as Peer["identity"],
      holder: holders.of(`record:${clientId}`),
      terms: {
        clientId,
        cleanStart: false,
        expirySeconds,
        receiveMaximum: 65_535,
        maximumPacketSize: Infinity,
      } as ConnectTerms,
      get open() {
        return !client.gone;
      },
      get gone() {
        return client.gone;
      },
      get unsentBytes() {
        return client.unsent;
      },
      answer: () => undefined,
      write: (bytes) => {
        // QoS 0 of MQTT 3.1.1: type, length of one byte, topic with two bytes of length, payload.
        const length = bytes.readUInt16BE(2);
        const topic = bytes.toString("utf8", 4, 4 + length);
        const id = (bytes[0]! & 6) === 0 ? 0 : 2;
        got.push(`${topic}=${bytes.toString("utf8", 4 + length + id)}`);
      },
      guarded: (work) => work(),
    };
    const session = sessions.open(peer);
    session.outbound.start(peer);
    const subscribe = (filter: string, qos: 0 | 1 | 2 = 0): void => {
      const options = { qos, noLocal: false, retainAsPublished: false, identifier: undefined };
      sessions.subscribe(session, filter, options, false);
      deliveries.begin(session.subscriptions.get(filter)!);
    };
    const leave = (): void => {
      client.gone = true;
      sessions.leave(peer, expirySeconds, Date.now());
    };
    return { got, client, session, subscribe, leave };
  };
  return { ...ground, sessions, retained, publish, connect, deliveries };
}

const many = (count: number): string[] => Array.from({ length: count }, (_, at) => `t/${at}`);

test("a few retained messages come at once, many in slices, each topic once", async () => {
  const { publish, connect } = aBroker();
  for (const topic of many(3000)) publish(topic, "1", null);
  const { got, subscribe } = connect("a");
  subscribe("t/7");
  expect(got).toEqual(["t/7=1"]);
  await turn();
  got.length = 0;
  subscribe("t/#");
  expect(got.length).toBeLessThanOrEqual(512);
  await vi.waitFor(() => expect(got).toHaveLength(3000), { interval: 1 });
  expect(new Set(got).size).toBe(3000);
});

test("between the slices others have their turn", async () => {
  const { publish, connect } = aBroker();
  for (const topic of many(3000)) publish(topic, "1", null);
  const busy = connect("busy");
  for (let at = 0; at < 50; at++) busy.subscribe(at === 0 ? "t/+" : `t/+/x${at}`);
  busy.subscribe("#");
  const other = connect("other");
  other.subscribe("t/1");
  await vi.waitFor(() => expect(other.got).toEqual(["t/1=1"]), { interval: 1 });
  expect(busy.got.length).toBeLessThan(3000);
});

test("no message overtakes what is retained on its topic, and what is retained later comes once", async () => {
  const { publish, connect } = aBroker();
  for (const topic of many(2000)) publish(topic, "old", null);
  const { got, subscribe } = connect("a");
  subscribe("t/+");
  const sent = got.length;
  expect(sent).toBeLessThan(1990);
  publish("t/1", "event", null, false);
  publish("t/1998", "event", null, false);
  publish("t/1999", "new", null);
  publish("t/2000", "added", null);
  await vi.waitFor(() => expect(got).toHaveLength(2003), { interval: 1 });
  const of = (topic: string): string[] => got.filter((one) => one.startsWith(`${topic}=`));
  expect(of("t/1")).toEqual(["t/1=old", "t/1=event"]);
  expect(of("t/1998")).toEqual(["t/1998=old", "t/1998=event"]);
  expect(of("t/1999")).toEqual(["t/1999=new"]);
  expect(of("t/2000")).toEqual(["t/2000=added"]);
});

test("a client that takes nothing gets nothing more, and all of it once it does", async () => {
  const { publish, connect, counters } = aBroker({ queuedMessagesMax: 100 });
  for (const topic of many(1000)) publish(topic, "1", null);
  const { got, client, session, subscribe } = connect("a", 60);
  client.unsent = 1_000_000;
  subscribe("t/#");
  for (let at = 0; at < 20; at++) await turn();
  expect(got).toEqual([]);
  client.unsent = 0;
  session.outbound.pump();
  await vi.waitFor(() => expect(got).toHaveLength(1000), { interval: 1 });
  // At QoS 1 it is what was not acknowledged that fills the queue.
  subscribe("t/+", 1);
  await vi.waitFor(() => expect(session.outbound.backlog.messages).toBe(50), { interval: 1 });
  for (let at = 0; at < 20; at++) await turn();
  expect(session.outbound.backlog.messages).toBe(50);
  for (let id = 1; id <= 1000; id++) {
    await vi.waitFor(() => expect(got.length).toBeGreaterThanOrEqual(1000 + id), { interval: 1 });
    session.outbound.puback(id);
  }
  await vi.waitFor(() => expect(got).toHaveLength(2000), { interval: 1 });
  expect(counters.dropped).toEqual({});
});

test("a client that leaves gets the rest into the session that it keeps, and none into one that is over", async () => {
  const { publish, connect, queued, sessions } = aBroker({ queuedMessagesMax: 2000 });
  for (const topic of many(1500)) publish(topic, "1", null);
  const kept = connect("kept", 60);
  kept.subscribe("t/#", 1);
  kept.leave();
  await vi.waitFor(() => expect(kept.session.outbound.backlog.messages).toBe(1500), {
    interval: 1,
  });
  const over = connect("over");
  over.subscribe("t/#", 1);
  over.leave();
  for (let at = 0; at < 20; at++) await turn();
  expect(over.session.retaining).toBeNull();
  expect(queued.messages).toBe(1500);
  // A filter that is given up, or subscribed to again, is not gone on with.
  const again = connect("again");
  again.subscribe("t/#");
  again.subscribe("t/#");
  sessions.unsubscribe(again.session, "t/#");
  const { length } = again.got;
  for (let at = 0; at < 20; at++) await turn();
  expect(again.got).toHaveLength(length);
});

test("whoever looks at more topics than it may waits, and nobody else", async () => {
  const { publish, connect } = aBroker({ subscribeRatePerSecond: 1000, subscribeBurst: 600 });
  for (const topic of many(1000)) publish(topic, "1", null);
  const greedy = connect("greedy");
  const startedMs = performance.now();
  greedy.subscribe("#");
  await turn();
  const other = connect("other");
  other.subscribe("t/#");
  await vi.waitFor(() => expect(other.got.length).toBeGreaterThan(500), { interval: 1 });
  await vi.waitFor(() => expect(greedy.got).toHaveLength(1000), { interval: 5, timeout: 3000 });
  expect(performance.now() - startedMs).toBeGreaterThan(300);
});

test("retained topics are bounded for one device and for all, and the gateway's own come beside them", () => {
  const { publish, retained, holders, counters } = aBroker({
    retainedMessagesMax: 10,
    deviceRetainedMax: 4,
  });
  const [a, b, c] = ["a", "b", "c"].map((id) => holders.of(`record:${id}`)) as [
    Holder,
    Holder,
    Holder,
  ];
  for (const [id, holder] of Object.entries({ a, b, c }))
    for (let at = 0; at < 6; at++) publish(`devices/${id}/${at}`, "1", holder);
  expect([a.retained, b.retained, c.retained]).toEqual([4, 4, 2]);
  expect(counters.dropped).toEqual({ device_retained_quota: 4, retained_quota: 4 });
  for (const topic of many(50)) publish(topic, "1", null);
  expect(retained.size).toBe(60);
  expect(retained.byGateway("t/#").size).toBe(50);
  // What is there already changes, whosever it is; the room counts for who has it.
  publish("devices/c/0", "2", a);
  publish("t/0", "2", a);
  expect(retained.message(retained.get("devices/c/0")!)?.payload.toString()).toBe("2");
  expect([a.retained, c.retained]).toEqual([4, 2]);
  publish("devices/a/0", "", a);
  publish("devices/c/0", "3", a);
  expect([a.retained, c.retained]).toEqual([4, 1]);
});

test("what is relayed is bounded by number and size, apart from devices' topics", () => {
  const { publish, retained, holders, counters } = aBroker({
    retainedMessagesMax: 2,
    deviceRetainedMax: 1,
    relayRetainedMax: 6,
    deviceRelayRetainedMax: 2,
    relayRetainedBytesMax: 20_000,
    deviceRelayRetainedBytesMax: 5_000,
  });
  const [a, b] = ["a", "b"].map((id) => holders.of(`record:${id}`)) as [Holder, Holder];
  for (const topic of ["x/1", "x/2", "x/3"]) publish(topic, "1", a);
  expect([a.relayRetained, a.retained]).toEqual([2, 0]);
  publish("devices/a/state", "on", a);
  expect([a.relayRetained, a.retained]).toEqual([2, 1]);
  expect(counters.dropped).toEqual({ device_relay_retained_quota: 1 });
  // One that grows over its bound is not taken, what was there stays; one that shrinks always fits.
  publish("x/1", "1".repeat(6_000), a);
  expect(retained.message(retained.get("x/1")!)?.payload.toString()).toBe("1");
  publish("x/1", "1".repeat(4_000), a);
  publish("x/1", "2".repeat(3_000), a);
  expect(retained.message(retained.get("x/1")!)?.payload.toString()).toBe("2".repeat(3_000));
  // Another's message in its place counts for whoever has room.
  publish("y/1", "1".repeat(4_000), b);
  publish("x/2", "2".repeat(900), b);
  expect([a.relayRetained, b.relayRetained]).toEqual([2, 1]);
  publish("x/2", "", b);
  expect([a.relayRetained, a.relayRetainedBytes < 3_500]).toEqual([1, true]);
  publish("x/1", "", a);
  expect([a.relayRetained, a.relayRetainedBytes]).toEqual([0, 0]);
});

test("what has expired makes room by itself", () => {
  const { publish, retained, holders } = aBroker();
  const holder = holders.of("record:a");
  publish("a", "1", holder);
  retained.get("a")!.expiresAtMs = 1;
  retained.sweep(2);
  expect([retained.size, holder.retained]).toEqual([0, 0]);
});
