// The mapping table: how topics and payloads that devices already send become readings. This is its
// format and its check; gateway/ingest/mapping.ts compiles and applies it. infra/mappings/examples.json
// shows an entry for each common kind of device.
import { Ajv, type ErrorObject } from "ajv";
import { deviceIdProblem } from "./device.ts";

/** The source of one property of the reading: exactly one of pointer, level and constant. */
export interface FieldMapping {
  /** JSON Pointer (RFC 6901); `""` is the whole payload (or element), for payloads that are a number. */
  readonly pointer?: string;
  /** `message` starts the pointer at the whole payload; the default, with `each`, is the element. */
  readonly of?: "element" | "message";
  /** A named level of the topic, as text. */
  readonly level?: string;
  readonly constant?: string | number | boolean;
  /** Nothing there, or null: the property is left out. Otherwise that refuses the reading. */
  readonly optional?: boolean;
  /** Declared conversion: text that is a JSON number becomes one. Nothing is converted undeclared. */
  readonly as?: "number";
  /** value × factor + offset, into the contract's unit. */
  readonly factor?: number;
  readonly offset?: number;
}

export interface TimeMapping {
  readonly pointer: string;
  readonly of?: "element" | "message";
  readonly format: "epoch_s" | "epoch_ms" | "iso8601";
  /** The zone of ISO 8601 text that has none: `UTC` or a fixed offset such as `+01:00`. */
  readonly zone?: string;
  /** Nothing there, or null: arrival time. */
  readonly optional?: boolean;
  /** The contract's time property; default `ts`. */
  readonly property?: string;
}

export interface MappingEntry {
  readonly name: string;
  readonly note?: string;
  /**
   * Levels separated by `/`: text, `{name}`, `+` (any one level), and `#` last (any number of
   * levels). Every entry that fits topic and payload gives its reading: one message may hold several.
   */
  readonly topic: string;
  /** Template: text with `{name}` for a level, `{name|lower}` for it in lower case. Default `{device}`. */
  readonly device?: string;
  /** Template, like `device`. */
  readonly contract: string;
  /** Default: the newest version that fits. */
  readonly version?: number;
  /** The entry applies only to payloads with all of these: something there, or equal to a value. */
  readonly when?: readonly {
    readonly pointer: string;
    readonly equals?: string | number | boolean;
  }[];
  /** Pointer to an array: every element is one reading. */
  readonly each?: string;
  /**
   * Event time. `arrival` writes the time of arrival into the reading, so that a contract with
   * identity `time` takes it and a replay gives the same reading; a device that re-sends such a
   * message after a lost PUBACK is counted again. Absent: no time is written.
   */
  readonly time?: "arrival" | TimeMapping;
  readonly fields: Readonly<Record<string, FieldMapping>>;
}

export type MappingTable = readonly MappingEntry[];

export class MappingError extends Error {
  override readonly name = "MappingError";
}

const POINTER = /^(?:\/(?:[^~/]|~[01])*)*$/;
const NAMED_LEVEL = /^\{([A-Za-z][A-Za-z0-9_]*)\}$/;
const PLACEHOLDER = /\{([A-Za-z][A-Za-z0-9_]*)(?:\|lower)?\}/g;
const ZONE = /^(?:UTC|[+-](?:0\d|1[0-4]):[0-5]\d)$/;
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

const FIELD = object([], {
  pointer,
  of,
  level: text,
  constant: scalar,
  optional: { type: "boolean" },
  as: { const: "number" },
  factor: { type: "number" },
  offset: { type: "number" },
});

const TIME = object(["pointer", "format"], {
  pointer,
  of,
  format: { enum: ["epoch_s", "epoch_ms", "iso8601"] },
  zone: { type: "string", format: "zone" },
  optional: { type: "boolean" },
  property: { type: "string", pattern: PROPERTY },
});

const ENTRY = object(["name", "topic", "contract", "fields"], {
  name: text,
  note: { type: "string" },
  topic: text,
  device: text,
  contract: text,
  version: { type: "integer", minimum: 1 },
  when: { type: "array", items: object(["pointer"], { pointer, equals: scalar }) },
  each: pointer,
  time: { if: { type: "string" }, then: { const: "arrival" }, else: TIME },
  fields: {
    type: "object",
    minProperties: 1,
    propertyNames: { pattern: PROPERTY },
    additionalProperties: FIELD,
  },
});

const ajv = new Ajv({
  allowUnionTypes: true,
  formats: { pointer: (value) => POINTER.test(value), zone: (value) => ZONE.test(value) },
});
const validateTable = ajv.compile(
  object(["mappings"], { mappings: { type: "array", items: { type: "object" } } }),
);
const validateEntry = ajv.compile<MappingEntry>(ENTRY);

/** The level names of a topic pattern. */
export const levelNames = (topic: string): string[] =>
  topic.split("/").flatMap((level) => NAMED_LEVEL.exec(level)?.[1] ?? []);

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
  const names = levelNames(entry.topic);
  const template = (property: string, value: string): void => {
    for (const [, name] of value.matchAll(PLACEHOLDER))
      if (!names.includes(name!)) problems.push(`/${property}: the topic has no level {${name}}`);
    if (/[{}]/.test(value.replace(PLACEHOLDER, "")))
      problems.push(`/${property}: a placeholder is {level} or {level|lower}`);
  };
  template("device", entry.device ?? "{device}");
  const idProblem = deviceIdProblem((entry.device ?? "").replace(PLACEHOLDER, "x") || "x");
  if (idProblem !== null) problems.push(`/device: ${idProblem}`);
  template("contract", entry.contract);
  for (const [name, field] of Object.entries(entry.fields)) {
    const at = `/fields/${name}`;
    const sources = [field.pointer, field.level, field.constant].filter((one) => one !== undefined);
    if (sources.length !== 1) problems.push(`${at} needs one of pointer, level, constant`);
    if (field.level !== undefined && !names.includes(field.level))
      problems.push(`${at}/level: the topic has no level {${field.level}}`);
    if (field.of !== undefined && entry.each === undefined)
      problems.push(`${at}/of has no meaning without each`);
  }
  const { time } = entry;
  if (typeof time === "object") {
    if (time.zone !== undefined && time.format !== "iso8601")
      problems.push("/time/zone belongs to iso8601");
    if (time.of !== undefined && entry.each === undefined)
      problems.push("/time/of has no meaning without each");
  }
  const timeProperty = typeof time === "object" ? (time.property ?? "ts") : time && "ts";
  if (timeProperty !== undefined && timeProperty in entry.fields)
    problems.push(`/fields/${timeProperty} is written by time already`);
  return problems;
}

function topicProblems(topic: string): string[] {
  const levels = topic.split("/");
  const problems: string[] = [];
  const seen = new Set<string>();
  if (["devices", "alerts"].includes(levels[0]!) || topic.startsWith("$"))
    problems.push(`/topic: "${levels[0]}" is not to be mapped`);
  levels.forEach((level, at) => {
    const name = NAMED_LEVEL.exec(level)?.[1];
    if (name !== undefined && seen.has(name)) problems.push(`/topic: two levels {${name}}`);
    if (name !== undefined) seen.add(name);
    else if (level === "#" && at < levels.length - 1) problems.push("/topic: # comes last");
    else if (/[{}+#]/.test(level) && level !== "+" && level !== "#")
      problems.push(`/topic: "${level}" is neither text, {name}, + nor #`);
  });
  return problems;
}
