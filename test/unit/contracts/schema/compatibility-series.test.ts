import { expect, test } from "vitest";
import {
  type ContractVersion,
  type Finding,
  checkVersion,
} from "../../../../contracts/schema/compatibility.ts";
import { compileContract } from "../../../../contracts/schema/contract.ts";

const versionOf = (version: number, schema: object): ContractVersion => ({
  contract: compileContract({ name: "thing", version }, schema),
  schema,
});

test("a tag that tells series apart goes on to do so, and no other one begins to", () => {
  const of = (version: number, marks: object): ContractVersion =>
    versionOf(version, {
      type: "object",
      properties: {
        value: { type: "number", "x-role": "field" },
        firmware: { type: "string", "x-role": "tag", ...marks },
      },
    });
  const findings = (one: object, other: object): Finding[] =>
    checkVersion(of(2, other), [of(1, one)]);
  expect(findings({}, { "x-series": true })).toEqual([]);
  const [begins] = findings({ "x-series": false }, {});
  expect(begins).toMatchObject({ kind: "breaks", property: "firmware" });
  expect(begins?.text).toContain("tells series apart in v2 and not in v1");
  expect(findings({}, { "x-series": false })[0]?.text).toContain("in v1 and not in v2");
});
