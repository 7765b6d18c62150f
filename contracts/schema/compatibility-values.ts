// The values that one property of a contract accepts, and whether another version accepts them all
// (pure). Exact for the keywords below; a schema with any other keyword is not judged at all.
//
// V1. `shortfall` answers null only if every value that the writer allows passes at the reader.
// V2. It may err on the safe side: a number range that happens to hold only whole numbers is not
//     taken for an integer.

/** A property's schema, reduced to what decides which values pass. */
export interface ValueSchema {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
}

/** The keywords of {@link ValueSchema}. */
export const VALUE_KEYWORDS: ReadonlySet<string> = new Set([
  "type",
  "enum",
  "const",
  "minimum",
  "maximum",
  "exclusiveMinimum",
  "exclusiveMaximum",
  "minLength",
  "maxLength",
]);

/** The values that the writer allows and the reader refuses, as two phrases. */
export interface Shortfall {
  readonly accepts: string;
  readonly allowed: string;
}

const ALL_TYPES = ["null", "boolean", "number", "string", "object", "array"] as const;
/** A range of whole numbers of up to this size is compared value by value. */
const VALUES_LISTED_MAX = 1_000;

/** Equality of JSON values; the order of an object's keys does not matter. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b))
    return (
      Array.isArray(a) &&
      Array.isArray(b) &&
      a.length === b.length &&
      a.every((item, at) => sameJson(item, b[at]))
    );
  const [one, other] = [a as Record<string, unknown>, b as Record<string, unknown>];
  const keys = Object.keys(one);
  return (
    keys.length === Object.keys(other).length &&
    keys.every((key) => Object.hasOwn(other, key) && sameJson(one[key], other[key]))
  );
}

/** Null if the reader accepts whatever the writer allows (V1), else what it does not. */
export function shortfall(writer: ValueSchema, reader: ValueSchema): Shortfall | null {
  const listed = listedValues(writer);
  if (listed) return firstRefused(listed, reader);
  for (const type of typesOf(writer)) {
    const lacking = shortfallOfType(type, writer, reader);
    if (lacking) return lacking;
  }
  return null;
}

function shortfallOfType(type: string, writer: ValueSchema, reader: ValueSchema): Shortfall | null {
  switch (type) {
    case "null":
      return firstRefused([null], reader);
    case "boolean":
      return firstRefused([true, false], reader);
    case "number":
    case "integer":
      return shortfallOfNumbers(type, writer, reader);
    case "string":
      return shortfallOfStrings(writer, reader);
    default:
      return isListed(reader) || !hasType(reader, type)
        ? { accepts: describe(reader), allowed: `any ${type}` }
        : null;
  }
}

function shortfallOfNumbers(
  type: "number" | "integer",
  writer: ValueSchema,
  reader: ValueSchema,
): Shortfall | null {
  const range = rangeOf(writer, type === "integer");
  const { low, high } = range;
  if (low.at > high.at || (low.at === high.at && (low.open || high.open))) return null;
  if (type === "integer" && high.at - low.at < VALUES_LISTED_MAX) {
    const values = Array.from({ length: high.at - low.at + 1 }, (_, at) => low.at + at);
    if (Number.isSafeInteger(low.at) && Number.isSafeInteger(high.at))
      return firstRefused(values, reader);
  }
  const allowed = describeRange(type, range);
  if (isListed(reader) || !hasType(reader, type)) return { accepts: describe(reader), allowed };
  const bounds = rangeOf(reader, false);
  const lowFits =
    bounds.low.at < low.at || (bounds.low.at === low.at && (!bounds.low.open || low.open));
  const highFits =
    bounds.high.at > high.at || (bounds.high.at === high.at && (!bounds.high.open || high.open));
  return lowFits && highFits ? null : { accepts: describeRange(type, bounds), allowed };
}

