// Goal: a compatibility verdict can be trusted. Method: Ajv is the oracle for generated pairs of
// schemas: no reading that the old version allows may fail under one that was called compatible;
// and a table of edits, harmless and harmful, with the words that people get to read.
import fc from "fast-check";
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

const numbers = fc.constantFrom(-2, -1, -0.5, 0, 0.5, 1, 2, 3);
const values = fc.constantFrom<unknown>(
  ...[-2, -1.5, -1, -0.5, 0, 0.25, 0.5, 1, 1.5, 2, 2.5, 3, 4, 1e20],
  ...["", "a", "ab", "abc", "😀", "😀😀"],
  ...[true, false, null, {}, [], { a: 1 }],
);
const lengths = fc.nat({ max: 3 });
const bounds = fc.record(
  { minimum: numbers, maximum: numbers, exclusiveMinimum: numbers, exclusiveMaximum: numbers },
  { requiredKeys: [] },
);
const stringBounds = fc.record({ minLength: lengths, maxLength: lengths }, { requiredKeys: [] });
const field = fc.constantFrom("field", "tag").map((role) => ({ "x-role": role }));
const tag = fc.constant({ "x-role": "tag" });
const merged = (...parts: fc.Arbitrary<object>[]): fc.Arbitrary<object> =>
  fc.tuple(...parts).map((all) => Object.assign({}, ...all) as object);
const typed = (...types: string[]): fc.Arbitrary<object> =>
  fc.constantFrom(...types).map((type) => ({ type }));
const property = fc.oneof(
  merged(typed("number", "integer"), bounds, field),
  merged(typed("string"), stringBounds, field),
  merged(typed("boolean"), field),
  merged(fc.constant({ type: ["integer", "string"] }), bounds, stringBounds, tag),
  merged(fc.constant({ type: ["null", "boolean", "object"] }), tag),
  merged(
    fc.uniqueArray(values, { minLength: 1, maxLength: 4 }).map((list) => ({ enum: list })),
    tag,
  ),
  merged(
    values.map((value) => ({ const: value })),
    tag,
  ),
  tag,
);
const NAMES = ["a", "b", "c"];
const additional = fc.constantFrom<object>(
  {},
  { additionalProperties: true },
  { additionalProperties: false },
  { additionalProperties: { type: "number", minimum: 0 } },
);
const counts = fc.nat({ max: 5 });
const parts = fc.record({
  properties: fc.dictionary(fc.constantFrom(...NAMES), property, { maxKeys: 3 }),
  required: fc.subarray(NAMES),
  additional,
  saysVersion: fc.boolean(),
  counts: fc.record({ minProperties: counts, maxProperties: counts }, { requiredKeys: [] }),
});
type Parts = typeof parts extends fc.Arbitrary<infer T> ? T : never;

/** Small edits of one property, as people make them. */
const TWEAKS: readonly ((property: Record<string, unknown>) => object)[] = [
  ({ minimum, maximum, ...rest }) => ({
    ...rest,
    ...(minimum === undefined ? {} : { exclusiveMinimum: minimum }),
    ...(maximum === undefined ? {} : { exclusiveMaximum: maximum }),
  }),
  ({ exclusiveMinimum, exclusiveMaximum, ...rest }) => ({
    ...rest,
    ...(exclusiveMinimum === undefined ? {} : { minimum: exclusiveMinimum }),
    ...(exclusiveMaximum === undefined ? {} : { maximum: exclusiveMaximum }),
  }),
  (property) => ({ ...property, enum: [0, 1, "", "a", true] }),
  ({ minimum: _1, maxLength: _2, enum: _3, const: _4, ...rest }) => rest,
  ({ maximum: _1, minLength: _2, exclusiveMinimum: _3, ...rest }) => rest,
];

/** Mostly an edit of the old one, so that compatible pairs are not rare. */
const pairs = fc
  .record({
    older: parts,
    other: parts,
    replaced: fc.subarray(NAMES),
    tweaked: fc.dictionary(fc.constantFrom(...NAMES), fc.constantFrom(...TWEAKS)),
    rest: fc.nat({ max: 15 }),
  })
  .map(({ older, other, replaced, tweaked, rest }): [Parts, Parts] => {
    const properties = { ...older.properties };
    for (const name of replaced)
      if (other.properties[name]) properties[name] = other.properties[name];
    for (const [name, tweak] of Object.entries(tweaked))
      if (properties[name]) properties[name] = tweak(properties[name] as Record<string, unknown>);
    const take = (bit: number): Parts => (rest & bit ? other : older);
    return [
      older,
      {
        properties,
        required: take(1).required,
        additional: take(2).additional,
        saysVersion: take(4).saysVersion,
        counts: take(8).counts,
      },
    ];
  });

const schemaOf = (version: number, of: Parts): object => ({
  type: "object",
  properties: {
    ...of.properties,
    ...(of.saysVersion ? { v: { const: version, "x-role": "version" } } : {}),
  },
  required: of.required.filter((name) => name in of.properties),
  ...of.additional,
  ...of.counts,
});

/** Every payload of these values, and of absent ones: the edges of what schemas here can say. */
const PAYLOADS: readonly object[] = (() => {
  const edges = [
    ...[-2, -0.5, 0, 0.5, 1, 2, 3, 1e20],
    ...["", "a", "😀😀", "abc", true, null, {}, undefined],
  ];
  const choices = NAMES.map((name): [string, unknown[]] => [name, edges]);
  choices.push(["d", [undefined, 1, "x"]]);
  return choices.reduce<object[]>(
    (made, [name, all]) =>
      made.flatMap((payload) =>
        all.map((value) => (value === undefined ? payload : { ...payload, [name]: value })),
      ),
    [{}],
  );
})();

test("what is called compatible is: no reading of the writer fails at the reader", () => {
  const judged = { compatible: 0, refused: 0, samples: 0 };
  const check = fc.property(
    pairs,
    fc.constantFrom<CompatibilityMode>("BACKWARD", "FORWARD"),
    ([olderParts, newerParts], mode) => {
      const older = asVersion(1, schemaOf(1, olderParts));
      const newer = asVersion(2, schemaOf(2, newerParts));
      if (checkVersion(newer, [older], mode).some(isRefusal)) return void (judged.refused += 1);
      judged.compatible += 1;
      const [writer, reader] = mode === "BACKWARD" ? [older, newer] : [newer, older];
      for (const payload of PAYLOADS) {
        if (!writer.contract.validate(payload)) continue;
        judged.samples += 1;
        if (!reader.contract.validate(payload)) expect.fail(JSON.stringify(payload));
      }
    },
  );
  fc.assert(check, { numRuns: 400 });
  // The test itself would prove nothing if one verdict were all there is.
  expect(judged.compatible).toBeGreaterThan(50);
  expect(judged.refused).toBeGreaterThan(50);
  expect(judged.samples).toBeGreaterThan(500);
});

test("a version is compatible with itself, and FULL is BACKWARD and FORWARD together", () => {
  fc.assert(
    fc.property(pairs, ([olderParts, newerParts]) => {
      const older = asVersion(1, schemaOf(1, olderParts));
      expect(
        checkVersion(asVersion(2, schemaOf(2, olderParts)), [older], "FULL").filter(isRefusal),
      ).toEqual([]);
      const newer = asVersion(2, schemaOf(2, newerParts));
      const [backward, forward, full] = COMPATIBILITY_MODES.map((mode) =>
        checkVersion(newer, [older], mode).some(isRefusal),
      );
      expect(full).toBe(backward! || forward!);
    }),
    { numRuns: 200 },
  );
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
