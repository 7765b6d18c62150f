// A reading that a contract takes, for lines that somebody copies (pure).

/** Stands for what a program fills in each time: the number of the reading, and the time. */
export const SEQUENCE = Symbol("sequence");
export const TIME_MS = Symbol("time");

const NUMBER_BY_UNIT = {
  Cel: 21.5,
  "%": 40,
  "[ppm]": 640,
  lx: 300,
  hPa: 1013,
  V: 230,
  kW: 1.2,
  Hz: 50,
};

function numberFor({ type, minimum, maximum, "x-unit": unit }) {
  const wanted = NUMBER_BY_UNIT[unit] ?? 1;
  const low = minimum ?? -Infinity;
  const inRange = Math.min(Math.max(wanted, low), maximum ?? Infinity);
  return type === "integer" ? Math.round(inRange) : inRange;
}

function valueFor(name, property) {
  const { type, examples, enum: values, default: fallback } = property;
  const kind = Array.isArray(type) ? type.find((one) => one !== "null") : type;
  if (property["x-role"] === "time") return TIME_MS;
  if (property["x-role"] === "sequence") return SEQUENCE;
  if (values) return values[0];
  if (examples?.length > 0) return examples[0];
  if (fallback !== undefined) return fallback;
  if (kind === "boolean") return true;
  if (kind === "string") return name;
  return numberFor({ ...property, type: kind });
}

const FIELDS_MAX = 6;

/** Field → value of a reading under the schema: what has to be there, and some of what may be. */
export function sampleOf(schema) {
  const { properties = {}, required = [] } = schema;
  const isRequired = ([name]) => required.includes(name);
  const all = Object.entries(properties);
  const optional = all.filter(
    ([name, property]) =>
      !required.includes(name) && property["x-role"] === "field" && all.length <= 30,
  );
  const chosen = [
    ...all.filter(isRequired),
    ...optional.slice(0, Math.max(0, FIELDS_MAX - required.length)),
  ];
  return Object.fromEntries(chosen.map(([name, property]) => [name, valueFor(name, property)]));
}
