// The mapping table: how topics and payloads that devices already send become readings. This is its
// format and its check; gateway/ingest/mapping.ts compiles and applies it. infra/mappings/examples.json
// shows an entry for each common kind of device.
import { Ajv, type ErrorObject } from "ajv";
import { deviceIdProblem } from "./device.ts";

type Scalar = string | number | boolean;

/** JSON Pointer (RFC 6901), or several: the first that has something counts. */
type Pointers = string | readonly string[];

export const VALUE_TYPES = ["string", "number", "boolean", "object", "array", "null"] as const;
export type ValueType = (typeof VALUE_TYPES)[number];

/** The treatment of a value that cannot be converted, or that the contract does not allow. */
export type Invalid = "omit" | "clamp" | "refuse";

/** The source of one property of the reading: exactly one of pointer, level, index and constant. */
export interface FieldMapping {
  /** `""` is the whole payload (or element). With `each`, `{index}` stands for the element's place. */
  readonly pointer?: Pointers;
  /** `message` starts the pointer at the whole payload; the default, with `each`, is the element. */
  readonly of?: "element" | "message";
  /** A named level of the topic, or the name that `each` takes from a key, as text. */
  readonly level?: string;
  /** The element's place in its array, with `each`, as text; the first has this number. */
  readonly index?: number;
  readonly constant?: Scalar;
  /** Nothing there, or null: the property is left out. Otherwise that refuses the reading. */
  readonly optional?: boolean;
  /**
   * Declared conversion: `number`, from text that is a decimal number; or a table from words, in
   * either case, to values. Nothing is converted undeclared.
   */
  readonly as?: "number" | Readonly<Record<string, Scalar>>;
  /** The character before the decimals, with `as: number`; default `.`. */
  readonly decimal?: "." | ",";
  /** Units that may follow the number, with `as: number`, each with what it is multiplied by. */
  readonly units?: Readonly<Record<string, number>>;
  /** value × factor + offset, into the contract's unit. */
  readonly factor?: number;
  readonly offset?: number;
  /**
   * `omit`: the field is left out, counted and noted; `clamp`: a number beyond the contract's bounds
   * becomes the bound; `refuse`: the reading is refused. Default: the entry's for optional fields, else
   * `refuse`.
   */
  readonly invalid?: Invalid;
}

export const TIME_FORMATS = ["epoch_s", "epoch_ms", "epoch_us", "epoch_ns", "iso8601"] as const;
export type TimeFormat = (typeof TIME_FORMATS)[number];

export interface TimeMapping {
  readonly pointer: Pointers;
  readonly of?: "element" | "message";
  /** One, or several in the order in which they are tried. Epochs are numbers or text. */
  readonly format: TimeFormat | readonly TimeFormat[];
  /** The zone of ISO 8601 text that has none: an IANA zone, `UTC`, or a fixed offset such as `+01:00`. */
  readonly zone?: string;
  /** Nothing there, or null: arrival time. */
  readonly optional?: boolean;
  /** The stand-in for a time before the year CLOCK_SET_YEAR, which no clock that is set shows. */
  readonly fallback?: "arrival";
  /** The contract's time property; default `ts`. */
  readonly property?: string;
}

/** A clock that shows an earlier year was never set: it counts from 1970, 1980, 2000 or its making. */
export const CLOCK_SET_YEAR = 2020;

/** A condition of a message, or of an element of it, for an entry to apply. */
export interface Condition {
  readonly pointer: string;
  /** Elements, with `each`, for which the condition does not hold are passed over. Default: the message. */
  readonly of?: "element" | "message";
  /** Without any of these: something is there. */
  readonly equals?: Scalar;
  readonly type?: ValueType | readonly ValueType[];
  /** Nothing is there. */
  readonly absent?: true;
}

