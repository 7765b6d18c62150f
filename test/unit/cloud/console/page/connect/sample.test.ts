import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { SCHEMAS_DIRECTORY, loadCatalog } from "../../../../../../contracts/schema/catalog.ts";
import { violationOf } from "../../../../../../contracts/schema/contract.ts";

// The page is JavaScript as browsers run it, without types.
const path: string = "../../../../../../cloud/console/page/connect/sample.js";
const { SEQUENCE, TIME_MS, sampleOf } = (await import(path)) as {
  SEQUENCE: symbol;
  TIME_MS: symbol;
  sampleOf: (schema: object) => Record<string, unknown>;
};

const catalog = loadCatalog(SCHEMAS_DIRECTORY);

test.each(catalog.names.map((name) => [name]))(
  "a reading that is made up for contract %s is one that it takes",
  (name) => {
    for (const contract of catalog.versions(name)) {
      const file = join(SCHEMAS_DIRECTORY, name, `v${contract.version}.json`);
      const schema = JSON.parse(readFileSync(file, "utf8")) as object;
      const filled = Object.entries(sampleOf(schema)).map(([field, value]) => [
        field,
        value === SEQUENCE ? 1 : value === TIME_MS ? 1_700_000_000_000 : value,
      ]);
      const isTaken = contract.validate(Object.fromEntries(filled));
      expect(isTaken, isTaken ? "" : violationOf(contract)).toBe(true);
    }
  },
);

test("a number is within its limits, and what the contract gives as an example is taken", () => {
  const properties = {
    heat: { type: "number", minimum: 30, "x-unit": "Cel", "x-role": "field" },
    mode: { type: "string", examples: ["eco"], "x-role": "field" },
  };
  expect(sampleOf({ properties, required: ["heat"] })).toEqual({ heat: 30, mode: "eco" });
});
