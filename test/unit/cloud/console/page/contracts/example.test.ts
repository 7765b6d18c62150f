import { expect, test } from "vitest";
import { SCHEMAS_DIRECTORY, readSchemas } from "../../../../../../contracts/schema/catalog.ts";
import { compileContract, violationOf } from "../../../../../../contracts/schema/contract.ts";

// The page is JavaScript as browsers run it, without types.
const path: string = "../../../../../../cloud/console/page/contracts/example.js";
const { examplePayload } = (await import(path)) as {
  examplePayload: (schema: object, nowMs: number) => object;
};

test("every contract that ships takes the payload that is offered to begin with", () => {
  for (const { name, version, schema } of readSchemas(SCHEMAS_DIRECTORY)) {
    const contract = compileContract({ name, version }, schema);
    const isTaken = contract.validate(examplePayload(schema, 1_795_742_070_877));
    expect(isTaken ? "taken" : `${name} v${version}: ${violationOf(contract)}`).toBe("taken");
  }
});
