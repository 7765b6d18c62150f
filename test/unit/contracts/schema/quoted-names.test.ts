import { expect, test } from "vitest";
import { SCHEMAS_DIRECTORY, loadCatalog } from "../../../../contracts/schema/catalog.ts";
import { compileContract } from "../../../../contracts/schema/contract.ts";
import { namesToQuote } from "../../../../contracts/schema/quoted-names.ts";

const named = (name: string, ...properties: string[]) =>
  namesToQuote(
    compileContract(
      { name, version: 1 },
      {
        type: "object",
        properties: Object.fromEntries(
          properties.map((one) => [one, { type: "number", "x-role": "field" }]),
        ),
      },
    ),
  ).map(({ property, text }) => `${property ?? ""}: ${text}`);

test("what needs quotes is named, with the query that has them", () => {
  expect(named("pump", "flow", "end", "Limit", "p-1", "2nd", "größe", "a b")).toEqual([
    'end: "end" is a keyword of InfluxQL, so that queries have to quote it: SELECT "end" FROM pump',
    'Limit: "Limit" is a keyword of InfluxQL, so that queries have to quote it: SELECT "Limit" FROM pump',
    'p-1: "p-1" is no plain name of letters, digits and _, so that queries have to quote it: SELECT "p-1" FROM pump',
    '2nd: "2nd" is no plain name of letters, digits and _, so that queries have to quote it: SELECT "2nd" FROM pump',
    'größe: "größe" is no plain name of letters, digits and _, so that queries have to quote it: SELECT "größe" FROM pump',
    'a b: "a b" is no plain name of letters, digits and _, so that queries have to quote it: SELECT "a b" FROM pump',
  ]);
  expect(named("series", "x", "to")).toEqual([
    ': "series" is a keyword of InfluxQL, so that queries have to quote the contract\'s name: SELECT * FROM "series"',
    'to: "to" is a keyword of InfluxQL, so that queries have to quote it: SELECT "to" FROM "series"',
  ]);
  expect(named("cold-room", "x")[0]).toMatch(/SELECT \* FROM "cold-room"$/);
});

test("of the contracts that ship only measurement needs quotes, and no property does", () => {
  const catalog = loadCatalog(SCHEMAS_DIRECTORY);
  const found = catalog.names.flatMap((name) => namesToQuote(catalog.versions(name)[0]!));
  expect(found.map(({ property, text }) => [property, text.split(" ")[0]])).toEqual([
    [null, '"measurement"'],
  ]);
});