export interface MappingEntry {
  readonly name: string;
  readonly note?: string;
  /**
   * Levels separated by `/`: text, `{name}`, text with one `{name}` in it, `+` (any one level), and
   * `#` last (any number of levels). Every entry that fits topic and payload gives its reading: one message may hold several.
   */
  readonly topic: string;
  /** Template: text with `{name}` for a level, `{name|lower}` for it in lower case. Default `{device}`. */
  readonly device?: string;
  /** Template, like `device`. */
  readonly contract: string;
  /** Default: the newest version that fits. */
  readonly version?: number;
  /** `text`: the payload is text, not JSON; pointers of `""` name it. Default `json`. */
  readonly payload?: "json" | "text";
  /** The entry applies only to payloads for which all of these hold. */
  readonly when?: readonly Condition[];
  /**
   * Pointer to an array: every element is one reading. Or, with a `{name}` in its last token, to the
   * members of an object whose keys fit: `/params/switch:{channel}`.
   */
  readonly each?: string;
  /** The treatment of optional fields that say nothing else. Default `omit`. */
  readonly invalid?: "omit" | "refuse";
  /**
   * Event time. `arrival`: the contract is checked with the time of arrival as the reading's, so that
   * one with identity `time` takes it; in the log the reading has no time of its own and is known by its
   * place alone, so that a device that re-sends it after a lost PUBACK is counted again. Absent: no time.
   */
  readonly time?: "arrival" | TimeMapping;
  readonly fields: Readonly<Record<string, FieldMapping>>;
}

export type MappingTable = readonly MappingEntry[];

export class MappingError extends Error {
  override readonly name = "MappingError";
}

const POINTER = /^(?:\/(?:[^~/]|~[01])*)*$/;
const NAME = "[A-Za-z][A-Za-z0-9_]*";
const NAMED_LEVEL = new RegExp(`^([^{}+#]*)\\{(${NAME})\\}([^{}+#]*)$`);
const PLACEHOLDER = /\{([A-Za-z][A-Za-z0-9_]*)(?:\|lower)?\}/g;
const FIXED_ZONE = /^(?:UTC|[+-](?:0\d|1[0-4]):[0-5]\d)$/;
const PROPERTY = "^[A-Za-z][A-Za-z0-9_-]{0,63}$";

const text = { type: "string", minLength: 1, maxLength: 512 };
const pointer = { type: "string", maxLength: 512, format: "pointer" };
const scalar = { type: ["string", "number", "boolean"] };
const of = { enum: ["element", "message"] };
const object = (required: readonly string[], properties: object) => ({
  type: "object",
  required,
  properties,
  additionalProperties: false,
});
/** One of them, or a list. */
const oneOrMore = (one: object) => ({
  if: { type: "array" },
  then: { type: "array", items: one, minItems: 1, maxItems: 8 },
  else: one,
});
const record = (values: object) => ({
  type: "object",
  minProperties: 1,
  maxProperties: 64,
  additionalProperties: values,
});

const FIELD = object([], {
  pointer: oneOrMore(pointer),
  of,
  level: text,
  index: { type: "integer", minimum: 0, maximum: 1_000 },
  constant: scalar,
  optional: { type: "boolean" },
  as: { if: { type: "object" }, then: record(scalar), else: { const: "number" } },
  decimal: { enum: [".", ","] },
  units: record({ type: "number" }),
  factor: { type: "number" },
  offset: { type: "number" },
  invalid: { enum: ["omit", "clamp", "refuse"] },
});

const TIME = object(["pointer", "format"], {
  pointer: oneOrMore(pointer),
  of,
  format: oneOrMore({ enum: TIME_FORMATS }),
  zone: { type: "string", format: "zone" },
  optional: { type: "boolean" },
  fallback: { const: "arrival" },
  property: { type: "string", pattern: PROPERTY },
});

const CONDITION = object(["pointer"], {
  pointer,
  of,
  equals: scalar,
  type: oneOrMore({ enum: VALUE_TYPES }),
  absent: { const: true },
});

