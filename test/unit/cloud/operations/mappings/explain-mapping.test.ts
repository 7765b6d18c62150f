// Whoever tries a message is told which entries were asked, and why one did not apply.
import { expect, test } from "vitest";
import { parseMappings } from "../../../../../contracts/mapping.ts";
import { explainMapping } from "../../../../../cloud/operations/mappings/explain-mapping.ts";

const entry = (name: string, over: object = {}) => ({
  name,
  topic: "tele/{device}/SENSOR",
  contract: "measurement",
  time: "arrival",
  fields: { value: { pointer: "" } },
  ...over,
});
const explain = (entries: object[], payload: string, topic = "tele/d/SENSOR") =>
  explainMapping(parseMappings({ mappings: entries }), {
    ...{ topic, payload: Buffer.from(payload), contentType: undefined },
    ...{ receivedAtMs: 0, clientId: "c" },
  });

test.each([
  [{ pointer: "/a" }, '{"b":1}', 'nothing is at "/a"'],
  [{ pointer: "/a", equals: "C" }, '{"a":"F"}', '"/a" is "F", not "C"'],
  [
    { pointer: "/a", type: ["number", "null"] },
    '{"a":[]}',
    '"/a" is an array, not a number or null',
  ],
  [{ pointer: "/a", absent: true }, '{"a":1}', 'something is at "/a"'],
  [{ pointer: "/a", expression: "value > 3" }, '{"a":1}', '(value > 3) is not true of 1 at "/a"'],
  [{ expression: "a > 3", with: { a: "/a" } }, "{}", "(a > 3) is not true"],
])("%j does not hold of %s", (condition, payload, why) => {
  expect(explain([entry("e", { when: [condition] })], payload)).toEqual([
    `entry     e: does not apply: ${why}`,
  ]);
});

test("of elements the first is named, and those passed over are counted", () => {
  const each = { each: "/l", when: [{ pointer: "/v", of: "element", type: "number" }] };
  expect(explain([entry("e", each)], '{"l":[{"v":1},{"v":"x"},{"v":2}]}')).toEqual([
    "entry     e: applies to 2 of 3 elements",
  ]);
  expect(explain([entry("e", each)], '{"l":[{"v":"x"}]}')).toEqual([
    'entry     e: does not apply: of its first element "/v" is a string, not a number',
  ]);
  expect(explain([entry("e", { each: "/p/switch:{n}" })], '{"p":{"input:0":1}}')).toEqual([
    "entry     e: does not apply: no key is there that its each names",
  ]);
});

test("an entry that stands back says so, and what is not JSON is said of those that want it", () => {
  const two = [entry("first"), entry("second", { otherwise: true })];
  expect(explain(two, "1")).toEqual([
    "entry     first: applies",
    "entry     second: stands back: an earlier entry applies",
  ]);
  expect(explain([entry("a"), entry("b", { payload: "text" })], "on")).toEqual([
    "entry     a: does not apply: the payload is not JSON",
    "entry     b: applies",
  ]);
});

test.each([
  ["tele/d/STATE", 'nearest is e with "tele/{device}/SENSOR": level 3 is "STATE", not "SENSOR"'],
  ["tele/d", 'level 3 of "tele/{device}/SENSOR" is missing'],
  ["tele/d/SENSOR/x", 'it has 4 levels and "tele/{device}/SENSOR" has 3'],
])("of topic %s the nearest pattern is told", (topic, words) => {
  const [line] = explain([entry("e")], "1", topic);
  expect(line).toContain(`entry     none: no entry has a pattern for the topic "${topic}"`);
  expect(line).toContain(words);
});

test("a topic without a neighbour, and one of our own", () => {
  expect(explain([entry("e")], "1", "x")).toEqual([
    'entry     none: no entry has a pattern for the topic "x"',
  ]);
  expect(explain([entry("e")], "1", "devices/d/telemetry/climate")).toEqual([
    "entry     none: mappings are not asked about this topic",
  ]);
});
