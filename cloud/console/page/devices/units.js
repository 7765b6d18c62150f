// Units of fields, as people write them.
import { useAsk } from "../kit/ask.js";

const WRITTEN = {
  Cel: "°C",
  "[degF]": "°F",
  "[ppm]": "ppm",
  "[ppb]": "ppb",
  1: "",
  "m/s2": "m/s²",
  m3: "m³",
  "ug/m3": "µg/m³",
  deg: "°",
  Ohm: "Ω",
  "kW.h": "kWh",
  "W.h": "Wh",
  "/min": "1/min",
};

/** A UCUM code as it is written on a page: `Cel` → °C. */
export const unitText = (code) =>
  code === null || code === undefined ? "" : (WRITTEN[code] ?? code);

/** A function from contract, version and field to the unit's text. */
export function useUnits() {
  const { data } = useAsk("/contracts");
  const units = new Map();
  for (const { name, version, fields } of data?.versions ?? [])
    for (const field of fields) units.set(`${name} ${version} ${field.name}`, unitText(field.unit));
  return (contract, version, field) => units.get(`${contract} ${version} ${field}`) ?? "";
}