const ENTRY = object(["name", "topic", "contract", "fields"], {
  name: text,
  note: { type: "string" },
  topic: text,
  device: text,
  contract: text,
  version: { type: "integer", minimum: 1 },
  payload: { enum: ["json", "text"] },
  when: { type: "array", items: CONDITION },
  each: pointer,
  invalid: { enum: ["omit", "refuse"] },
  time: { if: { type: "string" }, then: { const: "arrival" }, else: TIME },
  fields: {
    type: "object",
    minProperties: 1,
    propertyNames: { pattern: PROPERTY },
    additionalProperties: FIELD,
  },
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
  formats: { pointer: (value) => POINTER.test(value), zone: isZone },
});
const validateTable = ajv.compile(
  object(["mappings"], { mappings: { type: "array", items: { type: "object" } } }),
);
const validateEntry = ajv.compile<MappingEntry>(ENTRY);

/** Text with one name in it: `{device}`, `switch:{channel}`. */
export interface NamePattern {
  readonly before: string;
  readonly name: string;
  readonly after: string;
}

/** Null for a level, or a token of a pointer, that is text, a wildcard, or malformed. */
export function namePattern(level: string): NamePattern | null {
  const [, before = "", name, after = ""] = NAMED_LEVEL.exec(level) ?? [];
  return name === undefined ? null : { before, name, after };
}

/** The text that stands for the name in a level or a key; null if that does not fit, or there is nothing. */
export const namedPart = ({ before, after }: NamePattern, level: string): string | null =>
  level.length > before.length + after.length && level.startsWith(before) && level.endsWith(after)
    ? level.slice(before.length, level.length - after.length)
    : null;

/** The last token of `each`, if it stands for several keys. */
export const keyPattern = (each: string | undefined): NamePattern | null =>
  each === undefined ? null : namePattern(each.slice(each.lastIndexOf("/") + 1));

/** The names of a topic pattern's levels, and of the key pattern. */
const namesOf = ({ topic, each }: MappingEntry): string[] =>
  [...topic.split("/").map(namePattern), keyPattern(each)].flatMap((one) => one?.name ?? []);

/**
 * Checks a table: `{"mappings": [entry, …]}`.
 * @throws MappingError with one line per problem, each naming the entry and the property.
 */
export function parseMappings(table: unknown): MappingTable {
  if (!validateTable(table)) throw new MappingError(lineOf("table", validateTable.errors![0]!));
  const entries = (table as { mappings: unknown[] }).mappings;
  const problems: string[] = [];
  const names = new Set<unknown>();
  entries.forEach((entry, at) => {
    const { name } = entry as { name?: unknown };
    const label = `mapping ${at}${typeof name === "string" ? ` "${name}"` : ""}`;
    if (names.has(name)) problems.push(`${label}: /name is taken by an earlier entry`);
    names.add(name);
    if (!validateEntry(entry)) problems.push(lineOf(label, validateEntry.errors![0]!));
    else for (const problem of problemsOf(entry)) problems.push(`${label}: ${problem}`);
  });
  if (problems.length > 0) throw new MappingError(problems.join("\n"));
  return entries as MappingEntry[];
}

function lineOf(label: string, { instancePath, keyword, message, params }: ErrorObject): string {
  const { additionalProperty, allowedValues, allowedValue } = params as Record<string, unknown>;
  const which =
    keyword === "additionalProperties"
      ? `: ${String(additionalProperty)}`
      : allowedValues || allowedValue
        ? `: ${JSON.stringify(allowedValues ?? allowedValue)}`
        : "";
  return `${label}: ${instancePath === "" ? "it" : instancePath} ${message ?? keyword}${which}`;
}

