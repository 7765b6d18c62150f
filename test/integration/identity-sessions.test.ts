// Goal: a session ends with the right to it, with what waits in it and with its will: nobody gets what an owner before
// was to get, or is spoken for by one. A new secret takes nothing from anybody.
// Method: a real gateway; sessions that gather `devices/#`, the change of a record while their client is away, also with
// the gateway down, then the next login; MQTT 3.1.1 and 5.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import {
  type IdentityWorld,
  type Login,
  measuredValues,
  say,
  startIdentityWorld,
} from "../support/identity-world.ts";

let world: IdentityWorld;
let operatorSecret: string;
let messageId = 0;

beforeAll(async () => {
  world = await startIdentityWorld([]);
  operatorSecret = await world.put("op", { role: "operator" });
  await eventually("the operator is let in", async () => (await operator()).code === 0);
});
afterAll(() => world[Symbol.asyncDispose]());

const operator = () =>
  world.login({ version: 5, clientId: "op", as: "op", secret: operatorSecret });

/** Something that every subscription of `devices/#` gathers. */
async function tell(what: string): Promise<void> {
  const { client } = await operator();
  messageId += 1;
  const topic = `devices/victim/commands/${what}`;
  expect(await say(client, { topic, payload: what, messageId })).toBe(0);
  client.socket.destroy();
}

/** A client subscribes and goes away; its session stays. */
async function leaveSession(login: Login, filter = "devices/#"): Promise<void> {
  const { client, code } = await world.login({ ...login, isKept: true });
  expect(code).toBe(0);
  client.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: filter, qos: 1 }] });
  const suback = await client.until(({ cmd }) => cmd === "suback");
  expect(suback).toMatchObject({ granted: [1] });
  client.send({ cmd: "disconnect" });
  await client.untilClosed();
}

/** Logs in once the gateway has heard of the record, and says what was waiting. */
async function comeBack(login: Login) {
  const { client, sessionPresent } = await eventually("it is let in", async () => {
    const attempt = await world.login({ ...login, isKept: true });
    if (attempt.code === 0) return attempt;
    attempt.client.socket.destroy();
    return false;
  });
  await client.settle();
  const got = client.of("publish").map((one) => String((one as { payload: Buffer }).payload));
  client.socket.destroy();
  return { sessionPresent, got };
}

const NOTHING = { sessionPresent: false, got: [] };

describe.each([4, 5] as const)("MQTT version %i", (version) => {
  const name = (id: string): string => `${id}-${version}`;

  test.each(["newdev", "newdev/2"])(
    "of an anonymous client %s, whose id is registered then",
    async (suffix) => {
      const id = name(suffix.includes("/") ? "newdev2" : "newdev");
      const clientId = suffix.includes("/") ? `${id}/2` : id;
      await leaveSession({ version, clientId }, "#");
      await tell("private-to-victim");
      const secret = await world.put(id);
      expect(await comeBack({ version, clientId, as: id, secret })).toEqual(NOTHING);
    },
  );

  test("of an operator who is a device now", async () => {
    const id = name("demo");
    const secret = await world.put(id, { role: "operator", createdAtMs: 1 });
    await eventually("it is let in", async () => {
      const { client, code } = await world.login({ version, clientId: id, as: id, secret });
      client.socket.destroy();
      return code === 0;
    });
    await leaveSession({ version, clientId: id, as: id, secret });
    await tell("before-the-demotion");
    const next = await world.put(id, { role: "device", createdAtMs: 1 });
    await tell("after-the-demotion");
    expect(await comeBack({ version, clientId: id, as: id, secret: next })).toEqual(NOTHING);
  });

  test.each([false, true])(
    "of a record that was revoked and let in again, the gateway down: %s",
    async (isDown) => {
      const id = name(isDown ? "recyc-down" : "recyc");
      const secret = await world.put(id, { role: "observer", createdAtMs: 1 });
      await comeBack({ version, clientId: `${id}/other`, as: id, secret });
      await leaveSession({ version, clientId: id, as: id, secret });
      await tell("said-before");
      if (isDown) await world.gateway.process.kill();
      await world.put(id, { role: "observer", createdAtMs: 1, revokedAtMs: 2 });
      if (!isDown) await tell("said-while-revoked");
      const next = await world.put(id, { role: "observer", createdAtMs: 1, renewedAtMs: 3 });
      if (isDown) await world.gateway.process.start();
      await tell("said-after");
      expect(await comeBack({ version, clientId: id, as: id, secret: next })).toEqual(NOTHING);
    },
  );

  test("a new secret ends the connection, and nothing of the session", async () => {
    const id = name("keeper");
    const of = { role: "observer", createdAtMs: 1 } as const;
    const secret = await world.put(id, of);
    await comeBack({ version, clientId: `${id}/other`, as: id, secret });
    await leaveSession({ version, clientId: id, as: id, secret });
    await tell("kept-1");
    const next = await world.put(id, of);
    await tell("kept-2");
    await world.gateway.process.restart();
    await tell("kept-3");
    const back = await comeBack({ version, clientId: id, as: id, secret: next });
    expect(back).toEqual({ sessionPresent: true, got: ["kept-1", "kept-2", "kept-3"] });
  });

  test("an anonymous client of an id that becomes somebody's is disconnected, and its will is not said", async () => {
    const id = name("late");
    const topic = `devices/${id}/telemetry/measurement`;
    const will = { topic, payload: JSON.stringify({ ts: Date.now(), value: 666 }) };
    const { client } = await world.login({ version, clientId: `${id}/1`, will });
    const secret = await world.put(id);
    await client.untilClosed();
    await comeBack({ version, clientId: `${id}/1`, as: id, secret });
    expect(await valuesOf(id)).toEqual([]);
  });

  test("a will that was stored is its owner's: killed, with the id registered meanwhile, it is not said", async () => {
    const [id, free] = [name("willed"), name("free")];
    const willOf = (device: string) => ({
      topic: `devices/${device}/telemetry/measurement`,
      payload: JSON.stringify({ ts: Date.now(), value: 666 }),
    });
    await world.login({ version, clientId: id, will: willOf(id) });
    await world.login({ version, clientId: free, will: willOf(free) });
    await world.gateway.process.kill();
    await world.put(id);
    await world.gateway.process.start();
    // The other one, which is nobody's still, goes out with the same sweep.
    await eventually("wills go out", async () => (await valuesOf(free)).length === 1);
    expect(await valuesOf(id)).toEqual([]);
  });
});

const valuesOf = (device: string): Promise<unknown[]> => measuredValues(world.connection, device);
