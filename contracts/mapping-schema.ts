// The form of a mapping file as JSON Schema: what a gateway checks, and what an editor completes by.
import { Ajv, type ErrorObject } from "ajv";

export const VALUE_TYPES = ["string", "number", "boolean", "object", "array", "null"] as const;

export const TIME_FORMATS = ["epoch_s", "epoch_ms", "epoch_us", "epoch_ns", "iso8601"] as const;

/** Pointers of `each`: arrays in arrays. */
export const STEPS_MAX = 4;

const POINTER = /^(?:\/(?:[^~/]|~[01])*)*$/;
const FIXED_ZONE = /^(?:UTC|[+-](?:0\d|1[0-4]):[0-5]\d)$/;
const NAME = "^[A-Za-z][A-Za-z0-9_]*$";
const PROPERTY = "^[A-Za-z][A-Za-z0-9_-]{0,63}$";

const text = (description: string) => ({
  type: "string",
  minLength: 1,
  maxLength: 512,
  description,
});
const pointer = (description: string) => ({
  type: "string",
  maxLength: 512,
  format: "json-pointer",
  description,
});
const flag = (description: string) => ({ type: "boolean", description });
const scalar = (description: string) => ({ type: ["string", "number", "boolean"], description });
const number = (description: string) => ({ type: "number", description });
const of = {
  if: { type: "number" },
  then: { type: "integer", minimum: 0, maximum: STEPS_MAX },
  else: { enum: ["element", "message"] },
  description:
    "Where the pointer starts: message (0), element (the default), or the element of the first (1), second (2), … pointer of each",
};
const object = (required: readonly string[], properties: object) => ({
  type: "object",
  required,
  properties,
  additionalProperties: false,
});
/** One of them, or a list. */
const oneOrMore = <T extends { readonly description?: string }>(one: T, maxItems = 8) => ({
  if: { type: "array" },
  then: { type: "array", items: one, minItems: 1, maxItems },
  else: one,
  ...(one.description === undefined ? {} : { description: one.description }),
});
const record = (values: object, propertyNames: object = {}) => ({
  type: "object",
  minProperties: 1,
  maxProperties: 64,
  propertyNames,
  additionalProperties: values,
});

const expression = text("CEL over the inputs in with, and over value");
const inputs = {
  ...record(
    {
      if: { type: "string" },
      then: pointer("Where the input is"),
      else: { $ref: "#/$defs/field" },
    },
    { pattern: NAME },
  ),
  maxProperties: 8,
  description: "Inputs of the expression by name: a pointer, or what a field may be",
};
const source = {
  pointer: oneOrMore(pointer("Where the value is; of several the first that has something")),
  of,
  level: text("A name of the topic, of a key in each, or of names, as text"),
  expression,
  with: inputs,
};
const zone = {
  type: "string",
  format: "zone",
  description: "Of ISO 8601 text without one: Europe/Berlin, UTC, +01:00",
};

const FIELD = object([], {
  ...source,
  index: {
    type: "integer",
    minimum: 0,
    maximum: 1_000,
    description: "The element's place in its array, as text; the first has this number",
  },
  constant: scalar("A value that is always the same"),
  client: { const: true, description: "The client id of the sender" },
  optional: flag("With nothing or null there the property is left out"),
  default: scalar("The value where nothing is there, or null"),
  as: {
    if: { type: "object" },
    then: record(scalar("The value of the word")),
    else: { enum: ["number", "text"] },
    description: 'Conversion: "number", "text", or a table of words',
  },
  decimal: { enum: [".", ","], description: "The character before the decimals, of text" },
  units: {
    if: { type: "object" },
    then: record({
      if: { type: "number" },
      else: object([], {
        factor: number("What the number is multiplied by"),
        offset: number("What is added then"),
      }),
    }),
    else: { const: "any" },
    description:
      'Units that may follow the number in text, each with its factor; "any" cuts them off',
  },
  factor: number("value × factor + offset"),
  offset: number("value × factor + offset"),
  invalid: { enum: ["omit", "clamp", "refuse"], description: "What becomes of an invalid value" },
});

const TIME = object(["format"], {
  ...source,
  format: oneOrMore({ enum: TIME_FORMATS, description: "Of several, each is tried in its order" }),
  zone,
  base: {
    ...object(["pointer", "format"], {
      pointer: oneOrMore(pointer("Where the base time is")),
      of,
      format: { enum: TIME_FORMATS },
      zone,
    }),
    description: "The time that the other one counts from",
  },
  optional: flag("With nothing or null there: time of arrival"),
  fallback: { const: "arrival", description: "Stands for a time before 2020" },
  property: { type: "string", pattern: PROPERTY, description: "The contract's time; default ts" },
});

