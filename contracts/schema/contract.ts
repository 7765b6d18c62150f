// A contract: a versioned JSON Schema (draft-07) with `x-` annotations that say what a reading is.
import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import { unknownKeywords } from "./keywords.ts";

/** The part of a reading that is its own beside its values (messages/identity.ts): a sequence, a time, or neither. */
export type Identity = "sequence" | "time" | "none";

export interface Field {
  readonly name: string;
  readonly type: "number" | "integer" | "boolean" | "string";
  /** UCUM code, for example `Cel`, `%`, `[ppm]`. */
  readonly unit: string | undefined;
  readonly quantiles: boolean;
}

/** `omit`: the property is left out; `clamp`: a number becomes the nearest that is allowed. */
export type InvalidField = "omit" | "clamp";
/** A property that belongs to what a reading says, and the form in which it is kept. */
export interface ContentProperty {
  readonly name: string;
  readonly kind: Field["type"] | "tag" | "sequence";
  /** Stands for the name where readings are compared. */
  readonly seed: number;
}

export interface Contract {
  readonly name: string;
  readonly version: number;
  /** Checks a payload; on false, {@link violationOf} says what is wrong. */
  readonly validate: ValidateFunction;
  /** Properties with role `field`, in schema order. */
  readonly fields: readonly Field[];
  /** The treatment of a value that the schema does not allow (`x-invalid`); otherwise the reading is refused. */
  readonly invalid: ReadonlyMap<string, InvalidField>;
  /** Properties with role `tag`. */
  readonly tags: readonly string[];
  /** Those that tell apart the series of one key, in their order as text (messages/series.ts). */
  readonly seriesTags: readonly string[];
  readonly timeProperty: string | undefined;
  readonly sequenceProperty: string | undefined;
  /** The property in which a payload says which version it was written for. */
  readonly versionProperty: string | undefined;
  /** `device`, or the property whose value decides the lane and names the series. */
  readonly partitionKey: string;
  readonly identity: Identity;
  /** All properties that are kept but the time, by name: the order is the same in every version. */
  readonly content: readonly ContentProperty[];
  /** Readings older than this on arrival are rejected, in milliseconds. */
  readonly ageMaxMs: number;
}

export class ContractError extends Error {
  override readonly name = "ContractError";
}

const AGE_MAX_DEFAULT_MS = 7 * 24 * 3_600_000;
const FIELD_TYPES = ["number", "integer", "boolean", "string"] as const;
const IDENTITIES = ["sequence", "time", "none"] as const;
const INVALID = ["omit", "clamp"] as const;
const ROLES: readonly unknown[] = ["field", "tag", "time", "sequence", "version"];
const NAME = /^[a-z][a-z0-9_-]{0,63}$/;

interface Property {
  type?: unknown;
  const?: unknown;
  "x-role"?: unknown;
  "x-unit"?: string;
  "x-quantiles"?: boolean;
  "x-invalid"?: unknown;
  "x-series"?: unknown;
  minimum?: unknown;
  maximum?: unknown;
}

interface Schema {
  properties?: Record<string, Property>;
  required?: string[];
  "x-identity"?: string;
  "x-partition-key"?: string;
  "x-age-max"?: string;
}

const ajv = new Ajv({
  strict: true,
  allowUnionTypes: true,
  allErrors: false,
  addUsedSchema: false, // `$id` is for people: two versions may have the same.
});
ajv.addVocabulary([
  "x-unit",
  "x-role",
  "x-partition-key",
  "x-identity",
  "x-age-max",
  "x-quantiles",
  "x-invalid",
  "x-series",
]);

/**
 * Compiles one schema.
 * @param schema JSON Schema of an object; `x-role` on every property.
 * @throws ContractError naming the contract and the property at fault.
 */
