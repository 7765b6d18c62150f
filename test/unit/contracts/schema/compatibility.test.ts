// Goal: what breaks is told, in words that name it. Method: a table of edits of a contract, harmless and
// harmful, with the words that people get to read. compatible-pairs.test.ts holds generated pairs against Ajv.
import { describe, expect, test } from "vitest";
import { SCHEMAS_DIRECTORY, readSchemas } from "../../../../contracts/schema/catalog.ts";
import {
  COMPATIBILITY_MODES,
  type CompatibilityMode,
  type ContractVersion,
  type Finding,
  checkVersion,
  isRefusal,
  isSameSchema,
} from "../../../../contracts/schema/compatibility.ts";
import { compileContract } from "../../../../contracts/schema/contract.ts";

const asVersion = (version: number, schema: object): ContractVersion => ({
  contract: compileContract({ name: "thing", version }, schema),
  schema,
});

interface Schema {
  required: string[];
  additionalProperties?: boolean;
  properties: Record<string, Record<string, unknown>>;
  [annotation: `x-${string}`]: string;
}

const ENVIRONMENT = readSchemas(SCHEMAS_DIRECTORY).find(({ name }) => name === "environment")!;

function edited(edit: (schema: Schema) => void): Schema {
  const schema = structuredClone(ENVIRONMENT.schema) as Schema;
  schema.properties["site"] = { type: "string", "x-role": "tag" };
  schema.properties["note"] = { type: "string", "x-role": "field" };
  edit(schema);
  return schema;
}

const BASE = edited(() => undefined);

const findings = (newer: object, mode?: CompatibilityMode, older: object = BASE): Finding[] =>
  checkVersion(asVersion(2, newer), [asVersion(1, older)], mode);

const problems = (...of: Parameters<typeof findings>): string[] =>
  findings(...of)
    .filter(isRefusal)
    .map(({ property: name, text }) => `${name ?? ""}: ${text}`);

describe("breaks BACKWARD", () => {
  const late = "readings that devices on v1 still buffer";
  test.each<[string, (schema: Schema) => void, string]>([
    [
      "a property becomes required",
      (s) => s.required.push("note"),
      `note: v2 requires \`note\`, v1 does not: ${late} would be rejected by v2`,
    ],
    [
      "a required property is new",
      (s) => {
        s.properties["pressure"] = { type: "number", "x-role": "field" };
        s.required.push("pressure");
      },
      `pressure: v2 requires \`pressure\`, v1 does not: ${late}`,
    ],
    [
      "more properties are needed",
      (s) => Object.assign(s, { minProperties: 8 }),
      `: v2 needs at least 8 properties, where v1 allowed 6: ${late} would be rejected by v2`,
    ],
    [
      "fewer properties are taken",
      (s) => Object.assign(s, { maxProperties: 7 }),
      ": v2 takes at most 7 properties, where v1 allowed 9",
    ],
    [
      "a minimum rises",
      (s) => (s.properties["temperature"]!["minimum"] = -40),
      "temperature: v2 accepts `temperature` only as numbers from -40 up to 100, where v1 allowed numbers from -60 up to 100",
    ],
    [
      "a maximum falls",
      (s) => (s.properties["co2"]!["maximum"] = 50_000),
      "co2: v2 accepts `co2` only as numbers from 0 up to 50000",
    ],
    [
      "a maximum appears",
      (s) => (s.properties["occupancy"]!["maximum"] = 500),
      "where v1 allowed integers from 0",
    ],
    [
      "an enum appears",
      (s) => (s.properties["site"]!["enum"] = ["a", "b"]),
      'site: v2 accepts `site` only as "a", "b", where v1 allowed any string',
    ],
    [
      "a type is narrowed",
      (s) => (s.properties["ts"]!["type"] = "integer"),
      "ts: v2 accepts `ts` only as any integer, where v1 allowed any string",
    ],
    [
      "a property goes from a closed schema",
      (s) => delete s.properties["note"],
      `note: v2 does not allow \`note\`, where v1 allowed a value: ${late}`,
    ],
    [
      "a field's type changes, though every value fits",
      (s) => (s.properties["occupancy"]!["type"] = "number"),
      "occupancy: is of type integer in v1 and number in v2: InfluxDB keeps one type per field",
    ],
    [
      "a unit changes",
      (s) => (s.properties["temperature"]!["x-unit"] = "[degF]"),
      "temperature: is in Cel in v1 and in [degF] in v2",
    ],
    [
      "a unit goes",
      (s) => delete s.properties["temperature"]!["x-unit"],
      "temperature: is in Cel in v1 and in no unit in v2",
    ],
    [
      "a tag becomes a field",
      (s) => (s.properties["site"]!["x-role"] = "field"),
      "site: is a tag in v1 and a field in v2: InfluxDB would hold one name as tag and as field",
    ],
    [
      "a field becomes a tag",
      (s) => (s.properties["note"]!["x-role"] = "tag"),
      "note: is a field in v1 and a tag in v2: InfluxDB would hold",
    ],
    [
      "the time becomes a tag",
      (s) => (s.properties["ts"]!["x-role"] = "tag"),
      'ts: v1 takes the event time from "ts", v2 from the arrival',
    ],
    [
      "the identity changes",
      (s) => (s["x-identity"] = "none"),
      ": x-identity changed from sequence (v1) to none (v2): a reading sent again would be counted",
    ],
    [
      "the partition key changes",
      (s) => {
        s["x-partition-key"] = "site";
        s.required.push("site");
      },
      ": x-partition-key changed from device (v1) to site (v2)",
    ],
    [
      "the age limit falls",
      (s) => (s["x-age-max"] = "P1D"),
      ": x-age-max is 24 hours in v2 and 168 hours in v1",
    ],
  ])("%s", (_name, edit, words) => {
    expect(problems(edited(edit)).join("\n")).toContain(words);
  });

  test("an open schema's property goes: it would be accepted and lost", () => {
    const open = edited((s) => delete s.additionalProperties);
    const without = edited((s) => {
      delete s.additionalProperties;
      delete s.properties["note"];
    });
    expect(problems(without, "BACKWARD", open)).toEqual([
      "note: v2 does not know `note`: it would be stored nowhere for readings that devices on v1 still buffer",
    ]);
  });

  test("an open schema is closed, or an open name gets a type", () => {
    const open = edited((s) => delete s.additionalProperties);
    expect(problems(BASE, "BACKWARD", open)).toEqual([
      ": v2 does not allow properties that it does not list, where v1 allowed a value: readings that devices on v1 still buffer would be rejected by v2",
    ]);
    const more = edited((s) => {
      delete s.additionalProperties;
      s.properties["pressure"] = { type: "number", "x-role": "field" };
    });
    expect(problems(more, "BACKWARD", open)[0]).toContain(
      "pressure: v2 accepts `pressure` only as any number, where v1 allowed null",
    );
  });
});