const CONDITION = object([], {
  pointer: pointer("Where to look; with nothing else: something is there"),
  of,
  equals: scalar("What must be there"),
  type: oneOrMore({ enum: VALUE_TYPES, description: "The type of what is there" }),
  absent: { const: true, description: "Nothing is there" },
  expression,
  with: inputs,
});

const ENTRY = object(["name", "topic", "contract", "fields"], {
  name: text("Unique in the table; rejects name it"),
  note: { type: "string", description: "For people" },
  topic: text("Levels: text, {name}, text with one {name} in it, +, and last # or {name#}"),
  device: text("The device's id: text with {name} or {name|lower}; default {device}"),
  contract: text("The contract's name: text with {name}"),
  version: { type: "integer", minimum: 1, description: "Of the contract; default: what fits" },
  names: {
    ...record({ $ref: "#/$defs/field" }, { pattern: NAME }),
    description: "Further names for templates and levels, with where their text comes from",
  },
  payload: { enum: ["json", "text"], description: "text: the payload is text that is no JSON" },
  unpack: {
    type: "array",
    items: pointer("Text that is JSON"),
    minItems: 1,
    maxItems: 8,
    description: "Text that is JSON: it is read first, and stands in the text's place",
  },
  when: { type: "array", items: CONDITION, description: "Conditions, all of which must hold" },
  otherwise: { const: true, description: "Only where no earlier entry applies" },
  each: oneOrMore(
    pointer("An array, or keys: each element is a reading; a list for arrays in arrays"),
    STEPS_MAX,
  ),
  columns: {
    if: { type: "string" },
    then: pointer("An array with the names of the values of each element"),
    else: object(["pointer"], { pointer: pointer("An array of names"), of }),
    description: "Elements are arrays, and this names their values",
  },
  invalid: { enum: ["omit", "refuse"], description: "Of optional fields that say nothing else" },
  time: {
    if: { type: "string" },
    then: { const: "arrival" },
    else: TIME,
    description: 'Event time: "arrival", or where it is',
  },
  fields: {
    type: "object",
    minProperties: 1,
    propertyNames: { pattern: PROPERTY },
    additionalProperties: { $ref: "#/$defs/field" },
    description: "Where each property of the reading comes from",
  },
});

const TABLE = object(["mappings"], {
  $schema: { type: "string", description: "For editors" },
  mappings: { type: "array", items: { type: "object" } },
  ignore: {
    type: "array",
    items: text("A topic filter such as tele/+/LWT"),
    maxItems: 10_000,
    description: "Topics of which neither readings nor rejects are made",
  },
});

/** The schema of a whole file, for editors. */
export const mappingFileSchema = (): object => ({
  $schema: "http://json-schema.org/draft-07/schema#",
  title: "Mapping table of Skerry",
  ...TABLE,
  properties: { ...TABLE.properties, mappings: { type: "array", items: ENTRY } },
  $defs: { field: FIELD },
});

/** An IANA zone is one that this Node knows. */
function isZone(value: string): boolean {
  if (FIXED_ZONE.test(value)) return true;
  if (!/^[A-Za-z]/.test(value)) return false;
  try {
    new Intl.DateTimeFormat("en", { timeZone: value });
    return true;
  } catch {
    return false;
  }
}

const ajv = new Ajv({
  allowUnionTypes: true,
  formats: { "json-pointer": (value) => POINTER.test(value), zone: isZone },
});
const validateTable = ajv.compile(TABLE);
const validateEntry = ajv.compile({ ...ENTRY, $defs: { field: FIELD } });

/** The first place at which something is not a table, or null. */
export const tableFault = (table: unknown): string | null =>
  validateTable(table) ? null : faultOf(validateTable.errors);

/** The first place at which something is not an entry, or null. */
export const entryFault = (entry: unknown): string | null =>
  validateEntry(entry) ? null : faultOf(validateEntry.errors);

function faultOf(errors: readonly ErrorObject[] | null | undefined): string {
  const { instancePath, keyword, message, params } = errors![0]!;
  const { additionalProperty, allowedValues, allowedValue } = params as Record<string, unknown>;
  const which =
    keyword === "additionalProperties"
      ? `: ${String(additionalProperty)}`
      : allowedValues || allowedValue
        ? `: ${JSON.stringify(allowedValues ?? allowedValue)}`
        : "";
  return `${instancePath === "" ? "it" : instancePath} ${message ?? keyword}${which}`;
}
