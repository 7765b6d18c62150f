// Goal: what is wrong with a version is said before anybody has to live with it, and never in the way of
// those who live with it already.
import { expect, test } from "vitest";
import { compileContract } from "../../../../../contracts/schema/contract.ts";
import {
  type Judgement,
  type Version,
  judge,
} from "../../../../../cloud/operations/contracts/versions.ts";

const number = { type: "number", "x-role": "field" };

const versionOf = (name: string, version: number, properties: object, more = {}): Version => {
  const schema = { type: "object", additionalProperties: false, properties, ...more };
  const contract = compileContract({ name, version }, schema);
  return { contract, schema, file: { name, version, schema, path: `${name}/v${version}.json` } };
};

const judged = (newer: Version, known: readonly Version[], over: Partial<Judgement> = {}) =>
  judge(newer, [...known, newer], { mode: "BACKWARD", ...over });

/** A keyword that Ajv compiles. */
const ANY_OF = { anyOf: [{ minProperties: 1 }] };
const SHADOWING = { device: { type: "string", "x-role": "tag" } };

test("a name that the store needs is a problem of the version that brings it", () => {
  const { problems, warnings } = judged(versionOf("pump", 1, SHADOWING), []);
  expect(warnings).toEqual([]);
  expect(problems).toEqual([
    'pump/v1.json: device: a stored property may not be called "device": every point has time, region and device already',
  ]);
});

test("a contract that has such a name for long can still have a new version, with a warning", () => {
  const v1 = versionOf("pump", 1, SHADOWING);
  const v2 = versionOf("pump", 2, { ...SHADOWING, flow: number });
  expect(judged(v2, [v1])).toMatchObject({
    problems: [],
    warnings: [expect.stringMatching(/"device"/)],
  });
  const v3 = versionOf("pump", 3, { ...SHADOWING, region: number });
  const { problems } = judged(v3, [v1]);
  expect(problems).toEqual([expect.stringMatching(/^pump\/v3.json: region: /)]);
  const rollup = [1, 2].map((version) => versionOf("climate_10s", version, { flow: number }));
  expect(judged(rollup[0]!, []).problems).toHaveLength(1);
  expect(judged(rollup[1]!, [rollup[0]!])).toMatchObject({
    problems: [],
    warnings: [expect.stringMatching(/_10s/)],
  });
});

test("what is out in the world is warned of, not refused", () => {
  const v1 = versionOf("pump", 1, SHADOWING, ANY_OF);
  expect(judged(v1, []).problems).toHaveLength(2);
  const out = judged(v1, [], { isOut: true });
  expect(out.problems).toEqual([]);
  expect(out.warnings).toHaveLength(2);
});

test("a keyword that could never be compared is refused in a first version", () => {
  const v1 = versionOf("pump", 1, { flow: number }, ANY_OF);
  expect(judged(v1, []).problems).toEqual([
    expect.stringMatching(
      /^pump\/v1.json: the keyword "anyOf" is not allowed, because no later version .* minProperties/,
    ),
  ]);
});

test("NONE warns of what breaks, also where a published keyword cannot be judged", () => {
  const v1 = versionOf("pump", 1, { flow: number }, ANY_OF);
  const v2 = versionOf("pump", 2, { flow: { type: "string", "x-role": "field" } });
  expect(judged(v2, [v1]).problems.join()).toContain('v1 uses the keyword "anyOf"');
  expect(judged(v2, [v1], { mode: "NONE" })).toMatchObject({
    problems: [],
    warnings: [expect.stringMatching(/anyOf/)],
  });
  const other = versionOf("pump", 1, { flow: number });
  expect(judged(v2, [other]).problems.join()).toContain("is of type number in v1");
  expect(judged(v2, [other], { mode: "NONE" }).problems).toEqual([]);
  expect(judged(v2, [other], { mode: "NONE" }).warnings).toEqual(judged(v2, [other]).problems);
});

test("a version that was published with NONE is a new beginning", () => {
  const v1 = versionOf("pump", 1, { flow: number });
  const v2 = versionOf("pump", 2, { flow: { type: "string", "x-role": "field" } });
  const v3 = versionOf("pump", 3, { flow: { type: "string", "x-role": "field" }, p: number });
  expect(judged(v3, [v1, v2]).problems).not.toEqual([]);
  expect(judged(v3, [v1, v2], { since: 2 }).problems).toEqual([]);
});

test("a name that queries have to quote is a warning once, while it can still be another", () => {
  const of = (version: number, ...names: string[]) =>
    versionOf("series", version, Object.fromEntries(names.map((name) => [name, number])));
  const v1 = of(1, "end");
  expect(judged(v1, [])).toEqual({
    problems: [],
    warnings: [
      'series/v1.json: "series" is a keyword of InfluxQL, so that queries have to quote the contract\'s name: SELECT * FROM "series"',
      'series/v1.json: end: "end" is a keyword of InfluxQL, so that queries have to quote it: SELECT "end" FROM "series"',
    ],
  });
  expect(judged(v1, [], { isOut: true }).warnings).toEqual([]);
  expect(judged(of(2, "end", "to"), [v1]).warnings).toEqual([
    expect.stringMatching(/^series\/v2.json: to: "to" is a keyword/),
  ]);
  expect(judged(versionOf("measurement", 1, {}), []).warnings).toEqual([]);
});
