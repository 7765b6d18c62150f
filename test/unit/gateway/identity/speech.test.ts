// Goal: nobody speaks for a device that is not its own. Method: each kind of record, and nobody at all, against
// devices that are registered, revoked, and unknown; then messages through admission, direct and mapped.
import { expect, test } from "vitest";
import {
  type Device,
  SPEAKS_FOR_MAX,
  checkDevice,
  deviceKey,
  speaksForProblem,
} from "../../../../contracts/device.ts";
import { parseMappings } from "../../../../contracts/mapping.ts";
import { SCHEMAS_DIRECTORY, loadCatalog } from "../../../../contracts/schema/catalog.ts";
import { DeviceBook } from "../../../../gateway/identity/device-book.ts";
import { accessOf } from "../../../../gateway/identity/book-access.ts";
import { admit } from "../../../../gateway/ingest/admit.ts";
import { Mapper } from "../../../../gateway/ingest/mapping.ts";
import type { Recall, Sender } from "../../../../gateway/ingest/message.ts";
import { outcomeOf } from "../../../../gateway/ingest/outcome.ts";

const record = (id: string, over: Partial<Device> = {}): Device => ({
  ...{ id, role: "device", credentials: [{ kind: "certificate" }], createdAtMs: 1 },
  ...over,
});

const book = new DeviceBook();
const put = (device: Device) => book.apply(deviceKey(device.id), JSON.stringify(device));
put(record("victim"));
put(record("gone", { revokedAtMs: 2 }));
put(record("room-9"));
put(record("plug", { topics: ["tele/#"] }));
put(record("anna", { role: "operator", topics: ["tele/#"] }));
put(record("open", { role: "bridge", topics: ["tele/#"] }));
put(
  record("named", { role: "bridge", topics: ["tele/#"], speaksFor: ["room-*", "*-x", "victim"] }),
);
book.apply("unreadable", "{");
const access = accessOf(book, true);

const DEVICES = ["victim", "gone", "unreadable", "room-9", "room-new", "new", "new-x", "plug"];
const heard = (sender: Sender) =>
  DEVICES.filter((device) => access.speechProblem(sender, device) === null);

test.each<[string, Sender, string[]]>([
  ["a device", { clientId: "plug", principal: "plug" }, ["plug"]],
  ["an operator", { clientId: "anna", principal: "anna" }, []],
  [
    "a bridge that names nobody",
    { clientId: "open", principal: "open" },
    ["room-new", "new", "new-x"],
  ],
  [
    "a bridge",
    { clientId: "named", principal: "named" },
    ["victim", "room-9", "room-new", "new-x"],
  ],
  ["nobody", { clientId: "c" }, ["room-new", "new", "new-x"]],
  ["a revoked record", { clientId: "gone", principal: "gone" }, []],
])("%s speaks for what is its own", (_, sender, devices) => expect(heard(sender)).toEqual(devices));

test.each<[Sender, RegExp]>([
  [{ clientId: "plug", principal: "plug" }, /"plug" may not speak for "victim": role device/],
  [{ clientId: "open", principal: "open" }, /"victim".*name it \(--speaks-for\)/],
  [{ clientId: "c" }, /anonymous.*"victim": it is registered; log in as it/],
])("the refusal says who may not speak for whom, and what would be right", (sender, words) =>
  expect(access.speechProblem(sender, "victim")).toMatch(words),
);

test.each([
  ["room-*", true],
  ["*", true],
  ["Büro 3", true],
  ["a*b*c", false],
  ["a/b", false],
  ["", false],
])("the pattern %j: %s", (pattern, legal) =>
  expect(speaksForProblem(pattern) === null).toBe(legal),
);

test.each<[Partial<Device>]>([
  [{ role: "device", speaksFor: ["a"] }],
  [{ role: "bridge", speaksFor: [] }],
  [{ role: "bridge", speaksFor: Array<string>(SPEAKS_FOR_MAX + 1).fill("a") }],
  [{ role: "bridge", speaksFor: ["**"] }],
])("a record with %j is refused", (over) => expect(() => checkDevice(record("b", over))).toThrow());

