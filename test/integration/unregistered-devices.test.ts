// Goal: who makes device names up fills nobody's store, and stops nobody who is registered, nor another sender.
// Method: a real gateway with a small bound; a bridge and an anonymous client name one device after another, on our topic and
// on a mapped one; the region's log and the rejects are read.
import { expect, test } from "vitest";
import { type Reject } from "../../contracts/messages/reject.ts";
import { rejectsStream } from "../../contracts/names/subjects.ts";
import { jsonOf } from "../../platform/nats/client/payload.ts";
import { readStored } from "../../platform/nats/client/stream-reader.ts";
import { Streams } from "../../platform/nats/client/streams.ts";
import { eventually } from "../support/eventually.ts";
import { measuredValues, say, startIdentityWorld } from "../support/identity-world.ts";

const REFUSED = 0x99; // Payload format invalid, as of every reading that is refused.

test("a bridge and an anonymous client name so many devices without a record, and no more", async () => {
  await using world = await startIdentityWorld(
    [
      {
        ...{ name: "sensor", topic: "tele/{device}/SENSOR", contract: "measurement" },
        ...{ fields: { value: { pointer: "/value" } }, time: "arrival" },
      },
    ],
    { SKERRY_UNREGISTERED_DEVICES_MAX: "3", SKERRY_UNREGISTERED_DEVICES_PER_HOUR: "1" },
  );
  const secret = await world.put("plant", { role: "bridge", topics: ["tele/#"] });
  const own = await world.put("known");
  const login = (as?: string, of?: string) =>
    world.login({ version: 5, clientId: as ?? "someone", ...(as ? { as, secret: of! } : {}) });
  await eventually("the gateway knows them", async () => (await login("known", own)).code === 0);
  const bridge = (await login("plant", secret)).client;
  const values = (device: string) => ({
    topic: `devices/${device}/telemetry/measurement`,
    payload: JSON.stringify({ ts: Date.now(), value: 1 }),
  });
  const mapped = (device: string) => ({ topic: `tele/${device}/SENSOR`, payload: '{"value":1}' });
  const codes: number[] = [];
  for (const packet of [values("a"), mapped("b"), values("c"), values("d"), mapped("e")])
    codes.push(await say(bridge, packet));
  expect(codes).toEqual([0, 0, 0, REFUSED, REFUSED]);
  // Of what it named before it goes on to speak, and of itself.
  for (const packet of [values("a"), values("plant")]) expect(await say(bridge, packet)).toBe(0);
  const known = (await login("known", own)).client;
  expect(await say(known, values("known"))).toBe(0);
  const { client: someone } = await login();
  expect(await say(someone, values("someone"))).toBe(0);
  expect(await measuredValues(world.connection, "d")).toEqual([]);
  const rejects: Reject[] = [];
  const slice = { stream: rejectsStream("eu"), subject: "rejects.eu.too_many_series.>", from: 1 };
  const { lastSeq } = await new Streams(world.connection).state(slice.stream);
  for await (const { data } of readStored(world.connection, slice, lastSeq))
    rejects.push(jsonOf<Reject>(data));
  expect(rejects.map(({ device }) => device)).toEqual(["plant", "plant"]);
  expect(rejects[0]!.detail).toContain('record:plant): register "d"');
  const metrics = await (await fetch(world.gateway.url("/metrics"))).text();
  expect(metrics).toMatch(/skerry_gateway_series_refused_total\{[^}]*reason="devices"[^}]*\} 2/);
});
