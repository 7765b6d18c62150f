import { expect, test } from "vitest";

// The page is JavaScript as browsers run it, without types.
const path: string = "../../../../../../cloud/console/page/contracts/schema-words.js";
const { typeText, limitsText, nextSchema } = (await import(path)) as {
  typeText: (property: object) => string;
  limitsText: (property: object) => string;
  nextSchema: (schema: object) => object;
};

test("a property in a few words", () => {
  expect(typeText({ type: ["integer", "string"] })).toBe("integer or string");
  expect(typeText({ const: 2 })).toBe("always 2");
  expect(typeText({ enum: ["on", "off"] })).toBe("one of a list");
  expect(limitsText({ minimum: 0, "x-unit": "lx" })).toBe("0 to …, lx");
  expect(limitsText({ minimum: -60, maximum: 100, "x-unit": "1" })).toBe("-60 to 100");
  expect(limitsText({ maximum: 9, "x-unit": "m3/h" })).toBe("… to 9, m³/h (UCUM m3/h)");
  expect(limitsText({ enum: ["on", "off"] })).toBe('"on", "off"');
  expect(limitsText({ exclusiveMinimum: 0, maxLength: 5 })).toBe("more than 0, 0 to 5 characters");
});

test("the next version begins with the last one, without its name", () => {
  expect(nextSchema({ $id: "a/v1", type: "object" })).toEqual({ type: "object" });
});
