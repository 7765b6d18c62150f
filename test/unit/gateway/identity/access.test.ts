// Goal: nobody reads or writes what is another's, whatever topic or filter they come up with.
// Method: the role table case by case; `covers` against a plain matcher over every topic of a small
// alphabet, so that it is neither too generous nor too strict.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { DeviceRole } from "../../../../contracts/device.ts";
import { DEVICE_ROLES, grantProblem } from "../../../../contracts/device.ts";
import {
  anonymousMayPublish,
  covers,
  mayUseClientId,
  rightsOf,
} from "../../../../gateway/identity/access.ts";

const boiler = rightsOf({ id: "boiler-7", role: "device" });

describe("a device", () => {
  test.each([
    ["devices/boiler-7/telemetry/environment", true],
    ["devices/boiler-7/commands/1/reply", true],
    ["devices/boiler-8/telemetry/environment", false],
    ["devices/boiler-70/telemetry/environment", false],
    ["devices/boiler-7x/telemetry/environment", false],
    ["devices//boiler-7/telemetry", false],
    ["/devices/boiler-7/telemetry", false],
    ["devices", false],
    ["alerts/too-hot/boiler-7", false],
    ["$SYS/x", false],
    ["tele/boiler-7/SENSOR", false],
  ])("publish %s: %s", (topic, allowed) => expect(boiler.publish(topic)).toBe(allowed));

  test.each([
    ["devices/boiler-7/#", true],
    ["devices/boiler-7/commands/+", true],
    ["devices/boiler-7", true],
    ["devices/boiler-7/+/x/#", true],
    ["devices/+/commands/+", false],
    ["devices/+/#", false],
    ["devices/#", false],
    ["+/boiler-7/#", false],
    ["+/+", false],
    ["#", false],
    ["$share/g/devices/boiler-7/#", false],
    ["alerts/#", false],
  ])("subscribe %s: %s", (filter, allowed) => expect(boiler.subscribe(filter)).toBe(allowed));

  test("reads alerts only where its record says so", () => {
    const granted = rightsOf({ id: "boiler-7", role: "device", alerts: true });
    expect(granted.subscribe("alerts/#")).toBe(true);
    expect(granted.subscribe("alerts/too-hot/+")).toBe(true);
    expect(granted.publish("alerts/too-hot/x")).toBe(false);
  });

  test.each([
    [["temperature"], "$log/temperature", true],
    [["temperature"], "$log/temperature/+", true],
    [["temperature"], "$log/temperature/room-1", true],
    [["temperature"], "$log/+", false],
    [["temperature"], "$log/#", false],
    [["temperature"], "$log/humidity", false],
    [["temperature/room-1"], "$log/temperature/room-1", true],
    [["temperature/room-1"], "$log/temperature", false],
    [["+/room-1"], "$log/temperature/room-1", true],
    [["+/room-1"], "$log/+/room-2", false],
    [["#"], "$log/#", true],
    [["#"], "$log/temperature", true],
    [["#"], "$log/a/b/c", false],
    [["#"], "$SYS/x", false],
  ])("granted to read the log of %j reads %s: %s", (readsLog, filter, allowed) => {
    const rights = rightsOf({ id: "worker", role: "device", readsLog });
    expect(rights.subscribe(filter)).toBe(allowed);
  });

  test.each(DEVICE_ROLES)("as %s reads no log that it is not granted", (role) => {
    const all = { relay: { subscribe: ["#"] }, topics: ["x/#"], alerts: true };
    const rights = rightsOf({ id: "worker", role, ...all });
    for (const filter of ["$log/#", "$log/temperature", "$log/+/worker"])
      expect(rights.subscribe(filter), filter).toBe(false);
  });

  test("has its old topics where its record grants them", () => {
    const granted = rightsOf({ id: "t", role: "device", topics: ["tele/t/#", "cmnd/t/+"] });
    expect(granted.publish("tele/t/SENSOR")).toBe(true);
    expect(granted.publish("tele/u/SENSOR")).toBe(false);
    expect(granted.subscribe("cmnd/t/+")).toBe(true);
    expect(granted.subscribe("cmnd/t/#")).toBe(false);
  });

  test.each([
    ["tele/boiler-7/#", true],
    ["zigbee2mqtt/+", true],
    ["devices/other/#", false],
    ["alerts/#", false],
    ["#", false],
    ["+/x", false],
    ["$SYS/#", false],
    ["", false],
    ["/x", false],
    ["a/#/b", false],
    ["a/b+", false],
  ])("a grant of %s: %s", (filter, legal) => expect(grantProblem(filter) === null).toBe(legal));
});

