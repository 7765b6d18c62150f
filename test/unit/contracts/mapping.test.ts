import { expect, test } from "vitest";
import { MappingError, parseMappings } from "../../../contracts/mapping.ts";

const entry = {
  name: "e",
  topic: "a/{device}/{kind}",
  contract: "measurement",
  time: "arrival",
  fields: { value: { pointer: "" } },
};
const parse = (over: object) => () => parseMappings({ mappings: [{ ...entry, ...over }] });

test.each([
  ["an unknown property", { filter: 1 }, /mapping 0 "e": it must NOT .*: filter/],
  ["a bad pointer", { fields: { value: { pointer: "a" } } }, /\/fields\/value\/pointer/],
  ["a bad escape", { fields: { value: { pointer: "/a~2" } } }, /\/fields\/value\/pointer/],
  ["two sources", { fields: { value: { pointer: "", level: "kind" } } }, /one of pointer/],
  ["no source", { fields: { value: {} } }, /\/fields\/value needs one of/],
  ["an unknown level", { device: "{room}" }, /\/device: the topic has no level \{room\}/],
  ["no device", { topic: "a/+" }, /\/device: the topic has no level \{device\}/],
  ["a half placeholder", { device: "{device" }, /placeholder/],
  ["# in between", { topic: "a/#/{device}" }, /# comes last/],
  ["two names in a level", { topic: "a-{device}-{kind}/b" }, /neither text/],
  ["a level named twice", { topic: "{device}/{device}" }, /two levels/],
  ["our own topics", { topic: "devices/{device}/x" }, /not to be mapped/],
  ["a time format", { time: { pointer: "/t", format: "rfc" } }, /\/time\/format.*epoch_s/],
  [
    "a zone that does not exist",
    { time: { pointer: "/t", format: "iso8601", zone: "Berlin" } },
    /\/time\/zone/,
  ],
  ["a time written twice", { fields: { ts: { pointer: "" } } }, /\/fields\/ts is written by time/],
  ["a dangerous name", { fields: { ["__proto__"]: { pointer: "" } } }, /./],
  [
    "a zone beside epochs alone",
    { time: { pointer: "/t", format: ["epoch_s", "epoch_ms"], zone: "UTC" } },
    /belongs to iso8601/,
  ],
  [
    "an absent type",
    { when: [{ pointer: "/a", absent: true, type: "number" }] },
    /\/when\/0: what is absent/,
  ],
  ["an unknown type", { when: [{ pointer: "/a", type: "date" }] }, /\/when\/0\/type.*array/],
  ["an element without each", { when: [{ pointer: "", of: "element" }] }, /without each/],
  ["an index without each", { fields: { value: { index: 0 } } }, /place in the array/],
  ["{index} without each", { fields: { value: { pointer: "/a/{index}" } } }, /place in the array/],
  ["a key named like a level", { each: "/x{kind}" }, /\/each: \{kind\} is a level/],
  ["units of nothing", { fields: { value: { pointer: "", units: { W: 1 } } } }, /\/units belongs/],
  ["a word twice", { fields: { value: { pointer: "", as: { on: 1, ON: 2 } } } }, /"on" twice/],
  [
    "omission of what is required",
    { fields: { value: { pointer: "", invalid: "omit" } } },
    /only what is optional/,
  ],
  ["of without each", { fields: { value: { pointer: "", of: "message" } } }, /without each/],
])("refuses %s", (_name, over, message) => {
  expect(parse(over)).toThrow(MappingError);
  expect(parse(over)).toThrow(message);
});

test("all problems of a table are reported together, a name twice among them", () => {
  const both = () => parseMappings({ mappings: [entry, { ...entry, version: 0 }] });
  expect(both).toThrow(/mapping 1 "e": \/name is taken/);
  expect(both).toThrow(/mapping 1 "e": \/version must be >= 1/);
  expect(() => parseMappings([])).toThrow(MappingError);
});

test.each([
  ["zones by name", { time: { pointer: "/t", format: "iso8601", zone: "Europe/Berlin" } }],
  ["fixed offsets", { time: { pointer: "/t", format: "iso8601", zone: "-03:30" } }],
  ["several formats", { time: { pointer: "/t", format: ["iso8601", "epoch_ns"], zone: "CET" } }],
  [
    "a key pattern",
    { each: "/p/x:{key}", fields: { value: { pointer: "" }, k: { level: "key" } } },
  ],
  ["several places", { fields: { value: { pointer: ["/a", "/b"] } } }],
])("takes %s", (_name, over) => {
  expect(parse(over)).not.toThrow();
});
