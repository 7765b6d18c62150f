import { expect, test } from "vitest";
import {
  type BridgeClient,
  BridgeMemory,
  type BridgeValue,
  type BridgeValues,
} from "../../../../gateway/ingest/bridge-memory.ts";
import type { Message, Refusal } from "../../../../gateway/ingest/message.ts";

const TOPIC = "shellies/shellyht-1/sensor/temperature";

/** A gateway in miniature: `send` says whether a message went on to be a reading. */
function world(clientIds: readonly RegExp[] = [], values: BridgeValues | null = null) {
  let nowMs = 0;
  const memory = new BridgeMemory({
    isBridge: (principal) => principal.startsWith("bridge"),
    clientIds,
    values,
    clock: () => nowMs,
  });
  const send = (
    client: BridgeClient,
    payload: string,
    of: Partial<Message> & { refused?: Refusal } = {},
  ): boolean => {
    const { refused = null, ...rest } = of;
    const answers: (Refusal | null)[] = [];
    const goOn = memory.watch(
      {
        ...client,
        topic: TOPIC,
        payload: Buffer.from(payload),
        qos: 1,
        retain: true,
        traceparent: undefined,
        contentType: undefined,
        ...rest,
      },
      (refusal) => answers.push(refusal),
    );
    goOn?.(refused);
    expect(answers).toEqual([goOn ? refused : null]);
    return goOn !== null;
  };
  const reconnect = (client: BridgeClient): void => {
    memory.disconnected(client);
    memory.connected(client);
  };
  return { memory, send, reconnect, after: (ms: number) => (nowMs += ms) };
}
const BRIDGE: BridgeClient = { clientId: "bridge-1/a", principal: "bridge-1" };

test("what a bridge repeats after it connects again is no reading, however often it does", () => {
  const { memory, send, reconnect } = world();
  memory.connected(BRIDGE);
  expect(send(BRIDGE, "21.5")).toBe(true);
  for (let time = 1; time <= 3; time++) {
    reconnect(BRIDGE);
    expect(send(BRIDGE, "21.5")).toBe(false);
    expect(memory.repeated).toBe(time);
  }
});

test("a bridge is known by its record, by its CONNECT, or by its client id", () => {
  for (const client of [
    BRIDGE,
    { clientId: "anything", bridge: true },
    { clientId: "Site-Bridge" },
  ]) {
    const { memory, send, reconnect } = world([/^.*bridge.*$/i]);
    memory.connected(client);
    send(client, "21.5");
    reconnect(client);
    expect(send(client, "21.5")).toBe(false);
  }
});

test("a client id alone makes no bridge of a client that logged in as a device", () => {
  const { memory, send, reconnect } = world([/bridge/i]);
  const device = { clientId: "footbridge-7", principal: "footbridge-7", device: "footbridge-7" };
  memory.connected(device);
  for (let time = 0; time < 3; time++) {
    expect(send(device, "21.5")).toBe(true);
    reconnect(device);
  }
  expect(memory.repeated).toBe(0);
});

test("a client id alone makes no bridge of a client on topics that name it", () => {
  const { memory, send, reconnect } = world([/bridge/i]);
  const device = { clientId: "foot-bridge" };
  const topic = "shellies/Foot-Bridge/sensor/temperature";
  memory.connected(device);
  for (let time = 0; time < 3; time++) {
    expect(send(device, "21.5", { topic })).toBe(true);
    reconnect(device);
  }
  expect(memory.repeated).toBe(0);
});

test("what bridges repeated is counted by bridge, with the sign by which each is known", () => {
  const { memory, send, reconnect } = world([/-bridge$/]);
  const clients = [BRIDGE, { clientId: "site", bridge: true }, { clientId: "site-bridge" }];
  for (const client of clients) {
    memory.connected(client);
    send(client, "21.5");
    reconnect(client);
    send(client, "21.5");
  }
  expect(memory.repeats).toEqual([
    { name: "bridge-1", knownBy: "record", repeats: 1 },
    { name: "site", knownBy: "connect", repeats: 1 },
    { name: "site-bridge", knownBy: "client_id", repeats: 1 },
  ]);
  for (let number = 0; number < 200; number++) {
    const client = { clientId: `b-${number}`, bridge: true };
    memory.connected(client);
    send(client, "21.5");
    reconnect(client);
    send(client, "21.5");
  }
  expect(memory.repeated).toBe(203);
  expect(memory.repeats).toHaveLength(100);
});