export function compileContract(id: { name: string; version: number }, schema: object): Contract {
  const fail = (what: string): never => {
    throw new ContractError(`contract ${id.name} v${id.version}: ${what}`);
  };
  if (!NAME.test(id.name)) fail("the name must be lower-case letters, digits, - and _");
  refuseBacktracking(schema, fail);
  const { properties = {}, required = [], ...annotations } = schema as Schema;
  if (typeof properties !== "object" || properties === null || Array.isArray(properties))
    fail('"properties" must be an object: a schema for each name');
  if (!Array.isArray(required)) fail('"required" must be a list of names');
  for (const [name, property] of Object.entries(properties))
    if (!ROLES.includes((property as Property | null)?.["x-role"]))
      fail(`property "${name}" needs an x-role: ${ROLES.join(", ")}`);
  const byRole = (role: string): string[] =>
    Object.keys(properties).filter((name) => properties[name]!["x-role"] === role);
  const atMostOne = (role: string): string | undefined => {
    const names = byRole(role);
    return names.length > 1 ? fail(`two ${role} properties: ${names.join(", ")}`) : names[0];
  };
  const timeProperty = atMostOne("time");
  const sequenceProperty = atMostOne("sequence");
  const versionProperty = atMostOne("version");
  if (versionProperty !== undefined) checkVersion(id.version, properties[versionProperty], fail);

  const identity = (annotations["x-identity"] ?? "none") as Identity;
  if (!IDENTITIES.includes(identity)) fail(`x-identity must be one of ${IDENTITIES.join(", ")}`);
  if (identity === "sequence" && !required.includes(sequenceProperty ?? ""))
    fail("x-identity sequence needs a required property with role sequence");
  if (identity === "time" && !required.includes(timeProperty ?? ""))
    fail("x-identity time needs a required property with role time");

  const partitionKey = annotations["x-partition-key"] ?? "device";
  if (partitionKey !== "device" && !required.includes(partitionKey))
    fail(`x-partition-key "${partitionKey}" must be device or a required property`);

  const fields = byRole("field").map((name) => toField(name, properties[name]!, fail));
  const tags = byRole("tag");
  return Object.freeze({
    ...id,
    validate: compile(schema, fail),
    fields,
    invalid: invalidFields(properties, required, fail),
    tags,
    seriesTags: seriesTagsOf(properties, partitionKey, fail),
    timeProperty,
    sequenceProperty,
    versionProperty,
    partitionKey,
    identity,
    content: contentOf({ fields, tags, sequenceProperty, partitionKey }),
    ageMaxMs: parseAgeMax(annotations["x-age-max"], fail),
  });
}

/** The problem that the last failed `validate` found, in one line that names the property. */
export function violationOf(contract: Contract): string {
  const error: ErrorObject | undefined = contract.validate.errors?.[0];
  if (!error) return "unknown violation";
  const at = error.instancePath === "" ? "payload" : error.instancePath;
  const extra =
    error.keyword === "additionalProperties"
      ? `: ${String((error.params as { additionalProperty?: unknown }).additionalProperty)}`
      : "";
  return `${at} ${error.message ?? error.keyword}${extra}`;
}

/** Without its number a schema would take payloads that say another version. */
function checkVersion(
  version: number,
  property: Property | undefined,
  fail: (what: string) => never,
): void {
  if (property?.const !== version) fail(`the property with role version needs "const": ${version}`);
}

/** Only what a reading may lack can be left out, and only a number with a bound can be clamped. */
function invalidFields(
  properties: Readonly<Record<string, Property>>,
  required: readonly string[],
  fail: (what: string) => never,
): ReadonlyMap<string, InvalidField> {
  const found = new Map<string, InvalidField>();
  for (const [name, property] of Object.entries(properties)) {
    if (property["x-invalid"] === undefined) continue;
    const how = INVALID.find((known) => known === property["x-invalid"]);
    if (!how) fail(`x-invalid of "${name}" must be one of ${INVALID.join(", ")}`);
    if (property["x-role"] !== "field")
      fail(`x-invalid belongs to fields, and "${name}" is a ${String(property["x-role"])}`);
    if (how === "omit" && required.includes(name))
      fail(
        `"${name}" is required, so that it cannot be left out: x-invalid omit is for optional fields`,
      );
    if (how === "clamp" && property.minimum === undefined && property.maximum === undefined)
      fail(`x-invalid clamp of "${name}" needs a minimum or a maximum`);
    found.set(name, how);
  }
  return found;
}

