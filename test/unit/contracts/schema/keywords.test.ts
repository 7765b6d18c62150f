// Goal: whatever keyword a first version may use, a second one can change: the compatibility check
// understands it, or says before the first is published that it does not.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { SCHEMAS_DIRECTORY, readSchemas } from "../../../../contracts/schema/catalog.ts";
import { checkVersion, isRefusal } from "../../../../contracts/schema/compatibility.ts";
import { ContractError, compileContract } from "../../../../contracts/schema/contract.ts";
import {
  OBJECT_KEYWORDS,
  PROPERTY_KEYWORDS,
  unknownKeywords,
} from "../../../../contracts/schema/keywords.ts";

type Change = readonly [older: unknown, newer: unknown] | "changes nothing";

const number = { type: "number", "x-role": "field" };
const needed = { ts: { type: "integer", "x-role": "time" } };

/** For each keyword of the object two values, of which the newer breaks the older. */
const OBJECT: Readonly<Record<string, Change>> = {
  type: "changes nothing", // It is "object".
  properties: [{ ...needed, a: number }, needed],
  required: [["ts"], ["ts", "k"]],
  additionalProperties: [true, false],
  minProperties: [1, 3],
  maxProperties: [5, 2],
  "x-identity": ["none", "time"],
  "x-partition-key": ["device", "ts"],
  "x-age-max": ["P8D", "P1D"],
  $id: "changes nothing",
  $schema: "changes nothing",
  $comment: "changes nothing",
  default: "changes nothing",
  deprecated: "changes nothing",
  description: "changes nothing",
  examples: "changes nothing",
  title: "changes nothing",
};
const PROPERTY: Readonly<Record<string, Change>> = {
  type: ["number", "integer"],
  enum: [
    [1, 2],
    [1, 3],
  ],
  const: [1, 2],
  minimum: [0, 1],
  maximum: [9, 8],
  exclusiveMinimum: [0, 1],
  exclusiveMaximum: [9, 8],
  minLength: [0, 1],
  maxLength: [9, 8],
  "x-role": ["field", "tag"],
  "x-unit": ["Cel", "K"],
  "x-series": [true, false],
  "x-invalid": "changes nothing", // Whether a bad value costs its reading or itself.
  "x-quantiles": "changes nothing", // It warns, and loses no reading.
  $comment: "changes nothing",
  default: "changes nothing",
  deprecated: "changes nothing",
  description: "changes nothing",
  examples: "changes nothing",
  title: "changes nothing",
};
const SAMPLES: Readonly<Record<string, readonly [unknown, unknown]>> = {
  type: ["object", "object"],
  $id: ["https://example.org/a", "https://example.org/b"],
  $schema: ["http://json-schema.org/draft-07/schema#", "http://json-schema.org/draft-07/schema"],
  deprecated: [false, true],
  examples: [[{}], [1]],
  "x-invalid": ["omit", "omit"],
  "x-quantiles": [true, false],
};

test.each([
  ["an object", OBJECT_KEYWORDS, OBJECT],
  ["a property", PROPERTY_KEYWORDS, PROPERTY],
])("the table here has every keyword of %s", (_of, keywords, table) => {
  expect(Object.keys(table).sort()).toEqual([...keywords].sort());
});

const refusals = (older: object, newer: object): string[] =>
  checkVersion(
    { contract: compileContract({ name: "thing", version: 2 }, newer), schema: newer },
    [{ contract: compileContract({ name: "thing", version: 1 }, older), schema: older }],
    "BACKWARD",
  )
    .filter(isRefusal)
    .map(({ kind, text }) => `${kind}: ${text}`);

const valuesOf = (keyword: string, change: Change): readonly [unknown, unknown] =>
  change === "changes nothing" ? (SAMPLES[keyword] ?? ["one", "another"]) : change;

const judged = (schemas: readonly object[], change: Change): void => {
  for (const schema of schemas) expect(unknownKeywords(schema)).toEqual([]);
  const [older, newer] = schemas as [object, object];
  expect(refusals(older, older)).toEqual([]);
  if (change === "changes nothing") expect(refusals(older, newer)).toEqual([]);
  else expect(refusals(older, newer).join()).toMatch(/^breaks: /);
};

