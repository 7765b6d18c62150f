import fc from "fast-check";
import { expect, test } from "vitest";
import {
  failingPlaces,
  pointerRanges,
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

test("every value of any JSON is found where it stands", () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      for (const [pointer, range] of pointerRanges(text)) {
        const found: unknown = JSON.parse(text.slice(...range));
        const tokens = pointer.split("/").slice(1);
        const expected = tokens.reduce<unknown>(
          (value, token) =>
            (value as Record<string, unknown>)[token.replaceAll("~1", "/").replaceAll("~0", "~")],
          JSON.parse(text),
        );
        // A key that a text has twice is the last one for JSON.parse; the map holds the last one, too.
        expect(found).toEqual(expected);
      }
    }),
  );
});
