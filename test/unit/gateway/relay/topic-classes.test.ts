// Goal: each topic has one class, ours is never relayed or ignored, and a class is found again without looking.
// Method: the table of cases; a mapper that counts how often it is asked.
import { expect, test } from "vitest";
import { covers } from "../../../../gateway/identity/access.ts";
import { TopicClasses, type TopicClassesOptions } from "../../../../gateway/relay/topic-classes.ts";

const mapped = ["zigbee2mqtt/+"];

function world(over: Partial<TopicClassesOptions> = {}) {
  const asked: string[] = [];
  const mapper = {
    has: (topic: string) => {
      asked.push(topic);
      return mapped.some((filter) => covers(filter, topic));
    },
  };
  const classes = new TopicClasses({
    relay: ["#"],
    ignore: [],
    anonymous: true,
    mappings: { ...mapper, ignore: [], revision: 1 },
    ...over,
  });
  const of = (topic: string, principal?: string): string => {
    const { telemetry, relayed } = classes.of({ topic, principal, recall: undefined });
    return telemetry ? (relayed ? "both" : "telemetry") : relayed ? "relayed" : "ignored";
  };
  return { classes, of, asked };
}

test.each([
  ["homeassistant/light/x/config", "relayed"],
  ["zigbee2mqtt/th1", "both"],
  ["zigbee2mqtt/bridge/state", "relayed"],
  ["devices/a/telemetry/environment", "telemetry"],
  ["devices/a/commands/1", "telemetry"],
  ["devices/a/anything", "telemetry"],
  ["devices", "telemetry"],
  ["alerts/hot/a", "telemetry"],
  ["$SYS/broker/version", "telemetry"],
  ["devicesx/a", "relayed"],
])("by default %s is %s", (topic, expected) => expect(world().of(topic)).toBe(expected));

test("what comes over HTTP is telemetry, or ignored: its answer says what the log has", () => {
  const { classes } = world({ ignore: ["tele/+/LWT"] });
  const of = (topic: string) =>
    classes.of({ topic, principal: "a", protocol: "http", recall: undefined });
  for (const topic of ["influx/mem/a", "zigbee2mqtt/th1", "devices/a/telemetry/environment"])
    expect(of(topic)).toEqual({ telemetry: true, relayed: false });
  expect(of("tele/x/LWT")).toEqual({ telemetry: false, relayed: false });
});

test("only topics that a filter names are relayed; others stay what they were", () => {
  const { of } = world({ relay: ["homeassistant/#", "zigbee2mqtt/#"] });
  expect(of("homeassistant/status")).toBe("relayed");
  expect(of("zigbee2mqtt/th1")).toBe("both");
  expect(of("tele/x/LWT")).toBe("telemetry");
});

test("an ignored topic makes no reading, and is relayed if it is named there too", () => {
  const { of } = world({
    relay: ["zigbee2mqtt/#"],
    ignore: ["zigbee2mqtt/th9", "tele/+/LWT", "#"],
  });
  expect(of("zigbee2mqtt/th9")).toBe("relayed");
  expect(of("tele/x/LWT")).toBe("ignored");
  expect(of("devices/a/telemetry/environment")).toBe("telemetry");
  expect(of("alerts/x/y")).toBe("telemetry");
});

test("clients without credentials relay only where they may, and those with any are not held to that", () => {
  const { of } = world({ anonymous: false, ignore: ["quiet/#"] });
  expect(of("homeassistant/status")).toBe("telemetry");
  expect(of("zigbee2mqtt/th1")).toBe("telemetry");
  expect(of("quiet/x")).toBe("ignored");
  expect(of("homeassistant/status", "anna")).toBe("relayed");
});

test("a topic is decided once, for a connection and for all of them; a long one is not kept", () => {
  const { classes, of, asked } = world();
  of("zigbee2mqtt/th1");
  of("zigbee2mqtt/th1");
  expect(asked).toEqual(["zigbee2mqtt/th1"]);
  const recall = { of: null };
  const first = classes.of({ topic: "a/b", principal: undefined, recall });
  expect(classes.of({ topic: "a/b", principal: undefined, recall })).toBe(first);
  expect(classes.of({ topic: "devices/a/x", principal: undefined, recall })).not.toBe(first);
  const long = `a/${"x".repeat(300)}`;
  of(long);
  of(long);
  expect(asked.filter((topic) => topic === long)).toHaveLength(2);
});