test.each<[string, (schema: Schema) => void]>([
  ["an optional property is new", (s) => (s.properties["p"] = { type: "number", "x-role": "tag" })],
  ["as many properties are needed as are required", (s) => Object.assign(s, { minProperties: 6 })],
  ["as many properties are taken as there are", (s) => Object.assign(s, { maxProperties: 9 })],
  ["a range widens", (s) => (s.properties["temperature"]!["maximum"] = 200)],
  ["a bound goes", (s) => delete s.properties["humidity"]!["maximum"]],
  ["a property is no longer required", (s) => s.required.pop()],
  ["the schema opens", (s) => delete s.additionalProperties],
  ["the age limit rises", (s) => (s["x-age-max"] = "P30D")],
  ["only words change", (s) => (s.properties["co2"]!["description"] = "Carbon dioxide")],
  ["a tag takes more types", (s) => (s.properties["site"]!["type"] = ["string", "integer"])],
])("keeps BACKWARD: %s", (_name, edit) => {
  expect(problems(edited(edit))).toEqual([]);
});

test("FORWARD is the other direction, and says so", () => {
  const wider = edited((s) => (s.properties["temperature"]!["maximum"] = 200));
  expect(problems(wider, "FORWARD")).toEqual([
    "temperature: v1 accepts `temperature` only as numbers from -60 up to 100, where v2 allowed numbers from -60 up to 200: readings of devices on v2, where only v1 is known yet, would be rejected by v1",
  ]);
  const narrower = edited((s) => (s.properties["temperature"]!["maximum"] = 50));
  expect(problems(narrower, "FORWARD")).toEqual([]);
  expect(problems(narrower, "FULL")).toHaveLength(1);
});

test("harmless losses warn and refuse nothing", () => {
  const less = edited((s) => delete s.properties["co2"]!["x-quantiles"]);
  expect(findings(less)).toEqual([
    {
      kind: "warns",
      property: "co2",
      older: 1,
      newer: 2,
      text: "has no quantiles in v2 any more: panels that show them end",
    },
  ]);
});

test.each<[string, (schema: Schema) => void, string | null]>([
  ["multipleOf", (s) => (s.properties["co2"]!["multipleOf"] = 2), "co2"],
  ["propertyNames", (s) => Object.assign(s, { propertyNames: { maxLength: 9 } }), null],
  ["allOf", (s) => Object.assign(s, { allOf: [{ type: "object" }] }), null],
])("the keyword %s is refused by name, never taken for compatible", (keyword, edit, at) => {
  const schema = edited(edit);
  for (const mode of COMPATIBILITY_MODES) {
    const found = findings(schema, mode, schema);
    const kinds = mode === "NONE" ? "warns" : "cannot_judge";
    expect(found.every(({ kind }) => kind === kinds)).toBe(true);
    expect(found[0]).toMatchObject({ property: at });
    expect(found[0]!.text).toContain(`"${keyword}"`);
  }
});

test("every earlier version counts, not only the last: a field that left comes back as another", () => {
  const open = (properties: object) => ({ type: "object", properties });
  const number = { p: { type: "number", "x-role": "field" } };
  const string = { p: { type: "string", "x-role": "field" } };
  const [v1, v2, v3] = [number, {}, string].map((properties, at) =>
    asVersion(at + 1, open(properties)),
  );
  const found = checkVersion(v3!, [v2!, v1!], "FORWARD").filter(isRefusal);
  expect(found.map(({ older, newer }) => [older, newer])).toContainEqual([1, 3]);
  expect(found.map(({ text }) => text).join()).toContain("InfluxDB keeps one type per field");
});

test("a version that payloads say is not a difference", () => {
  const says = (version: number) => ({
    type: "object",
    additionalProperties: false,
    required: ["v"],
    properties: { v: { const: version, "x-role": "version" } },
  });
  expect(problems(says(2), "FULL", says(1))).toEqual([]);
});

test("schemas are the same by content, not by the order of their keys", () => {
  expect(isSameSchema({ a: 1, b: [1, { c: null }] }, { b: [1, { c: null }], a: 1 })).toBe(true);
  expect(isSameSchema({ a: [1, 2] }, { a: [2, 1] })).toBe(false);
  expect(isSameSchema({ a: [] }, { a: {} })).toBe(false);
  expect(isSameSchema({ a: 1 }, { b: 1 })).toBe(false);
});