const ask = (role: DeviceRole) => {
  const rights = rightsOf({ id: "me", role });
  const publish = (topic: string) => rights.publish(topic);
  const subscribe = (filter: string) => rights.subscribe(filter);
  return {
    telemetry: publish("devices/d/telemetry/c"),
    command: publish("devices/d/commands/1"),
    reply: publish("devices/d/commands/1/reply"),
    readsDevices: subscribe("devices/#"),
    readsCommands: subscribe("devices/+/commands/+"),
    readsReplies: subscribe("devices/+/commands/+/reply"),
    readsAlerts: subscribe("alerts/#"),
    readsAll: subscribe("#"),
  };
};

test("the roles, side by side", () => {
  const all = Object.fromEntries(
    DEVICE_ROLES.map((role) => [
      role,
      Object.entries(ask(role))
        .filter(([, allowed]) => allowed)
        .map(([what]) => what),
    ]),
  );
  expect(all).toEqual({
    device: [],
    bridge: ["telemetry", "reply", "readsCommands"],
    actuator: ["command", "readsReplies", "readsAlerts"],
    operator: ["command", "readsDevices", "readsCommands", "readsReplies", "readsAlerts"],
    observer: ["readsDevices", "readsCommands", "readsReplies", "readsAlerts"],
  });
});

test("anonymous clients reach neither registered devices nor alerts", () => {
  const may = (topic: string) => anonymousMayPublish(topic, (id) => id === "boiler-7");
  expect(may("devices/new/telemetry/environment")).toBe(true);
  expect(may("tele/x/SENSOR")).toBe(true);
  expect(may("devices/boiler-7/telemetry/environment")).toBe(false);
  expect(may("devices/boiler-7")).toBe(false);
  expect(may("alerts/too-hot/x")).toBe(false);
  expect(may("$SYS/x")).toBe(false);
});

test("a client id belongs to one record at most", () => {
  expect(mayUseClientId("boiler-7", "boiler-7")).toBe(true);
  expect(mayUseClientId("boiler-7", "boiler-7/console")).toBe(true);
  expect(mayUseClientId("boiler-7", "")).toBe(true);
  expect(mayUseClientId("boiler-7", "boiler-70")).toBe(false);
  expect(mayUseClientId("boiler-7", "boiler-7:x")).toBe(false);
  expect(mayUseClientId("boiler-7", "x/boiler-7")).toBe(false);
});

/** MQTT's matching, as plainly as the specification says it (4.7.1, 4.7.2). */
function matches(filter: readonly string[], topic: readonly string[]): boolean {
  if (/^[+#]$/.test(filter[0]!) && topic[0]!.startsWith("$")) return false;
  const walk = (at: number): boolean => {
    if (filter[at] === "#") return true;
    if (at === filter.length || at === topic.length)
      return at === filter.length && at === topic.length;
    return (filter[at] === "+" || filter[at] === topic[at]) && walk(at + 1);
  };
  return walk(0);
}

/** Every topic of up to four levels; `z` stands for all the names that no filter spells. */
const NAMES = ["a", "b", "", "$s", "z"];
const topics = [1, 2, 3, 4, 5].flatMap((levels) =>
  Array.from({ length: NAMES.length ** levels }, (_, n) =>
    Array.from({ length: levels }, (__, at) => NAMES[Math.floor(n / NAMES.length ** at) % 5]!),
  ),
);

const filterOf = fc
  .tuple(
    fc.array(fc.constantFrom("a", "b", "", "$s", "+", "+"), { maxLength: 3 }),
    fc.constantFrom("a", "+", "#", "#"),
  )
  .map(([levels, last]) => [...levels, last]);

test("covers(a, w) says exactly whether every topic of w is one of a", () => {
  fc.assert(
    fc.property(filterOf, filterOf, (allowed, wanted) => {
      const isCovered = topics.every((topic) => !matches(wanted, topic) || matches(allowed, topic));
      expect(covers(allowed.join("/"), wanted.join("/"))).toBe(isCovered);
    }),
    { numRuns: 1_000 },
  );
});

test("no filter that a device is granted matches a topic of another device", () => {
  const level = fc.oneof(
    fc.constantFrom("devices", "boiler-7", "boiler-8", "+", "#", ""),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.array(level, { minLength: 1, maxLength: 6 }), (levels) => {
      const filter = levels.join("/");
      if (boiler.subscribe(filter) || boiler.publish(filter))
        expect(filter === "devices/boiler-7" || filter.startsWith("devices/boiler-7/")).toBe(true);
    }),
    { numRuns: 5_000 },
  );
});
