import fc from "fast-check";
import { expect, test } from "vitest";
import {
  failingPlaces,
  pointerRange,
} from "../../../../../cloud/operations/rejects/failing-place.ts";
import type { Reject } from "../../../../../contracts/messages/reject.ts";
import { SCHEMAS_DIRECTORY, loadCatalog } from "../../../../../contracts/schema/catalog.ts";

const catalog = loadCatalog(SCHEMAS_DIRECTORY);
const REST = '"seq": 1, "humidity": 40, "light": 300, "co2": 640, "occupancy": 1';

const reject = (of: Partial<Reject>): Reject => ({
  reason: "contract_violation",
  detail: "",
  topic: "t",
  clientId: "c",
  device: "d",
  contract: "environment",
  version: 1,
  receivedAtMs: 0,
  payload: "",
  ...of,
});

test("the place of a violation is named, and found in the text", () => {
  const text = `{ "temperature": "hot", ${REST} }`;
  const [first] = failingPlaces(reject({}), text, catalog).filter(
    ({ pointer }) => pointer === "/temperature",
  );
  expect(first!.message).toMatch(/number/);
  expect(text.slice(...first!.range!)).toBe('"hot"');
});

test("in an array only the refused elements are looked at", () => {
  const text = `[{},{"temperature":"hot",${REST}}]`;
  const places = failingPlaces(reject({ elements: [1] }), text, catalog);
  expect(places.map(({ pointer }) => pointer)).toContain("/1/temperature");
  expect(places.every(({ pointer }) => pointer.startsWith("/1"))).toBe(true);
});

test("text that is no JSON is at fault where it stops being it", () => {
  const [place] = failingPlaces(reject({ reason: "not_json" }), '{"a":1,x', catalog);
  expect(place!.range![0]).toBe(7);
});

/** Every value in a JSON value, by its pointer. */
function* valuesIn(value: unknown, pointer = ""): Generator<[string, unknown]> {
  yield [pointer, value];
  if (typeof value !== "object" || value === null) return;
  for (const [key, one] of Object.entries(value))
    yield* valuesIn(one, `${pointer}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`);
}

test("every value of any JSON is found where it stands", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(undefined, 2), (value, indent) => {
      const text = JSON.stringify(value, null, indent);
      const parsed: unknown = JSON.parse(text);
      for (const [pointer, one] of valuesIn(parsed)) {
        const range = pointerRange(text, pointer)!;
        expect(JSON.parse(text.slice(...range))).toEqual(one);
        expect(text.slice(...range).trim()).toBe(text.slice(...range));
      }
    }),
  );
  expect(pointerRange('{"a":[1,2],"a":[3]}', "/a/0")).toEqual([16, 17]);
  expect(pointerRange('{"a":1}', "/b")).toBeNull();
  expect(pointerRange('{"a":1}', "/a/0")).toBeNull();
});

test("a payload of long names, many values and great depth is looked at in no time and space", () => {
  const wide = `{"${"k".repeat(100_000)}":[${"0,".repeat(100_000)}0],${REST}}`;
  const deep = `{"x":${"[".repeat(100_000)}${"]".repeat(100_000)},${REST}}`;
  const startMs = performance.now();
  for (const text of [wide, deep])
    expect(failingPlaces(reject({}), text, catalog).length).toBeGreaterThan(0);
  expect(performance.now() - startMs).toBeLessThan(2_000);
});
