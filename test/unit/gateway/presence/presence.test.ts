// Goal: each device that comes or goes is one reading in its lane; whoever is no device is none.
// Method: the pure bookkeeping by hand and against a plain model; the writer over a fake log.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Catalog, SCHEMAS_DIRECTORY, loadCatalog } from "../../../../contracts/schema/catalog.ts";
import { compileContract } from "../../../../contracts/schema/contract.ts";
import { partitionOf } from "../../../../contracts/names/partition.ts";
import type { Stored } from "../../../../gateway/ingest/commit-log.ts";
import type { Message, Refusal } from "../../../../gateway/ingest/message.ts";
import { PRESENCE_OUTSTANDING_MAX, openPresence } from "../../../../gateway/presence/presence.ts";
import { type Change, type Client, Standings } from "../../../../gateway/presence/standing.ts";
import type { Logger } from "../../../../platform/runtime/logger.ts";

const catalog = loadCatalog(SCHEMAS_DIRECTORY);

const client = (clientId: string, over: Partial<Client> = {}): Client => ({
  clientId,
  principal: undefined,
  device: undefined,
  ...over,
});
const deviceClient = (device: string, clientId = device): Client =>
  client(clientId, { principal: device, device });

const words = (changes: readonly Change[]): string[] =>
  changes.map(({ device, state, reason }) => `${device} ${state} ${reason}`);

describe("which connection stands for a device", () => {
  test("one authenticated as a device, from its start", () => {
    const standings = new Standings();
    const boiler = deviceClient("boiler");
    expect(words(standings.connected(boiler))).toEqual(["boiler online connected"]);
    expect(words(standings.disconnected(boiler, "keep_alive"))).toEqual([
      "boiler offline keep_alive",
    ]);
    expect(standings.disconnected(boiler, "keep_alive")).toEqual([]);
  });

  test("an anonymous one only once a reading of its own was stored", () => {
    const standings = new Standings();
    const room = client("room");
    expect(standings.connected(room)).toEqual([]);
    const candidate = standings.candidate("room")!;
    expect(candidate.topicPrefix).toBe("devices/room/telemetry/");
    expect(words(standings.shown(candidate))).toEqual(["room online connected"]);
    expect(standings.shown(candidate)).toEqual([]);
    expect(standings.candidate("room")).toBeUndefined();
    expect(words(standings.disconnected(room, "will"))).toEqual(["room offline will"]);
  });

  test("not one that was gone, or replaced, when its reading was stored", () => {
    const standings = new Standings();
    const [first, second] = [client("room"), client("room")];
    standings.connected(first);
    const candidate = standings.candidate("room")!;
    standings.disconnected(first, "disconnect");
    expect(standings.shown(candidate)).toEqual([]);
    standings.connected(second);
    expect(standings.shown(candidate)).toEqual([]);
    expect(standings.candidate("room")!.client).toBe(second);
  });

  test("not a principal of another role", () => {
    const standings = new Standings();
    const bridge = client("bridge", { principal: "bridge" });
    expect(standings.connected(bridge)).toEqual([]);
    expect(standings.candidate("bridge")).toBeUndefined();
    expect(standings.disconnected(bridge, "closed")).toEqual([]);
  });

  test("several of one device: online with the first, offline with the last", () => {
    const standings = new Standings();
    const [a, b] = [deviceClient("boiler", "boiler/a"), deviceClient("boiler", "boiler/b")];
    expect(standings.connected(a)).toHaveLength(1);
    expect(standings.connected(b)).toEqual([]);
    expect(standings.disconnected(a, "will")).toEqual([]);
    expect(words(standings.disconnected(b, "disconnect"))).toEqual(["boiler offline disconnect"]);
  });
});

describe("a takeover", () => {
  test.each([
    ["authenticated", deviceClient("d"), deviceClient("d")],
    ["anonymous", client("d"), client("d")],
  ])("by the same device changes nothing: %s", (_, first, second) => {
    const standings = new Standings();
    standings.connected(first);
    const candidate = standings.candidate("d");
    if (candidate) standings.shown(candidate);
    expect(standings.disconnected(first, "taken_over")).toEqual([]);
    expect(standings.connected(second)).toEqual([]);
    expect(words(standings.disconnected(second, "connection_lost"))).toEqual([
      "d offline connection_lost",
    ]);
  });

  test("by another device ends the one and begins the other", () => {
    const standings = new Standings();
    const first = deviceClient("a", "x");
    standings.connected(first);
    standings.disconnected(first, "taken_over");
    expect(words(standings.connected(deviceClient("b", "x")))).toEqual([
      "a offline taken_over",
      "b online connected",
    ]);
  });

  test("by somebody who is no device ends it", () => {
    const standings = new Standings();
    const first = deviceClient("a");
    standings.connected(first);
    standings.disconnected(first, "taken_over");
    expect(words(standings.connected(client("a", { principal: "a" })))).toEqual([
      "a offline taken_over",
    ]);
  });
});

