import { join } from "node:path";
import { expect, test } from "vitest";
import { parseMappings } from "../../../../../contracts/mapping.ts";
import { SCHEMAS_DIRECTORY, loadCatalog } from "../../../../../contracts/schema/catalog.ts";
import { loadMappings } from "../../../../../gateway/ingest/load-mappings.ts";
import { contractProblems } from "../../../../../cloud/operations/mappings/contract-problems.ts";

const catalog = loadCatalog(SCHEMAS_DIRECTORY);
const entry = {
  name: "e",
  topic: "a/{device}",
  contract: "energy",
  time: "arrival",
  fields: { power: { pointer: "" } },
};
const problems = (over: object) =>
  contractProblems(parseMappings({ mappings: [{ ...entry, ...over }] }), catalog);

test("the shipped table fits the shipped contracts", () => {
  const examples = join(import.meta.dirname, "../../../../../infra/mappings/examples.json");
  expect(contractProblems(loadMappings(examples), catalog)).toEqual([]);
});

test.each([
  ["a contract that is not there", { contract: "enrgy" }, "there is no contract enrgy"],
  ["a version that is not there", { version: 9 }, "there is no contract energy v9"],
  [
    "a misspelt field",
    { fields: { powr: { pointer: "" } } },
    "/fields/powr: energy v2 has no such",
  ],
  ["no time where one is needed", { time: undefined }, '/time: energy v2 needs a time; "arrival"'],
  [
    "another time",
    { time: { pointer: "/t", format: "epoch_s", property: "t" } },
    'the time of energy v2 is "ts"',
  ],
  [
    "a tag of a newer version",
    { version: 1, fields: { channel: { constant: "1" } } },
    "energy v1 has no such property",
  ],
])("%s is found", (_name, over, why) => {
  expect(problems(over)).toEqual([expect.stringContaining(why)]);
});

test("a contract that comes from the topic is not judged", () => {
  expect(problems({ topic: "a/{device}/{kind}", contract: "{kind}" })).toEqual([]);
});
