import { expect, test } from "vitest";
import { SCHEMAS_DIRECTORY, loadCatalog } from "../../../../contracts/schema/catalog.ts";
import {
  ContractError,
  compileContract,
  violationOf,
} from "../../../../contracts/schema/contract.ts";
import { eventTimeMs } from "../../../../contracts/messages/reading.ts";

const catalog = loadCatalog(SCHEMAS_DIRECTORY);
const environment = catalog.get("environment", 1)!;
const machine = catalog.get("machine", 1)!;
const valid = { seq: 1, temperature: 20, humidity: 40, light: 0, co2: 500, occupancy: 0 };

test("the shipped contracts say what the design says", () => {
  expect(catalog.names).toEqual([
    "climate",
    "energy",
    "environment",
    "machine",
    "measurement",
    "presence",
  ]);
  expect(environment.identity).toBe("sequence");
  expect(machine.identity).toBe("time");
  expect(environment.fields.map(({ name, unit }) => [name, unit])).toEqual([
    ["temperature", "Cel"],
    ["humidity", "%"],
    ["light", "lx"],
    ["co2", "[ppm]"],
    ["occupancy", "1"],
  ]);
});

test("a violation names the property", () => {
  expect(environment.validate({ ...valid, co2: "high" })).toBe(false);
  expect(violationOf(environment)).toContain("/co2");
  expect(environment.validate({ ...valid, colour: 1 })).toBe(false);
  expect(violationOf(environment)).toContain("colour");
  expect(environment.validate(valid)).toBe(true);
});

const schema = (extra: object, properties: object = {}) => ({
  type: "object",
  properties: { v: { type: "number", "x-role": "field" }, ...properties },
  ...extra,
});

test.each([
  [
    "a pattern can take exponential time",
    schema({}, { s: { type: "string", pattern: "(a+)+", "x-role": "tag" } }),
    /pattern/,
  ],
  ["sequence identity without a sequence", schema({ "x-identity": "sequence" }), /sequence/],
  [
    "time identity with optional time",
    schema({ "x-identity": "time" }, { ts: { type: "integer", "x-role": "time" } }),
    /time/,
  ],
  ["an unknown partition key", schema({ "x-partition-key": "account" }), /account/],
  ["a property without a role", schema({}, { x: { type: "number" } }), /"x" needs an x-role/],
  ["a field of no single type", schema({}, { x: { type: "object", "x-role": "field" } }), /"x"/],
  [
    "a version property without its number",
    schema({}, { v: { type: "integer", "x-role": "version" } }),
    /"const": 1/,
  ],
  [
    "two version properties",
    schema({}, { a: { const: 1, "x-role": "version" }, b: { const: 1, "x-role": "version" } }),
    /two version properties/,
  ],
  [
    "an unknown x-invalid",
    schema({}, { x: { type: "number", "x-role": "field", "x-invalid": "drop" } }),
    /x-invalid of "x" must be one of omit, clamp/,
  ],
  [
    "a tag that may be left out",
    schema({}, { x: { type: "string", "x-role": "tag", "x-invalid": "omit" } }),
    /belongs to fields, and "x" is a tag/,
  ],
  [
    "a required field that may be left out",
    schema({ required: ["x"] }, { x: { type: "number", "x-role": "field", "x-invalid": "omit" } }),
    /"x" is required/,
  ],
  [
    "a clamp without a bound",
    schema({}, { x: { type: "number", "x-role": "field", "x-invalid": "clamp" } }),
    /needs a minimum or a maximum/,
  ],
  ["an unreadable age", schema({ "x-age-max": "week" }), /x-age-max/],
])("refuses %s", (_name, bad, message) => {
  expect(() => compileContract({ name: "bad", version: 1 }, bad)).toThrow(ContractError);
  expect(() => compileContract({ name: "bad", version: 1 }, bad)).toThrow(message);
});

test("event time: epoch ms, ISO 8601 or arrival", () => {
  expect(eventTimeMs(environment, { ...valid, ts: 5 }, 9)).toBe(5);
  expect(eventTimeMs(environment, { ...valid, ts: "1970-01-01T00:00:01.5Z" }, 9)).toBe(1500);
  expect(eventTimeMs(environment, { ...valid, ts: "1970-01-01T01:00:00+01:00" }, 9)).toBe(0);
  expect(eventTimeMs(environment, valid, 9)).toBe(9);
  for (const ts of ["1", "yesterday", "2015-02-04 17:51:00", "2015-13-01T00:00:00Z"])
    expect(eventTimeMs(environment, { ...valid, ts }, 9)).toBeNaN();
});

test("a schema that was tried leaves nothing behind, and takes no other schema's place", () => {
  const tried = (more: object) => () =>
    compileContract({ name: "tried", version: 1 }, schema({ ...more }));
  const once = tried({ $id: "https://example.com/tried" });
  expect(once().validate({ v: 1 })).toBe(true);
  expect(once().validate({ v: "1" })).toBe(false);
  expect(tried({ $id: "http://json-schema.org/draft-07/schema#" })).toThrow(/another schema/);
  expect(tried({ $id: 7 })).toThrow(/\$id must be text/);
  expect(once().validate({ v: 1 })).toBe(true);
});