function shortfallOfStrings(writer: ValueSchema, reader: ValueSchema): Shortfall | null {
  const { minLength: least = 0, maxLength: most = Infinity } = writer;
  if (least > most) return null;
  const allowed = describeLengths(writer);
  if (isListed(reader) || !hasType(reader, "string")) return { accepts: describe(reader), allowed };
  const fits = (reader.minLength ?? 0) <= least && (reader.maxLength ?? Infinity) >= most;
  return fits ? null : { accepts: describeLengths(reader), allowed };
}

function firstRefused(values: readonly unknown[], reader: ValueSchema): Shortfall | null {
  const at = values.findIndex((value) => !accepts(reader, value));
  return at === -1 ? null : { accepts: describe(reader), allowed: JSON.stringify(values[at]) };
}

const isListed = ({ enum: values, const: value }: ValueSchema): boolean =>
  values !== undefined || value !== undefined;

/** The values of an `enum` or `const` that the rest of the schema lets through; null without one. */
function listedValues(schema: ValueSchema): readonly unknown[] | null {
  if (!isListed(schema)) return null;
  return (schema.enum ?? [schema.const]).filter((value) => accepts(schema, value));
}

function typesOf({ type }: ValueSchema): readonly string[] {
  if (type === undefined) return ALL_TYPES;
  return typeof type === "string" ? [type] : type;
}

const hasType = (schema: ValueSchema, type: string): boolean => {
  const types = typesOf(schema);
  return types.includes(type) || (type === "integer" && types.includes("number"));
};

function jsonType(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return Number.isInteger(value) ? "integer" : typeof value;
}

function accepts(schema: ValueSchema, value: unknown): boolean {
  if (!hasType(schema, jsonType(value))) return false;
  if (schema.const !== undefined && !sameJson(schema.const, value)) return false;
  if (schema.enum && !schema.enum.some((listed) => sameJson(listed, value))) return false;
  if (typeof value === "number") {
    const { low, high } = rangeOf(schema, false);
    return (
      (low.open ? value > low.at : value >= low.at) &&
      (high.open ? value < high.at : value <= high.at)
    );
  }
  if (typeof value === "string") {
    const { length } = [...value]; // JSON Schema counts characters, RFC 8259 ones
    return length >= (schema.minLength ?? 0) && length <= (schema.maxLength ?? Infinity);
  }
  return true;
}

interface Bound {
  readonly at: number;
  /** The bound itself is not in the range. */
  readonly open: boolean;
}

interface Range {
  readonly low: Bound;
  readonly high: Bound;
}

function rangeOf(schema: ValueSchema, whole: boolean): Range {
  const { minimum = -Infinity, exclusiveMinimum: above = -Infinity } = schema;
  const { maximum = Infinity, exclusiveMaximum: below = Infinity } = schema;
  const low = { at: Math.max(minimum, above), open: above >= minimum && above > -Infinity };
  const high = { at: Math.min(maximum, below), open: below <= maximum && below < Infinity };
  if (!whole) return { low, high };
  return {
    low: { at: low.open ? Math.floor(low.at) + 1 : Math.ceil(low.at), open: false },
    high: { at: high.open ? Math.ceil(high.at) - 1 : Math.floor(high.at), open: false },
  };
}

function describe(schema: ValueSchema): string {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(", ");
  return typesOf(schema)
    .map((type) => {
      if (type === "number" || type === "integer")
        return describeRange(type, rangeOf(schema, false));
      return type === "string" ? describeLengths(schema) : type;
    })
    .join(" or ");
}

function describeRange(type: "number" | "integer", { low, high }: Range): string {
  const from = low.at > -Infinity ? ` ${low.open ? "above" : "from"} ${low.at}` : "";
  const to = high.at < Infinity ? ` ${high.open ? "below" : "up to"} ${high.at}` : "";
  return from + to === "" ? `any ${type}` : `${type}s${from}${to}`;
}

function describeLengths({ minLength, maxLength }: ValueSchema): string {
  const from = minLength === undefined ? "" : ` of at least ${minLength}`;
  const to = maxLength === undefined ? "" : `${from && " and"} of at most ${maxLength}`;
  return from + to === "" ? "any string" : `strings${from}${to} characters`;
}
