import { expect, test } from "vitest";

// The page is JavaScript as browsers run it, without types.
const path: string = "../../../../../../cloud/console/page/kit/units.js";
const { unitText } = (await import(path)) as { unitText: (code?: string | null) => string };

test("UCUM codes are shown as people write them, and others as they are", () => {
  expect(["Cel", "[ppm]", "lx", "%", "m/s2"].map(unitText)).toEqual([
    ...["°C", "ppm", "lx", "%", "m/s²"],
  ]);
});

test("a plain number has no unit, as one whose unit is not known", () => {
  expect(["1", null, undefined].map(unitText)).toEqual(["", "", ""]);
});
