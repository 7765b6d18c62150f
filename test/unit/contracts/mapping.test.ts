import { Ajv } from "ajv";
import { expect, test } from "vitest";
import { mappingFileSchema } from "../../../contracts/mapping-schema.ts";
import { MappingError, parseMappings } from "../../../contracts/mapping.ts";

const ajv = new Ajv({ allowUnionTypes: true, formats: { "json-pointer": true, zone: true } });
const isValidForEditors = ajv.compile(mappingFileSchema());

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
  ["a rest in between", { topic: "a/{rest#}/{device}" }, /\{rest#\} comes last/],
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
  [
    "a name that is a level",
    { names: { kind: { pointer: "" } } },
    /\/names\/kind: \{kind\} is a level/,
  ],
  [
    "a name made of itself",
    { names: { a: { level: "b" }, b: { level: "a" } } },
    /\/names\/a\/level: the topic has no level \{b\}/,
  ],
  [
    "a level of each that is not there",
    { each: ["", ""], fields: { value: { pointer: "", of: 3 } } },
    /\/fields\/value\/of: each has 2 pointers/,
  ],
  ["columns without each", { columns: "/c" }, /\/columns has no meaning without each/],
  [
    "inputs of nothing",
    { fields: { value: { pointer: "", with: { a: "/a" } } } },
    /\/with belongs to an expression/,
  ],
  [
    "an unknown input",
    { fields: { value: { expression: "a + b", with: { a: "/a" } } } },
    /\/fields\/value\/expression: line 1, column 5: Unknown variable: b/,
  ],
  [
    "value without a source",
    { fields: { value: { expression: "value + 1" } } },
    /Unknown variable: value/,
  ],
  [
    "a loop",
    { fields: { value: { expression: "[1, 2].exists(i, i > 0) ? 1 : 2" } } },
    /no place in a mapping: exists/,
  ],
  [
    "names for parts",
    { fields: { value: { pointer: "", expression: "cel.bind(a, value, a)" } } },
    /no place in a mapping: bind/,
  ],
  [
    "a join",
    { fields: { value: { pointer: "", expression: "value.split('').join(value)" } } },
    /no place in a mapping: join/,
  ],
  [
    "a pattern from the payload",
    { fields: { value: { pointer: "", expression: "value.matches(value)" } } },
    /the pattern of matches must be text/,
  ],
  [
    "a broken pattern",
    { fields: { value: { pointer: "", expression: "value.capture('(')" } } },
    /missing closing/,
  ],
  [
    "an expression in an input",
    { fields: { value: { expression: "a", with: { a: { expression: "1" } } } } },
    /has no expression of its own/,
  ],
  [
    "a condition of nothing",
    { when: [{ equals: 1 }] },
    /\/when\/0 needs a pointer, or an expression/,
  ],
  [
    "a default of what is optional",
    { fields: { value: { pointer: "", optional: true, default: 1 } } },
    /\/default stands for/,
  ],
  [
    "a calendar time that counts from another",
    { time: { pointer: "/t", format: "iso8601", base: { pointer: "/b", format: "epoch_s" } } },
    /\/time\/format: what counts/,
  ],
  [
    "a time from nowhere",
    { time: { format: "epoch_s" } },
    /\/time needs one of pointer, level, expression/,
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
  ["a schema for editors beside the table", {}],
  ["arrays in arrays", { each: ["/a", "/b/{key}"], fields: { value: { pointer: "", of: 1 } } }],
  ["names in templates", { topic: "a/b", names: { id: { client: true } }, device: "x-{id|lower}" }],
  ["keys in templates", { topic: "a/b", each: "/{unit}", device: "{unit}" }],
  ["several places", { fields: { value: { pointer: ["/a", "/b"] } } }],
])("takes %s", (_name, over) => {
  expect(parse(over)).not.toThrow();
  const table = { $schema: "mappings.schema.json", mappings: [{ ...entry, ...over }] };
  expect(() => parseMappings(table)).not.toThrow();
  expect(isValidForEditors(table), ajv.errorsText()).toBe(true);
});