/** All tags but those with `x-series` false; if any has it true, those that have. */
function seriesTagsOf(
  properties: Readonly<Record<string, Property>>,
  partitionKey: string,
  fail: (what: string) => never,
): string[] {
  const marked = Object.entries(properties).filter(([, property]) => "x-series" in property);
  for (const [name, { "x-series": mark, "x-role": role }] of marked) {
    if (typeof mark !== "boolean") fail(`x-series of "${name}" must be true or false`);
    if (role !== "tag")
      fail(`x-series belongs to tags, and "${name}" is a ${String(role)}: give it the x-role tag`);
  }
  const onlyMarked = marked.some(([, { "x-series": mark }]) => mark === true);
  return Object.entries(properties)
    .filter(([name, { "x-role": role }]) => role === "tag" && name !== partitionKey)
    .filter(([, { "x-series": mark }]) => (onlyMarked ? mark === true : mark !== false))
    .map(([name]) => name)
    .sort();
}

/** FNV-1a, 32 bits. */
function seedOf(name: string): number {
  let seed = 0x811c9dc5;
  for (let at = 0; at < name.length; at++) seed = Math.imul(seed ^ name.charCodeAt(at), 0x01000193);
  return seed;
}

function contentOf(
  of: Pick<Contract, "fields" | "tags" | "sequenceProperty" | "partitionKey">,
): ContentProperty[] {
  const kinds = new Map<string, ContentProperty["kind"]>();
  for (const { name, type } of of.fields) kinds.set(name, type);
  if (of.sequenceProperty !== undefined) kinds.set(of.sequenceProperty, "sequence");
  for (const name of of.tags) kinds.set(name, "tag");
  if (of.partitionKey !== "device") kinds.set(of.partitionKey, "tag");
  const content = [...kinds].map(([name, kind]) => ({ name, kind, seed: seedOf(name) }));
  return content.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function compile(schema: object, fail: (what: string) => never): ValidateFunction {
  const { $id = "" } = schema as { $id?: unknown };
  if (typeof $id !== "string") return fail("$id must be text");
  if ($id !== "" && ajv.getSchema($id)) fail(`$id "${$id}" is that of another schema`);
  try {
    return ajv.compile(schema);
  } catch (error) {
    const [unknown] = unknownKeywords(schema);
    if (unknown)
      fail(unknown.property === null ? unknown.text : `"${unknown.property}": ${unknown.text}`);
    return fail(error instanceof Error ? error.message : String(error));
  } finally {
    ajv.removeSchema(schema); // It would be kept for good, also of every schema that somebody only tries.
  }
}

function toField(name: string, property: Property, fail: (what: string) => never): Field {
  const type = FIELD_TYPES.find((known) => known === property.type);
  if (Array.isArray(property.type) && property.type.includes("null"))
    fail(
      `field "${name}" cannot be null: a device without a value leaves the property out (take it out of "required")`,
    );
  if (!type) return fail(`field "${name}" needs one type: ${FIELD_TYPES.join(", ")}`);
  return { name, type, unit: property["x-unit"], quantiles: property["x-quantiles"] === true };
}

/** JSON Schema patterns run on a backtracking engine: one hostile payload would stop the gateway. */
function refuseBacktracking(node: unknown, fail: (what: string) => never): void {
  if (typeof node !== "object" || node === null) return;
  for (const [key, value] of Object.entries(node)) {
    if ((key === "pattern" && typeof value === "string") || key === "patternProperties")
      fail(`${key} is not allowed: it can take exponential time`);
    refuseBacktracking(value, fail);
  }
}

/** ISO 8601 durations of whole days or hours: `P7D`, `PT12H`, `P1DT6H`. */
function parseAgeMax(text: string | undefined, fail: (what: string) => never): number {
  if (text === undefined) return AGE_MAX_DEFAULT_MS;
  const match = /^P(?:(\d+)D)?(?:T(\d+)H)?$/.exec(text);
  const ms = match ? Number(match[1] ?? 0) * 86_400_000 + Number(match[2] ?? 0) * 3_600_000 : 0;
  return ms > 0 ? ms : fail(`x-age-max must be a duration such as P7D or PT12H, not "${text}"`);
}
