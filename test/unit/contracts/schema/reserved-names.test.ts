// Goal: no contract that is published has a name that the store or our own measurements need.
import { describe, expect, test } from "vitest";
import { SCHEMAS_DIRECTORY, loadCatalog } from "../../../../contracts/schema/catalog.ts";
import { type Contract, compileContract } from "../../../../contracts/schema/contract.ts";
import { reservedNames } from "../../../../contracts/schema/reserved-names.ts";

const contract = (name: string, properties: object, more: object = {}): Contract =>
  compileContract(
    { name, version: 1 },
    {
      type: "object",
      properties: { ts: { type: "integer", "x-role": "time" }, ...properties },
      ...more,
    },
  );
const field = { type: "number", "x-role": "field" };
const tag = { type: "string", "x-role": "tag" };

const problems = (one: Contract, others: readonly Contract[] = []): string[] =>
  reservedNames(one, others).map(({ property, text }) => `${property ?? ""}: ${text}`);

test.each<[string, object, RegExp]>([
  [
    "device",
    tag,
    /^device: a stored property may not be called "device": every point has time, region/,
  ],
  ["device", field, /^device: /],
  ["region", tag, /^region: /],
  ["time", field, /^time: /],
  ["Time", field, /^Time: /],
  ["time", { type: "integer", "x-role": "sequence" }, /^time: /],
  ["_field", field, /may not begin with _/],
  ["_measurement", tag, /may not begin with _/],
  ["_time", field, /may not begin with _/],
  ['a"b', field, /may not hold " or \\/],
  ["a\\", tag, /may not hold " or \\/],
  ["a\nb", field, /holds the control character U\+000A/],
  ["", field, /the name of a stored property is empty/],
  ["ü".repeat(33), field, /has 66 bytes of UTF-8, the limit is 64/],
  ["count", tag, /^count: a tag or key may not be called "count": every rollup has a field/],
  ["revision", tag, /^revision: /],
  ["value_max", tag, /^value_max: .* the rollups of field "value" has a field of that name/],
  ["value_p99", tag, /^value_p99: /],
])("a property %j of %j is refused", (name, property, message) => {
  const found = problems(contract("thing", { value: field, [name]: property }));
  expect(found).toHaveLength(1);
  expect(found[0]).toMatch(message);
});

test("what no point has may have any name, and a field is no tag", () => {
  const properties = {
    time: { type: "integer", "x-role": "time" },
    device: { const: 1, "x-role": "version" },
    count: field,
    value: field,
    value_max: field,
    "température 2": field,
    "p-1.a": tag,
  };
  const one = compileContract({ name: "thing", version: 1 }, { type: "object", properties });
  expect(problems(one)).toEqual([]);
});

test.each(["region", "time", "revision"])("a partition key %s is refused", (name) => {
  const key = { "x-partition-key": name, required: [name] };
  const property = { type: "string", "x-role": "tag" };
  expect(problems(contract("thing", { [name]: property }, key))).toHaveLength(1);
});

test.each(["climate_10s", "climate_1m", "climate_10s_open", "climate_1m_open", "a_b_1m"])(
  "a contract %s is refused: it would be a rollup",
  (name) => {
    expect(problems(contract(name, { value: field }))[0]).toContain(
      `: a contract's name may not end in ${/_(?:10s|1m)(?:_open)?$/.exec(name)![0]}`,
    );
  },
);

describe("names of other contracts", () => {
  test("ours are refused", () => {
    expect(problems(contract("skerry_reconciliation", {}))[0]).toContain("begin with skerry_");
    expect(problems(contract("skerry", {}))).toEqual([]);
  });

  test("the rollups of a new one would mix with one that exists already", () => {
    const old = contract("pump_1m", { value: field });
    expect(problems(contract("pump", { value: field }), [old])[0]).toContain(
      'the rollups of "pump" would be written into the measurement of contract "pump_1m"',
    );
  });

  test("fields of any version have columns in the rollups", () => {
    const older = contract("pump", { flow: field });
    const newer = compileContract(
      { name: "pump", version: 2 },
      { type: "object", properties: { flow_mean: tag } },
    );
    expect(problems(newer, [older])[0]).toContain('the rollups of field "flow"');
  });
});

test("the contracts that ship have no such name", () => {
  const catalog = loadCatalog(SCHEMAS_DIRECTORY);
  const all = catalog.names.flatMap((name) => catalog.versions(name));
  for (const one of all) expect(problems(one, all)).toEqual([]);
});