const catalog = loadCatalog(SCHEMAS_DIRECTORY);
const value = { pointer: "/value" };
const mapper = new Mapper(
  parseMappings({
    mappings: [
      {
        name: "own",
        topic: "tele/{device}/SENSOR",
        contract: "measurement",
        time: "arrival",
        fields: { value },
      },
      {
        name: "pair",
        topic: "pair/{device}/{other}",
        contract: "measurement",
        time: "arrival",
        fields: { value },
      },
      {
        name: "other",
        topic: "pair/{a}/{b}",
        device: "{b}",
        contract: "measurement",
        time: "arrival",
        fields: { value },
      },
      {
        name: "state",
        topic: "lwt/{device}",
        contract: "presence",
        time: "arrival",
        fields: { state: { constant: "offline" } },
      },
    ],
  }),
);
const rules = { catalog, partitions: 1, ageMaxMs: undefined, mapper, speech: access };
const say = (sender: Sender | null, topic: string, payload: object | string = { value: 1 }) => {
  const text = typeof payload === "string" ? payload : JSON.stringify(payload);
  const arrival = {
    sender,
    topic,
    payload: Buffer.from(text),
    receivedAtMs: 1e12,
    traceparent: null,
  };
  const { readings, rejects, refusal } = outcomeOf(admit(rules, arrival));
  return {
    readings: readings.length,
    rejects: rejects.map(({ reason, device }) => [reason, device]),
    refusal: refusal?.reason ?? null,
  };
};
const REFUSED = { readings: 0, rejects: [["not_authorized", null]], refusal: "not_authorized" };
const STORED = { readings: 1, rejects: [], refusal: null };
const plug = { clientId: "plug/2", principal: "plug" };

test("the device that comes out of a mapping is the one that counts", () => {
  expect(say(plug, "tele/plug/SENSOR")).toEqual(STORED);
  expect(say(plug, "tele/victim/SENSOR")).toEqual(REFUSED);
  expect(say({ clientId: "c" }, "tele/victim/SENSOR")).toEqual(REFUSED);
  expect(say({ clientId: "c" }, "tele/new/SENSOR")).toEqual(STORED);
  // The reject is its sender's, also of what cannot be read: nobody fills another's room.
  expect(say(plug, "tele/victim/SENSOR", "junk")).toEqual(REFUSED);
});

test("of a message that becomes readings of two devices, one's own is stored", () =>
  expect(say(plug, "pair/plug/victim")).toEqual({
    readings: 1,
    rejects: [["not_authorized", null]],
    refusal: "not_authorized",
  }));

test.each<[string, Sender]>([
  ["the device itself", { clientId: "victim", principal: "victim" }],
  ["a bridge that names it", { clientId: "named", principal: "named" }],
  ["nobody, of nobody", { clientId: "c" }],
])("presence is said by gateways alone, not by %s", (_, sender) => {
  const device = sender.principal === undefined ? "new" : "victim";
  const presence = { ts: 1e12, state: "offline", reason: "will", gateway: "g" };
  expect(say(sender, `devices/${device}/telemetry/presence`, presence)).toEqual(REFUSED);
  expect(say(sender, `devices/${device}/telemetry/presence/v1`, presence)).toEqual(REFUSED);
  expect(say(sender, `lwt/${device}`, {})).toEqual(REFUSED);
});

test("a frame of the log is taken again as it is", () => {
  const presence = { ts: 1e12, state: "offline", reason: "will", gateway: "g" };
  expect(say(null, "devices/victim/telemetry/presence", presence)).toEqual(STORED);
});

test("a bridge answers commands of those it speaks for", () => {
  const answers = (principal: string, device: string) =>
    access.authorizePublish({
      ...{ clientId: principal, principal },
      topic: `devices/${device}/commands/1/reply`,
    }) === null;
  expect(answers("named", "victim")).toBe(true);
  expect(answers("named", "plug")).toBe(false);
  expect(answers("open", "victim")).toBe(false);
  expect(answers("open", "new")).toBe(true);
});

test("what was allowed is remembered for one topic, until a record changes", () => {
  const own = new DeviceBook();
  const judged = accessOf(own, true);
  const recall: Recall = { of: null };
  const said = { clientId: "c", topic: "devices/d/telemetry/measurement", recall };
  expect(judged.authorizePublish(said)).toBeNull();
  expect(recall.allowed).toBe(said.topic);
  expect(judged.authorizePublish({ ...said, topic: "alerts/x/y" })).not.toBeNull();
  own.apply("d", JSON.stringify(record("d")));
  expect(judged.authorizePublish(said)).not.toBeNull();
});
