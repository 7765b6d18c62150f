// Units as people write them (pure).

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