test.each(Object.entries(OBJECT))(
  "a second version may touch %s of the object",
  (keyword, change) => {
    const base = {
      type: "object",
      required: ["ts"],
      properties: { ...needed, a: number, k: { type: "string", "x-role": "tag" } },
    };
    judged(
      valuesOf(keyword, change).map((value) => ({ ...base, [keyword]: value })),
      change,
    );
  },
);

test.each(Object.entries(PROPERTY))(
  "a second version may touch %s of a property",
  (keyword, change) => {
    const isText = keyword.endsWith("Length");
    const role = keyword === "x-series" ? "tag" : "field";
    const base = { type: isText ? "string" : "number", "x-role": role };
    judged(
      valuesOf(keyword, change).map((value) => ({
        type: "object",
        properties: { p: { ...base, [keyword]: value } },
      })),
      change,
    );
  },
);

describe("any other is refused before a first version is published, by name and with what may be used", () => {
  test.each<[string, object, string | null]>([
    ["anyOf", { anyOf: [{ required: ["a"] }] }, null],
    ["patternProperties", { patternProperties: {} }, null],
    ["dependencies", { dependencies: { a: ["b"] } }, null],
    ["$ref", { $ref: "#/definitions/x" }, null],
    ["multipleOf", { properties: { p: { ...number, multipleOf: 2 } } }, "p"],
    ["format", { properties: { p: { type: "string", format: "date", "x-role": "tag" } } }, "p"],
    ["nullable", { properties: { p: { ...number, nullable: true } } }, "p"],
    ["items", { additionalProperties: { type: "array", items: {} } }, "additionalProperties"],
    ["x-untis", { properties: { p: { ...number, "x-untis": "Cel" } } }, "p"],
  ])("%s", (keyword, schema, property) => {
    const [first, ...others] = unknownKeywords({ type: "object", ...schema });
    expect(others).toEqual([]);
    expect(first).toMatchObject({ keyword, property });
    expect(first!.text).toContain(`the keyword "${keyword}" is not allowed`);
    expect(first!.text).toContain("description");
  });
});

/** Keywords that Ajv knows of drafts up to 2020-12, its own and older spellings included. */
const AJV_KEYWORDS = Object.keys(new Ajv2020({ strict: false }).RULES.keywords);
const schemas = ["allOf", "anyOf", "oneOf", "prefixItems"];
const numbers = ["maxItems", "minItems", "maxContains", "minContains", "multipleOf"];
const maps = [
  ...["$defs", "definitions", "patternProperties", "dependentSchemas", "dependentRequired"],
  ...["dependencies", "properties", "$vocabulary"],
];
const flags = ["nullable", "uniqueItems", "readOnly", "writeOnly", "deprecated", "$async"];
const schema = ["not", "if", "then", "else", "propertyNames", "items", "contains", "contentSchema"];
const more = ["unevaluatedProperties", "unevaluatedItems", "additionalProperties"];

/** A value with which the keyword may stand in a schema. */
const plausible = (keyword: string): unknown => {
  if (schemas.includes(keyword)) return [{}];
  if (maps.includes(keyword)) return {};
  if (numbers.includes(keyword) || /^(min|max|exclusive)/.test(keyword)) return 1;
  if (flags.includes(keyword)) return true;
  if (schema.includes(keyword) || more.includes(keyword)) return {};
  if (keyword === "format") return "date-time";
  if (keyword === "required" || keyword === "enum" || keyword === "examples") return ["a"];
  return keyword === "type" ? "string" : keyword === "$schema" ? SAMPLES["$schema"]![0] : "#a";
};

test("Ajv's list has the keywords of the drafts", () => {
  expect(AJV_KEYWORDS).toEqual(expect.arrayContaining(["$dynamicRef", "dependentRequired"]));
  expect(AJV_KEYWORDS).toEqual(expect.arrayContaining(["unevaluatedItems", "nullable", "format"]));
  expect(AJV_KEYWORDS.length).toBeGreaterThan(50);
});