/** Rules of a table that a schema cannot say. */
function problemsOf(entry: MappingEntry): string[] {
  const problems = topicProblems(entry.topic);
  const topicNames = namesOf({ ...entry, each: "" });
  const names = namesOf(entry);
  if (new Set(names).size < names.length && problems.length === 0)
    problems.push(`/each: {${names.at(-1)}} is a level of the topic already`);
  const template = (property: string, value: string): void => {
    for (const [, name] of value.matchAll(PLACEHOLDER))
      if (!topicNames.includes(name!))
        problems.push(`/${property}: the topic has no level {${name}}`);
    if (/[{}]/.test(value.replace(PLACEHOLDER, "")))
      problems.push(`/${property}: a placeholder is {level} or {level|lower}`);
  };
  template("device", entry.device ?? "{device}");
  const idProblem = deviceIdProblem((entry.device ?? "").replace(PLACEHOLDER, "x") || "x");
  if (idProblem !== null) problems.push(`/device: ${idProblem}`);
  template("contract", entry.contract);
  const ofElements = (at: string, of: string | undefined): void => {
    if (of !== undefined && entry.each === undefined)
      problems.push(`${at}/of has no meaning without each`);
  };
  entry.when?.forEach((condition, at) => {
    ofElements(`/when/${at}`, condition.of);
    if (condition.absent && (condition.equals !== undefined || condition.type !== undefined))
      problems.push(`/when/${at}: what is absent has no type and equals nothing`);
  });
  for (const [name, field] of Object.entries(entry.fields)) {
    ofElements(`/fields/${name}`, field.of);
    for (const problem of fieldProblems(entry, field, names))
      problems.push(`/fields/${name}${problem}`);
  }
  const { time } = entry;
  if (typeof time === "object") {
    if (time.zone !== undefined && ![time.format].flat().includes("iso8601"))
      problems.push("/time/zone belongs to iso8601");
    ofElements("/time", time.of);
  }
  const timeProperty = typeof time === "object" ? (time.property ?? "ts") : time && "ts";
  if (timeProperty !== undefined && timeProperty in entry.fields)
    problems.push(`/fields/${timeProperty} is written by time already`);
  return problems;
}

function* fieldProblems(
  { each }: MappingEntry,
  { pointer, level, index, constant, as, decimal, units, optional, invalid }: FieldMapping,
  names: readonly string[],
): Generator<string> {
  const sources = [pointer, level, index, constant].filter((one) => one !== undefined);
  if (sources.length !== 1) yield " needs one of pointer, level, index, constant";
  if (level !== undefined && !names.includes(level))
    yield `/level: the topic has no level {${level}}`;
  if (index !== undefined && (each === undefined || keyPattern(each)))
    yield "/index is the place in the array of each";
  if ((decimal !== undefined || units !== undefined) && as !== "number")
    yield `/${decimal === undefined ? "units" : "decimal"} belongs to "as": "number"`;
  if (typeof as === "object") {
    const words = Object.keys(as).map(foldWord);
    const twice = words.find((word, at) => words.indexOf(word) < at);
    if (twice !== undefined)
      yield `/as has "${twice}" twice: case and space at the ends do not count`;
  }
  if ([pointer ?? ""].flat().some(hasIndex) && (each === undefined || keyPattern(each)))
    yield "/pointer: {index} is the place in the array of each";
  if (invalid === "omit" && optional !== true) yield `/invalid: only what is optional is left out`;
}

const hasIndex = (pointer: string): boolean => pointer.split("/").includes("{index}");

/** A word of an `as` table, and of a payload that is looked up there. */
export const foldWord = (word: string): string => word.trim().toLowerCase();

function topicProblems(topic: string): string[] {
  const levels = topic.split("/");
  const problems: string[] = [];
  const seen = new Set<string>();
  if (["devices", "alerts"].includes(levels[0]!) || topic.startsWith("$"))
    problems.push(`/topic: "${levels[0]}" is not to be mapped`);
  levels.forEach((level, at) => {
    const name = namePattern(level)?.name;
    if (name !== undefined && seen.has(name)) problems.push(`/topic: two levels {${name}}`);
    if (name !== undefined) seen.add(name);
    else if (level === "#" && at < levels.length - 1) problems.push("/topic: # comes last");
    else if (/[{}+#]/.test(level) && level !== "+" && level !== "#")
      problems.push(`/topic: "${level}" is neither text, {name}, text with one {name}, + nor #`);
  });
  return problems;
}
