// Goal: a compatibility verdict can be trusted. Method: Ajv is the oracle for generated pairs of
// schemas: no reading that the old version allows may fail under one that was called compatible.
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  COMPATIBILITY_MODES,
  type CompatibilityMode,
  type ContractVersion,
  checkVersion,
  isRefusal,
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