test("a device that retains each of its values sends new readings, equal ones too", () => {
  const { memory, send, reconnect } = world();
  const device = { clientId: "device-1", principal: "device-1" };
  memory.connected(device);
  for (let time = 0; time < 3; time++) {
    expect(send(device, "21.5")).toBe(true);
    reconnect(device);
  }
  expect(memory.repeated).toBe(0);
});

test("behind a bridge, an equal value that comes live is new", () => {
  const { memory, send, reconnect, after } = world();
  memory.connected(BRIDGE);
  expect(send(BRIDGE, "21.5")).toBe(true);
  expect(send(BRIDGE, "21.5")).toBe(true);
  reconnect(BRIDGE);
  expect(send(BRIDGE, "21.5")).toBe(false);
  expect(send(BRIDGE, "21.5")).toBe(true);
  // Nothing was retained there; the burst is long over when the first value comes.
  reconnect(BRIDGE);
  after(5_001);
  expect(send(BRIDGE, "21.5")).toBe(true);
});

test("what differs from the last value, or was never stored, is new", () => {
  const { memory, send, reconnect } = world();
  memory.connected(BRIDGE);
  expect(send(BRIDGE, "21.5")).toBe(true);
  reconnect(BRIDGE);
  expect(send(BRIDGE, "22.0")).toBe(true);
  const refused = { reason: "payload_invalid", detail: "no" } as const;
  reconnect(BRIDGE);
  expect(send(BRIDGE, "?", { refused })).toBe(true);
  reconnect(BRIDGE);
  expect(send(BRIDGE, "?", { refused })).toBe(true);
  reconnect(BRIDGE);
  expect(send(BRIDGE, "22.0", { retain: false })).toBe(true);
});

test("an old retained value is known again though others came without RETAIN since", () => {
  const { memory, send, reconnect } = world();
  memory.connected(BRIDGE);
  send(BRIDGE, "21.5");
  send(BRIDGE, "22.0", { retain: false });
  reconnect(BRIDGE);
  expect(send(BRIDGE, "21.5")).toBe(false);
  // A broker that forwards live values without RETAIN, and repeats them with it.
  send(BRIDGE, "23.0", { retain: false });
  reconnect(BRIDGE);
  expect(send(BRIDGE, "23.0")).toBe(false);
});

test("a long burst is one as long as it has no gap, up to a minute", () => {
  const { memory, send, reconnect, after } = world();
  memory.connected(BRIDGE);
  for (let topic = 0; topic < 20; topic++) send(BRIDGE, "1", { topic: `t/${topic}` });
  reconnect(BRIDGE);
  let stored = 0;
  for (let topic = 0; topic < 20; topic++) {
    after(4_000);
    if (send(BRIDGE, "1", { topic: `t/${topic}` })) stored += 1;
  }
  expect(stored).toBe(5);
});

test("topics beyond what is remembered are stored, and a bridge's topics are its own", () => {
  const { memory, send, reconnect } = world();
  const other = { clientId: "bridge-2", principal: "bridge-2" };
  memory.connected(BRIDGE);
  memory.connected(other);
  send(BRIDGE, "1", { topic: "first" });
  expect(send(other, "1", { topic: "first" })).toBe(true);
  for (let topic = 0; topic < 50_000; topic++) send(BRIDGE, "1", { topic: `t/${topic}` });
  reconnect(BRIDGE);
  expect(send(BRIDGE, "1", { topic: "first" })).toBe(true);
  expect(send(BRIDGE, "1", { topic: "t/49999" })).toBe(false);
});

test("what is remembered outlives the process, within the same bound; equal values are not written again", () => {
  const rows = new Map<string, BridgeValue>();
  let puts = 0;
  const values: BridgeValues = {
    load: () => [...rows],
    put: (key, value) => {
      puts += 1;
      rows.delete(key);
      rows.set(key, value);
    },
    remove: (key) => void rows.delete(key),
  };
  const before = world([], values);
  before.memory.connected(BRIDGE);
  before.send(BRIDGE, "21.5");
  before.send(BRIDGE, "21.5");
  before.send(BRIDGE, "?", {
    topic: "refused",
    refused: { reason: "payload_invalid", detail: "no" },
  });
  expect(puts).toBe(1);
  const after = world([], values);
  after.memory.connected(BRIDGE);
  expect(after.send(BRIDGE, "21.5")).toBe(false);
  expect(after.send(BRIDGE, "?", { topic: "refused" })).toBe(true);
  for (let topic = 0; topic < 50_010; topic++) after.send(BRIDGE, "1", { topic: `t/${topic}` });
  expect(rows.size).toBe(50_000);
  for (let number = 0; number < 10; number++) rows.set(`x${number}`, { last: "", retained: "" });
  world([], values);
  expect(rows.size).toBe(50_000);
});
