// The contract of a proposal (pure): one that there is, if it says all of it, else a new one.
import type { Catalog, SchemaFile } from "../../../contracts/schema/catalog.ts";
import type { Contract } from "../../../contracts/schema/contract.ts";
import { isGatewaysOwn } from "../../../contracts/schema/gateway-contracts.ts";
import type { FieldPlan } from "./fields.ts";
import { isGeneric, quantityOf } from "./quantities.ts";

export interface WantedContract {
  readonly fields: readonly FieldPlan[];
  /** A tag that tells parts of a device apart. */
  readonly hasPart: boolean;
  /** A member that counts messages: the identity of readings without a time. */
  readonly hasSequence: boolean;
}

export interface ChosenContract {
  readonly name: string;
  /** The tag for parts; null if it has none. */
  readonly part: string | null;
  /** Null for a contract that there is. */
  readonly file: Omit<SchemaFile, "path"> | null;
}

const PART_TAGS = ["channel", "sensor"];

/** Contracts that ship for devices of any kind: a part of their fields is a whole reading. */
const GENERAL = ["climate", "energy"];
/** The share of another contract's fields that a message must have, so that it is not somebody else's. */
const SHARE_MIN = 0.75;

/** A contract that has all of these, with these units: a general one, or one that is about nothing else; null if none is. */
export function fittingContract(catalog: Catalog, wanted: WantedContract): ChosenContract | null {
  const names = [...GENERAL, ...catalog.names.filter((name) => !GENERAL.includes(name))];
  for (const name of names) {
    const [contract] = catalog.versions(name);
    if (!contract || isGatewaysOwn(name) || !fits(contract, wanted)) continue;
    const share = wanted.fields.length / contract.fields.length;
    if (!GENERAL.includes(name) && share < SHARE_MIN) continue;
    return { name, part: PART_TAGS.find((tag) => contract.tags.includes(tag)) ?? null, file: null };
  }
  return null;
}

function fits(contract: Contract, { fields, hasPart, hasSequence }: WantedContract): boolean {
  if (contract.partitionKey !== "device" || contract.timeProperty !== "ts") return false;
  if (contract.identity !== "time" || (hasSequence && contract.sequenceProperty === undefined))
    return false;
  if (hasPart !== contract.tags.some((tag) => PART_TAGS.includes(tag)) && hasPart) return false;
  const isTaken = fields.every((field) =>
    contract.fields.some(
      ({ name, type, unit }) =>
        name === field.name &&
        (unit ?? null) === field.unit &&
        (type === field.type || (type === "number" && field.type === "integer")),
    ),
  );
  return isTaken && asksForNoMore(contract, fields);
}

/** True if a reading with just these fields is one. */
function asksForNoMore({ validate }: Contract, fields: readonly FieldPlan[]): boolean {
  const always = fields.filter(({ isAlways }) => isAlways);
  const least = always.length > 0 ? always : fields.slice(0, 1);
  const payload = {
    ts: 0,
    ...Object.fromEntries(least.map((field) => [field.name, middleOf(field)])),
  };
  return validate(payload);
}

function middleOf({ type, min, max }: FieldPlan): unknown {
  if (type === "boolean") return true;
  if (type === "string") return "x";
  return Math.min(Math.max(1, min ?? 1), max ?? 1);
}

/** A schema with these fields, all but the time optional where any is. */
export function newContract(name: string, title: string, wanted: WantedContract): ChosenContract {
  const { fields, hasPart, hasSequence } = wanted;
  const part = hasPart ? "sensor" : null;
  const properties: Record<string, object> = {
    ts: {
      type: ["integer", "string"],
      description: "Event time: epoch milliseconds or ISO 8601",
      "x-role": "time",
    },
  };
  if (hasSequence) properties["seq"] = { type: "integer", minimum: 0, "x-role": "sequence" };
  if (part !== null)
    properties[part] = {
      type: "string",
      maxLength: 64,
      description: "Which part of the device",
      "x-role": "tag",
    };
  for (const { name: field, type, unit, min, max } of fields)
    properties[field] = {
      type,
      ...(min === undefined ? {} : { minimum: min }),
      ...(max === undefined ? {} : { maximum: max }),
      ...(type === "string" ? { maxLength: 256 } : {}),
      ...(unit === null ? {} : { "x-unit": unit }),
      "x-role": "field",
    };
  const schema = {
    title,
    type: "object",
    "x-identity": hasSequence ? "sequence" : "time",
    "x-partition-key": "device",
    required: hasSequence ? ["seq"] : ["ts"],
    minProperties: 2,
    additionalProperties: false,
    properties,
  };
  return { name, part, file: { name, version: 1, schema } };
}

/** A name that no contract has: of what the topic says beside device and quantity. */
export function freeName(pattern: string, taken: (name: string) => boolean): string {
  const words = pattern
    .split("/")
    .filter((level) => !/[{+#]/.test(level) && !isGeneric(level) && quantityOf(level) === null)
    .map((level) =>
      level
        .toLowerCase()
        .replaceAll(/[^a-z\d]+/g, "_")
        .replaceAll(/^_+|_+$/g, ""),
    )
    .filter((word) => word !== "");
  const base = `${/^[a-z]/.test(words[0] ?? "") ? "" : "learned_"}${words.join("_")}`
    .slice(0, 40)
    .replace(/_+$/, "");
  const wanted = RESERVED.test(base) ? `${base}_data` : base || "learned";
  let name = wanted;
  for (let more = 2; taken(name); more++) name = `${wanted}_${more}`;
  return name;
}

/** Names of rollups and of the platform's own measurements. */
const RESERVED = /^skerry_|_(?:10s|1m|1h|1d)(?:_open)?$/;