test("states alternate for every device, and say what a plain model says, whatever happens", () => {
  const step = fc.record({
    clientId: fc.constantFrom("a", "b", "a/1", "a/2"),
    what: fc.constantFrom("connect", "show", "drop"),
    anonymous: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const standings = new Standings();
      const live = new Map<string, { client: Client; device: string | null }>();
      const online = new Set<string>();
      const take = (changes: readonly Change[]): void => {
        for (const { device, state } of changes) {
          expect(online.has(device)).toBe(state === "offline");
          if (state === "online") online.add(device);
          else online.delete(device);
        }
      };
      for (const { clientId, what, anonymous } of steps) {
        const here = live.get(clientId);
        if (what === "connect") {
          const owner = clientId.split("/")[0]!;
          const next = anonymous ? client(clientId) : deviceClient(owner, clientId);
          if (here) take(standings.disconnected(here.client, "taken_over"));
          take(standings.connected(next));
          const shown = anonymous && here?.device === clientId;
          live.set(clientId, { client: next, device: next.device ?? (shown ? clientId : null) });
        } else if (what === "drop" && here) {
          live.delete(clientId);
          take(standings.disconnected(here.client, "connection_lost"));
        } else if (what === "show" && here) {
          const candidate = standings.candidate(clientId);
          if (candidate) {
            here.device = clientId;
            take(standings.shown(candidate));
          }
        }
        const expected = [...live.values()].flatMap(({ device }) => device ?? []);
        expect([...online].sort()).toEqual([...new Set(expected)].sort());
      }
      take(standings.clear("shutdown"));
      expect(online.size).toBe(0);
    }),
  );
});

interface Appended {
  partition: number;
  reading: unknown[];
  stored: Stored;
}

function makeWriter(of: Catalog = catalog, partitions = 4) {
  const appended: Appended[] = [];
  const logged: string[] = [];
  const log = (_: object, message: string): void => void logged.push(message);
  let nowMs = 1_700_000_000_000;
  const presence = openPresence({
    commitLog: {
      append: (partition, encoded, stored) =>
        void appended.push({ partition, reading: JSON.parse(encoded) as unknown[], stored }),
    },
    catalog: of,
    gateway: "gateway-1",
    partitions,
    clock: () => nowMs++,
    logger: { warn: log, error: log } as unknown as Logger,
  });
  return { presence, appended, logged };
}

const message = (clientId: string, topic: string, principal?: string): Message =>
  ({ clientId, topic, principal }) as Message;

test("a reading keeps its contract and goes into its device's lane", () => {
  const { presence, appended } = makeWriter();
  const devices = ["boiler", "room 7", "AA:BB"];
  for (const device of devices) presence.connected(deviceClient(device));
  presence.disconnected(deviceClient("nobody"), "closed");
  const contract = catalog.get("presence", 1)!;
  appended.forEach(({ partition, reading }, at) => {
    const [device, name, version, receivedAtMs, traceparent, payload] = reading;
    expect([device, name, version, traceparent]).toEqual([devices[at], "presence", 1, null]);
    expect(partition).toBe(partitionOf(devices[at]!, 4));
    expect(contract.validate(payload)).toBe(true);
    expect(payload).toEqual({
      ts: receivedAtMs,
      state: "online",
      reason: "connected",
      gateway: "gateway-1",
    });
  });
  expect(appended).toHaveLength(3);
});

test("settle is only replaced while its anonymous sender is unknown, and refusals show nothing", () => {
  const { presence, appended } = makeWriter();
  presence.connected(client("room"));
  const settled: unknown[] = [];
  const settle = (refusal: unknown): void => void settled.push(refusal);
  const own = message("room", "devices/room/telemetry/environment");
  const refusal: Refusal = { reason: "payload_invalid", detail: "not_json" };
  presence.watch(own, settle)(refusal);
  expect(settled).toEqual([refusal]);
  expect(appended).toEqual([]);
  for (const other of [
    message("room", "devices/room-2/telemetry/environment"),
    message("room", "tele/room/SENSOR"),
    message("room", "devices/room/telemetry/environment", "room"),
    message("somebody", "devices/somebody/telemetry/environment"),
  ])
    expect(presence.watch(other, settle)).toBe(settle);
  presence.watch(own, settle)(null);
  expect(appended).toHaveLength(1);
  expect(presence.watch(own, settle)).toBe(settle);
});

test("at a stop every device goes offline once, and nothing follows", () => {
  const { presence, appended } = makeWriter();
  const [boiler, late] = [deviceClient("boiler"), deviceClient("late")];
  presence.connected(boiler);
  presence.stop();
  presence.connected(late);
  presence.disconnected(boiler, "shutdown");
  presence.disconnected(late, "shutdown");
  presence.stop();
  const states = appended.map(({ reading }) => reading[5] as { state: string; reason: string });
  expect(states.map(({ state, reason }) => `${state} ${reason}`)).toEqual([
    "online connected",
    "offline shutdown",
  ]);
});

test("past the bound readings are dropped, counted, and said so once per episode", () => {
  const { presence, appended, logged } = makeWriter();
  const storeAll = (): void => appended.splice(0).forEach(({ stored }) => stored(null));
  for (let episode = 1; episode <= 2; episode++) {
    for (let at = 0; at < PRESENCE_OUTSTANDING_MAX + 3; at++)
      presence.connected(deviceClient(`d-${episode}-${at}`));
    expect(appended).toHaveLength(PRESENCE_OUTSTANDING_MAX);
    expect(presence.dropped).toBe(episode * 3);
    expect(logged).toHaveLength(episode);
    storeAll();
  }
});

test.each<[string, Catalog]>([
  ["no contract of that name", new Catalog([catalog.get("environment", 1)!])],
  [
    "one that means something else",
    new Catalog([
      compileContract(
        { name: "presence", version: 1 },
        {
          type: "object",
          required: ["people"],
          properties: { people: { type: "integer", "x-role": "field" } },
        },
      ),
    ]),
  ],
])("presence is off, with one log line: %s", (_, of) => {
  const { presence, appended, logged } = makeWriter(of);
  const boiler = deviceClient("boiler");
  const settle = (): void => undefined;
  presence.connected(boiler);
  presence.connected(client("room"));
  expect(presence.watch(message("room", "devices/room/telemetry/x"), settle)).toBe(settle);
  presence.disconnected(boiler, "closed");
  presence.stop();
  expect(appended).toEqual([]);
  expect(logged).toHaveLength(1);
});
