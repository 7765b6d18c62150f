// Goal: nobody says anything of a registered device but itself and a bridge that names it, and nobody but a gateway says
// what became of a connection: by no topic, QoS, version, retained message, will or replay.
// Method: a real gateway; each kind of sender tries each spelling; then the region's log and its rejects are read.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Reject } from "../../contracts/messages/reject.ts";
import type { ReplayAnswer } from "../../contracts/messages/replay.ts";
import type { GatewayStatus } from "../../contracts/messages/status.ts";
import { rejectsStream, replaySubject } from "../../contracts/names/subjects.ts";
import { jsonOf } from "../../platform/nats/client/payload.ts";
import { readStored } from "../../platform/nats/client/stream-reader.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import { eventually } from "../support/eventually.ts";
import {
  type IdentityWorld,
  type Version,
  measuredValues,
  say,
  startIdentityWorld,
} from "../support/identity-world.ts";

const entry = (name: string, topic: string, contract: string, fields: object) => ({
  ...{ name, topic, contract, fields, time: "arrival" },
});

let world: IdentityWorld;
const secrets = new Map<string, string>();

beforeAll(async () => {
  world = await startIdentityWorld([
    entry("sensor", "tele/{device}/SENSOR", "measurement", { value: { pointer: "/value" } }),
    entry("lwt", "tele/{device}/LWT", "presence", { state: { constant: "offline" } }),
  ]);
  for (const [id, over] of [
    ["victim", {}],
    ["plug", { topics: ["tele/#"] }],
    ["open", { role: "bridge", topics: ["tele/#"] }],
    ["named", { role: "bridge", topics: ["tele/#"], speaksFor: ["room-*"] }],
  ] as const)
    secrets.set(id, await world.put(id, over));
  await eventually("the gateway knows them", async () => (await as("named", 5)).code === 0);
});
afterAll(() => world[Symbol.asyncDispose]());

/** A client of a record, or an anonymous one. */
const as = (id: string, version: Version, will?: { topic: string; payload: string }) =>
  world.login({
    ...{ version, clientId: `${id}/${Math.random()}` },
    ...(secrets.has(id) ? { as: id, secret: secrets.get(id)! } : {}),
    ...(will ? { will } : {}),
  });

const stored = (device: string): Promise<unknown[]> => measuredValues(world.connection, device);

/** Rejects `not_authorized` of a sender. */
async function rejectsOf(sender: string): Promise<{ seq: number; reject: Reject }[]> {
  const slice = { stream: rejectsStream("eu"), subject: "rejects.eu.not_authorized.>", from: 1 };
  const { lastSeq } = await new Streams(world.connection).state(slice.stream);
  const found: { seq: number; reject: Reject }[] = [];
  for await (const { seq, data } of readStored(world.connection, slice, lastSeq)) {
    const reject = jsonOf<Reject>(data);
    if (reject.device.startsWith(sender)) found.push({ seq, reject });
  }
  return found;
}

const kept = async (): Promise<number> =>
  (await world.gateway.status<GatewayStatus>()).rejectsStored;
const FORGED = JSON.stringify({ value: 666 });
const LOST = JSON.stringify({ ts: Date.now(), state: "offline", reason: "will", gateway: "g" });

test.each([
  ["nobody", "stranger", "tele/victim/SENSOR", FORGED],
  ["nobody, directly", "stranger", "devices/victim/telemetry/measurement", FORGED],
  ["a device with a wide grant", "plug", "tele/victim/SENSOR", FORGED],
  ["a bridge that names nobody", "open", "tele/victim/SENSOR", FORGED],
  ["such a bridge, directly", "open", "devices/victim/telemetry/measurement", FORGED],
  ["a bridge that names others", "named", "tele/victim/SENSOR", FORGED],
  ["presence by a bridge", "named", "devices/room-1/telemetry/presence", LOST],
  ["presence by nobody", "stranger", "devices/new/telemetry/presence/v1", LOST],
  ["presence by itself", "victim", "devices/victim/telemetry/presence", LOST],
  ["presence through a mapping", "plug", "tele/plug/LWT", "Offline"],
])(
  "%s: every spelling is refused and kept, none is stored or forwarded",
  async (_, id, topic, payload) => {
    const before = await kept();
    const victim = await as("victim", 5);
    victim.client.send({
      cmd: "subscribe",
      messageId: 9,
      subscriptions: [{ topic: "devices/victim/#", qos: 1 }],
    });
    await victim.client.until(({ cmd }) => cmd === "suback");
    const answers: number[] = [];
    let tried = 0;
    for (const version of [4, 5] as const) {
      const { client } = await as(id, version, { topic, payload });
      for (const qos of [0, 1, 2] as const)
        for (const retain of [false, true]) {
          tried += 1;
          const messageId = tried;
          const code = await say(client, { topic, payload, qos, retain, messageId });
          if (version === 5 && qos === 1) answers.push(code);
        }
      client.socket.destroy(); // Its will goes out.
      tried += 1;
    }
    expect(answers).toEqual([0x87, 0x87]);
    await eventually("all are kept", async () => (await kept()) - before >= tried);
    const control = await say(victim.client, {
      topic: "devices/victim/telemetry/measurement",
      payload: JSON.stringify({ ts: Date.now(), value: tried }),
      messageId: 77,
    });
    expect(control).toBe(0);
    for (const device of ["victim", "room-1", "new", "plug"])
      expect(await stored(device)).not.toContain(666);
    expect(victim.client.of("publish")).toHaveLength(1);
    victim.client.socket.destroy();
  },
);

test("what they may say is stored: of themselves, of those they name, of those without a record", async () => {
  for (const [id, device] of [
    ["stranger", "new-1"],
    ["plug", "plug"],
    ["open", "new-2"],
    ["named", "room-1"],
  ] as const) {
    const { client } = await as(id, 5);
    const said = { topic: `tele/${device}/SENSOR`, payload: JSON.stringify({ value: 7 }) };
    expect(await say(client, said)).toBe(0);
    expect(await stored(device)).toContain(7);
    client.socket.destroy();
  }
});

test("a replay judges by the rights of then", async () => {
  const { client } = await as("named", 5);
  const said = { topic: "tele/boiler-1/SENSOR", payload: JSON.stringify({ value: 8 }) };
  expect(await say(client, said)).toBe(0x87);
  const [kept] = (await rejectsOf("named")).filter(({ reject }) => reject.topic === said.topic);
  expect(kept!.reject).toMatchObject({ principal: "named", device: "named" });
  expect(kept!.reject.detail).toMatch(/"named" may not speak for "boiler-1".*--speaks-for/);
  const replay = async (seq: number): Promise<ReplayAnswer> => {
    const asked = Buffer.from(JSON.stringify({ seq, dryRun: false }));
    const { data } = await world.connection.request(replaySubject("eu"), asked, { timeout: 5_000 });
    return jsonOf<ReplayAnswer>(data);
  };
  expect(await replay(kept!.seq)).toMatchObject({ outcome: "rejected" });
  const [lost] = (await rejectsOf("named")).filter(({ reject }) => reject.contract === "presence");
  expect(await replay(lost!.seq)).toMatchObject({ outcome: "rejected", readings: 0 });
  await world.put("named", { role: "bridge", topics: ["tele/#"], speaksFor: ["boiler-*"] });
  await eventually(
    "its record has come",
    async () => (await replay(kept!.seq)).outcome === "stored",
  );
  expect(await stored("boiler-1")).toEqual([8]);
  expect(await replay(lost!.seq)).toMatchObject({ outcome: "rejected", readings: 0 });
});
