// The keywords of JSON Schema that a contract may use (pure). Each is one that compatibility.ts compares,
// or one that changes nothing. A first version with any other is not published: no second version could
// be compared with it.
import { VALUE_KEYWORDS } from "./compatibility-values.ts";

/** Keywords for people; they change nothing. */
const ANNOTATIONS = [
  "$comment",
  "default",
  "deprecated",
  "description",
  "examples",
  "title",
] as const;

/** Keywords of the object that a reading is. */
export const OBJECT_KEYWORDS: ReadonlySet<string> = new Set([
  "type",
  "properties",
  "required",
  "additionalProperties",
  "minProperties",
  "maxProperties",
  "x-identity",
  "x-partition-key",
  "x-age-max",
  "$id",
  "$schema",
  ...ANNOTATIONS,
]);

/** Keywords of one property, and of those that are not listed. */
export const PROPERTY_KEYWORDS: ReadonlySet<string> = new Set([
  ...VALUE_KEYWORDS,
  "x-role",
  "x-unit",
  "x-quantiles",
  "x-series",
  "x-invalid", // It changes which readings are kept in part, not which are taken whole.
  ...ANNOTATIONS,
]);

/** A keyword that no contract may use. */
export interface UnknownKeyword {
  readonly keyword: string;
  /** Null for the object itself. */
  readonly property: string | null;
  /** One sentence: why it is refused, and what may be used. */
  readonly text: string;
}

/** Every use of such a keyword, in the order of the schema. */
export function unknownKeywords(schema: object): UnknownKeyword[] {
  const { properties, additionalProperties } = schema as Record<string, unknown>;
  const found = unknownIn(schema, OBJECT_KEYWORDS, null);
  if (isObject(properties))
    for (const [name, property] of Object.entries(properties))
      if (isObject(property)) found.push(...unknownIn(property, PROPERTY_KEYWORDS, name));
  if (isObject(additionalProperties))
    found.push(...unknownIn(additionalProperties, PROPERTY_KEYWORDS, "additionalProperties"));
  return found;
}

const unknownIn = (
  node: object,
  known: ReadonlySet<string>,
  property: string | null,
): UnknownKeyword[] =>
  Object.keys(node)
    .filter((keyword) => !known.has(keyword))
    .map((keyword) => ({ keyword, property, text: refusalOf(keyword, known) }));

const refusalOf = (keyword: string, known: ReadonlySet<string>): string =>
  `the keyword "${keyword}" is not allowed, because no later version could be compared with it; ` +
  `${known === OBJECT_KEYWORDS ? "the object" : "a property"} may have ${[...known].join(", ")}`;

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;
