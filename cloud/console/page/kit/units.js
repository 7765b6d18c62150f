// Units as people write them (pure).

/** Codes of UCUM that people write in another way, whole or as a part of a code. */
const WRITTEN = {
  Cel: "°C",
  "[degF]": "°F",
  "[ppm]": "ppm",
  "[ppb]": "ppb",
  "[pH]": "pH",
  "[in_i]": "in",
  "[ft_i]": "ft",
  "[gal_us]": "gal",
  "m[Hg]": "mHg",
  "mm[Hg]": "mmHg",
  1: "",
  deg: "°",
  Ohm: "Ω",
  kOhm: "kΩ",
  MOhm: "MΩ",
  ug: "µg",
  um: "µm",
  us: "µs",
  uS: "µS",
  uA: "µA",
  uV: "µV",
  l: "L",
  ml: "mL",
  "kW.h": "kWh",
  "W.h": "Wh",
  "A.h": "Ah",
  "mA.h": "mAh",
  "/min": "1/min",
  "/s": "1/s",
  "/h": "1/h",
};

const RAISED = { 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 6: "⁶", "-": "⁻" };
const FACTOR = /^([A-Za-z%][A-Za-z_[\]]*)(-?[0-46]+)?$/;

/** One factor: m3 → m³; null for what is none. */
function factorText(factor) {
  if (Object.hasOwn(WRITTEN, factor)) return WRITTEN[factor];
  const [, atom, exponent = ""] = FACTOR.exec(factor) ?? [];
  if (atom === undefined) return null;
  const written = Object.hasOwn(WRITTEN, atom) ? WRITTEN[atom] : atom;
  return written + [...exponent].map((digit) => RAISED[digit]).join("");
}

/** A UCUM code as it is written on a page: `Cel` → °C, `m3/h` → m³/h; what is not known stays as it is. */
export function unitText(code) {
  if (code === null || code === undefined) return "";
  if (Object.hasOwn(WRITTEN, code)) return WRITTEN[code];
  const parts = code.split("/").map((part) => part.split(".").map(factorText));
  if (parts.flat().some((text) => text === null || text === "")) return code;
  return parts.map((factors) => factors.join("·")).join("/");
}

/** A field with its unit, where it is named: temperature (°C). */
export const fieldTitle = (name, code) =>
  unitText(code) === "" ? name : `${name} (${unitText(code)})`;

/** The unit with its code beside it, for whoever writes a contract: °C (UCUM Cel). */
export const unitWithCode = (code) =>
  unitText(code) === code ? code : `${unitText(code)} (UCUM ${code})`;
