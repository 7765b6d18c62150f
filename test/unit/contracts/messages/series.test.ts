import fc from "fast-check";
import { expect, test } from "vitest";
import { SCHEMAS_DIRECTORY, loadCatalog } from "../../../../contracts/schema/catalog.ts";
import { compileContract } from "../../../../contracts/schema/contract.ts";
import { parseSeries, seriesOf, seriesText } from "../../../../contracts/messages/series.ts";

const catalog = loadCatalog(SCHEMAS_DIRECTORY);
const measurement = catalog.get("measurement", 1)!;

const text = fc.oneof(
  fc.string({ unit: fc.constantFrom("{", "}", ",", "=", "\\", "a", "é") }),
  fc.string(),
);
const tags = fc
  .uniqueArray(fc.tuple(text, text), { selector: ([name]) => name, maxLength: 4 })
  .map((list) => list.toSorted(([a], [b]) => (a < b ? -1 : 1)));

test("a series is named by its key, and by the tags that it has", () => {
  const of = (payload: object): string =>
    seriesOf(measurement, "room9", payload as Record<string, unknown>);
  expect(of({ ts: 0, value: 1 })).toBe("room9");
  expect(of({ ts: 0, value: 1, quantity: "pressure" })).toBe("room9{quantity=pressure}");
  expect(of({ ts: 0, value: 1, sensor: "2", quantity: "pressure" })).toBe(
    "room9{quantity=pressure,sensor=2}",
  );
});

test("a tag that is null or empty is the same as none", () => {
  const of = (payload: object): string =>
    seriesOf(measurement, "room9", payload as Record<string, unknown>);
  expect(of({ quantity: "", sensor: null })).toBe("room9");
});

test("whatever is in keys and tags, different series have different texts and can be read back", () => {
  fc.assert(
    fc.property(text, tags, (key, list) => {
      expect(parseSeries(seriesText(key, list))).toEqual({ key, tags: list });
    }),
    { numRuns: 2_000 },
  );
});

const lines = (marks: Record<string, object>) =>
  compileContract(
    { name: "line", version: 1 },
    {
      type: "object",
      "x-identity": "none",
      properties: {
        value: { type: "number", "x-role": "field" },
        phase: { type: "string", "x-role": "tag", ...marks["phase"] },
        firmware: { type: "string", "x-role": "tag", ...marks["firmware"] },
      },
    },
  );

test("all tags tell series apart, or those that are marked, or those that are not excluded", () => {
  expect(lines({}).seriesTags).toEqual(["firmware", "phase"]);
  expect(lines({ phase: { "x-series": true } }).seriesTags).toEqual(["phase"]);
  expect(lines({ firmware: { "x-series": false } }).seriesTags).toEqual(["phase"]);
});

test("a mark that is no boolean, or of what is no tag, is refused by name", () => {
  expect(() => lines({ phase: { "x-series": "yes" } })).toThrow(
    'x-series of "phase" must be true or false',
  );
  expect(() => lines({ phase: { "x-role": "field", "x-series": true } })).toThrow(
    'x-series belongs to tags, and "phase" is a field',
  );
});
