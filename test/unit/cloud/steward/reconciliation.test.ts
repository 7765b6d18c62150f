import { expect, test } from "vitest";
import { compare } from "../../../../cloud/steward/reconciliation.ts";

test("a field whose values are all missing in the sink is found, though other fields are whole", async () => {
  const fields = new Map([
    ["temperature", 60],
    ["humidity", 60],
  ]);
  const source = {
    name: "a store",
    countFields: () => Promise.resolve(new Map([["temperature", 60]])),
    record: () => Promise.resolve(),
  };
  expect(await compare("eu", 0, "climate", { readings: 60, fields }, source)).toEqual({
    contract: "climate",
    readings: 60,
    missing: 60,
    surplus: 0,
  });
});