describe("every keyword of JSON Schema 2020-12 is understood, or refused in words at the first publication", () => {
  const text = { type: "string", "x-role": "tag" };
  const places = {
    object: (keyword: string, value: unknown) => ({ properties: {}, [keyword]: value }),
    property: (keyword: string, value: unknown) => ({
      properties: { p: { ...text, [keyword]: value } },
    }),
    additionalProperties: (keyword: string, value: unknown) => ({
      additionalProperties: { type: "string", [keyword]: value },
    }),
  };
  test.each(AJV_KEYWORDS)("%s", (keyword) => {
    for (const [place, at] of Object.entries(places)) {
      const known = place === "object" ? OBJECT_KEYWORDS : PROPERTY_KEYWORDS;
      const whole = { type: "object", ...at(keyword, plausible(keyword)) };
      const found = unknownKeywords(whole).map((one) => one.keyword);
      expect(found, place).toEqual(known.has(keyword) ? [] : [keyword]);
      if (known.has(keyword)) continue;
      // It need not compile; if it does not, the words are as good.
      try {
        compileContract({ name: "thing", version: 1 }, whole);
      } catch (error) {
        expect(error, place).toBeInstanceOf(ContractError);
        expect(String(error), place).toMatch(
          /the keyword ".+" is not allowed, because .* may have|(pattern|patternProperties) is not allowed: it can take exponential time/,
        );
      }
    }
  });
});

test("what is no schema at all is refused in words", () => {
  for (const properties of [{ a: null }, { a: true }, { a: "number" }, { a: [] }])
    expect(() =>
      compileContract({ name: "bad", version: 1 }, { type: "object", properties }),
    ).toThrow(/property "a" needs an x-role: field, tag, time, sequence, version/);
  for (const whole of [{ properties: null }, { properties: [] }, { properties: "a" }])
    expect(() => compileContract({ name: "bad", version: 1 }, whole)).toThrow(
      /"properties" must be an object: a schema for each name/,
    );
  expect(() => compileContract({ name: "bad", version: 1 }, { required: "a" })).toThrow(
    /"required" must be a list of names/,
  );
});

test("a keyword that cannot be compiled is refused in the same words", () => {
  const compile = (property: object) => () =>
    compileContract({ name: "bad", version: 1 }, { type: "object", properties: { p: property } });
  const format = { type: "string", format: "date-time", "x-role": "field" };
  expect(compile(format)).toThrow(ContractError);
  expect(compile(format)).toThrow(/"p": the keyword "format" is not allowed.* may have type, enum/);
  expect(compile({ ...number, minimun: 1 })).toThrow(/"p": the keyword "minimun" is not allowed/);
  expect(compile({ type: ["number", "null"], "x-role": "field" })).toThrow(
    /field "p" cannot be null: .*leaves the property out/,
  );
});

test("versions may have one $id", () => {
  const schema = { $id: "https://example.org/pump", type: "object", properties: { a: number } };
  for (const version of [1, 2, 1])
    expect(compileContract({ name: "pump", version }, schema).version).toBe(version);
});

test("the contracts that ship can have a second version", () => {
  for (const { name, version, schema } of readSchemas(SCHEMAS_DIRECTORY)) {
    const contract = compileContract({ name, version }, schema);
    const next = structuredClone(schema) as { properties: object };
    Object.assign(next.properties, { another: number });
    const newer = compileContract({ name, version: version + 1 }, next);
    expect(
      checkVersion({ contract: newer, schema: next }, [{ contract, schema }]).filter(isRefusal),
      name,
    ).toEqual([]);
  }
});

test("the reference has every keyword", () => {
  const page = readFileSync(
    join(import.meta.dirname, "../../../../docs/reference/contracts.md"),
    "utf8",
  );
  const [ofObject, ofProperty] = ["object", "a property"].map(
    (what) => new RegExp(`## Keywords of (?:the )?${what}\\n([^]*?)\\n## `).exec(page)![1]!,
  );
  for (const keyword of OBJECT_KEYWORDS) expect(ofObject).toContain(`\`${keyword}\``);
  for (const keyword of PROPERTY_KEYWORDS) expect(ofProperty).toContain(`\`${keyword}\``);
});
