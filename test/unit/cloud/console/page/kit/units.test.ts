import { expect, test } from "vitest";

type Text = (code?: string | null) => string;
// The page is JavaScript as browsers run it, without types.
const path: string = "../../../../../../cloud/console/page/kit/units.js";
const { unitText, unitWithCode, fieldTitle } = (await import(path)) as {
  unitText: Text;
  unitWithCode: Text;
  fieldTitle: (name: string, code?: string | null) => string;
};

test.each([
  ["Cel", "°C"],
  ["[ppm]", "ppm"],
  ["lx", "lx"],
  ["%", "%"],
  ["m/s2", "m/s²"],
  ["m3/h", "m³/h"],
  ["ug/m3", "µg/m³"],
  ["kW.h", "kWh"],
  ["W/m2", "W/m²"],
  ["N.m", "N·m"],
  ["mm[Hg]", "mmHg"],
  ["deg/s", "°/s"],
  ["s-1", "s⁻¹"],
  ["/min", "1/min"],
  ["l/min", "L/min"],
])("%s is written as %s", (code, written) => expect(unitText(code)).toBe(written));

test.each(["10*3/uL", "{count}", "m/", "", "constructor", "m//s"])(
  "%s, which is not known, stays as it is",
  (code) => expect(unitText(code)).toBe(code),
);

test("a plain number has no unit, as one whose unit is not known", () => {
  expect(["1", null, undefined].map(unitText)).toEqual(["", "", ""]);
});

test("a field is named with its unit, and a code stands beside what is written otherwise", () => {
  expect(fieldTitle("temperature", "Cel")).toBe("temperature (°C)");
  expect(fieldTitle("count", "1")).toBe("count");
  expect(fieldTitle("count")).toBe("count");
  expect(unitWithCode("Cel")).toBe("°C (UCUM Cel)");
  expect(unitWithCode("lx")).toBe("lx");
});
