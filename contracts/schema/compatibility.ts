// Whether versions of a contract understand each other's readings (pure).
//
// C1. BACKWARD: whatever an earlier version allows is valid under the new one and means the same:
//     buffered readings arrive late. FORWARD: the reverse. FULL: both. Always over all earlier ones.
// C2. "Means the same" covers what a schema alone cannot say: unit, role, InfluxDB field type, event
//     time, identity, partition key, age limit, and that no value is ignored.
// C3. A keyword that is not understood is an error that names it, never taken for compatible.
// C4. A property with role `version` differs by definition: its value is not compared.
// C5. Mode NONE compares as BACKWARD does, and refuses nothing.
import { type Shortfall, type ValueSchema, sameJson, shortfall } from "./compatibility-values.ts";
import type { Contract } from "./contract.ts";
import { unknownKeywords } from "./keywords.ts";

export const COMPATIBILITY_MODES = ["BACKWARD", "FORWARD", "FULL", "NONE"] as const;
export type CompatibilityMode = (typeof COMPATIBILITY_MODES)[number];

/** One version: its schema, and what `compileContract` made of it. */
export interface ContractVersion {
  readonly contract: Contract;
  readonly schema: object;
}

export interface Finding {
  /** `cannot_judge` (C3) is as bad as `breaks`; `warns` loses no reading. */
  readonly kind: "breaks" | "cannot_judge" | "warns";
  /** The property it is about; null for the contract as a whole. */
  readonly property: string | null;
  readonly older: number;
  readonly newer: number;
  /** One sentence: what breaks whom. */
  readonly text: string;
}

/** Versions are immutable: equal content is the only thing that may be written twice. */
export const isSameSchema = (one: object, other: object): boolean => sameJson(one, other);

export const isRefusal = ({ kind }: Finding): boolean => kind !== "warns";

/** Judges one version against every earlier one (C1), the oldest first. */
export function checkVersion(
  newer: ContractVersion,
  known: readonly ContractVersion[],
  mode: CompatibilityMode = "BACKWARD",
): Finding[] {
  const { name, version } = newer.contract;
  return known
    .filter(({ contract }) => contract.name === name && contract.version < version)
    .sort((a, b) => a.contract.version - b.contract.version)
    .flatMap((older) => comparePair(older, newer, mode))
    .map((finding) => (mode === "NONE" ? { ...finding, kind: "warns" } : finding)); // C5
}

function comparePair(
  older: ContractVersion,
  newer: ContractVersion,
  mode: CompatibilityMode,
): Finding[] {
  const pair = { older: older.contract.version, newer: newer.contract.version };
  const findings = new Findings(pair.older, pair.newer);
  const shapes = [older, newer].map((one) => shapeOf(one, findings));
  const [before, after] = shapes;
  if (!before || !after) return findings.list; // C3
  compareMeaning(before, after, findings);
  if (mode !== "FORWARD") {
    const late = `readings that devices on v${pair.older} still buffer`;
    compareReadings({ writer: before, reader: after, who: late, ignored: "breaks" }, findings);
  }
  if (mode === "FORWARD" || mode === "FULL") {
    const early = `readings of devices on v${pair.newer}, where only v${pair.older} is known yet,`;
    compareReadings({ writer: after, reader: before, who: early, ignored: "warns" }, findings);
  }
  return findings.list;
}

class Findings {
  readonly list: Finding[] = [];
  readonly #pair: Pick<Finding, "older" | "newer">;

  constructor(older: number, newer: number) {
    this.#pair = { older, newer };
  }

  add(kind: Finding["kind"], property: string | null, text: string): void {
    this.list.push({ kind, property, ...this.#pair, text });
  }
}

interface Property extends ValueSchema {
  readonly "x-role"?: string;
  readonly "x-unit"?: string;
  readonly "x-quantiles"?: boolean;
}

/** The values that a schema lets through. */
interface Shape {
  readonly contract: Contract;
  /** `v2` */
  readonly label: string;
  readonly properties: ReadonlyMap<string, Property>;
  readonly required: ReadonlySet<string>;
  /** The values of a property that is not listed; null if there may be none. */
  readonly additional: ValueSchema | null;
  readonly minProperties: number;
  readonly maxProperties: number;
}

/** Null, and a finding for each, if the schema holds a keyword that is not understood (C3). */
function shapeOf({ contract, schema }: ContractVersion, findings: Findings): Shape | null {
  const label = `v${contract.version}`;
  const unknown = unknownKeywords(schema);
  for (const { property, keyword } of unknown)
    findings.add(
      "cannot_judge",
      property,
      `${label} uses the keyword "${keyword}", which this check does not understand and so cannot call compatible`,
    );
  if (unknown.length > 0) return null;
  const {
    properties = {},
    required,
    additionalProperties: additional = true,
    minProperties = 0,
    maxProperties = Infinity,
  } = schema as {
    properties?: Record<string, Property>;
    required?: readonly string[];
    additionalProperties?: boolean | ValueSchema;
    minProperties?: number;
    maxProperties?: number;
  };
  return {
    contract,
    label,
    properties: new Map(Object.entries(properties)),
    required: new Set(required),
    additional: typeof additional === "object" ? additional : additional ? {} : null,
    minProperties,
    maxProperties,
  };
}

/** A change that no direction can bridge: old and new readings would mean different things (C2). */
function compareMeaning(before: Shape, after: Shape, findings: Findings): void {
  const { contract: older, label: was } = before;
  const { contract: newer, label: is } = after;
  if (older.identity !== newer.identity)
    findings.add(
      "breaks",
      null,
      `x-identity changed from ${older.identity} (${was}) to ${newer.identity} (${is}): a reading sent again would be counted twice, or two readings taken for one`,
    );
  else if (older.identity === "sequence" && older.sequenceProperty !== newer.sequenceProperty)
    findings.add(
      "breaks",
      newer.sequenceProperty ?? null,
      `the sequence is "${older.sequenceProperty}" in ${was} and "${newer.sequenceProperty}" in ${is}: a reading sent again would be counted twice`,
    );
  if (older.partitionKey !== newer.partitionKey)
    findings.add(
      "breaks",
      null,
      `x-partition-key changed from ${older.partitionKey} (${was}) to ${newer.partitionKey} (${is}): one series would be spread over two lanes and its rollups over two tags`,
    );
  for (const tag of older.tags.filter((name) => newer.tags.includes(name))) {
    const [counted, counts] = [older, newer].map(({ seriesTags }) => seriesTags.includes(tag));
    if (counted === counts) continue;
    const text = counts
      ? `tells series apart in ${is} and not in ${was}`
      : `tells series apart in ${was} and not in ${is}`;
    findings.add(
      "breaks",
      tag,
      `${text} (x-series): rollups and alerts of one series would be spread over two`,
    );
  }
  for (const [name, property] of before.properties) {
    const now = after.properties.get(name);
    if (now) compareProperty(name, { was, is, before: property, after: now }, findings);
  }
}

function compareProperty(
  name: string,
  { was, is, before, after }: { was: string; is: string; before: Property; after: Property },
  findings: Findings,
): void {
  const [roleBefore, roleAfter] = [before["x-role"], after["x-role"]];
  if (roleBefore !== roleAfter) {
    const stored = [roleBefore, roleAfter].sort().join() === "field,tag";
    const consequence = stored
      ? "InfluxDB would hold one name as tag and as field, and queries would miss one of them"
      : "the same value would mean something else";
    const text = `is a ${roleBefore} in ${was} and a ${roleAfter} in ${is}: ${consequence}`;
    return findings.add("breaks", name, text);
  }
  if (roleBefore !== "field") return;
  if (before.type !== after.type)
    findings.add(
      "breaks",
      name,
      `is of type ${String(before.type)} in ${was} and ${String(after.type)} in ${is}: InfluxDB keeps one type per field and would refuse the readings of one of them (field type conflict)`,
    );
  const [unitBefore, unitAfter] = [before["x-unit"], after["x-unit"]];
  if (unitBefore === undefined && unitAfter !== undefined)
    findings.add("warns", name, `has no unit in ${was} and ${unitAfter} in ${is}: is it the same?`);
  else if (unitBefore !== unitAfter)
    findings.add(
      "breaks",
      name,
      `is in ${unitBefore} in ${was} and in ${unitAfter ?? "no unit"} in ${is}: rollups and rules would mix both in one field`,
    );
  if (before["x-quantiles"] === true && after["x-quantiles"] !== true)
    findings.add("warns", name, `has no quantiles in ${is} any more: panels that show them end`);
}

interface Direction {
  readonly writer: Shape;
  readonly reader: Shape;
  /** The subject of "would be rejected": the side whose readings they are. */
  readonly who: string;
  /** The weight of a value that is accepted and then stored nowhere. */
  readonly ignored: Finding["kind"];
}

/** Whether the reader takes what the writer allows, and as the same (C1, C2). */
function compareReadings({ writer, reader, who, ignored }: Direction, findings: Findings): void {
  const rejected = `${who} would be rejected by ${reader.label}`;
  for (const name of reader.required)
    if (!writer.required.has(name))
      findings.add(
        "breaks",
        name,
        `${reader.label} requires \`${name}\`, ${writer.label} does not: ${rejected}`,
      );
  const names = new Set([...writer.properties.keys(), ...reader.properties.keys()]);
  for (const name of [...names, null]) {
    const lacking = shortfallOf(name, writer, reader);
    if (lacking) {
      const what = name === null ? "properties that it does not list" : `\`${name}\``;
      const only = lacking === REFUSED ? "does not allow" : "accepts";
      const as = lacking === REFUSED ? "" : ` only as ${lacking.accepts}`;
      findings.add(
        "breaks",
        name,
        `${reader.label} ${only} ${what}${as}, where ${writer.label} allowed ${lacking.allowed}: ${rejected}`,
      );
    } else if (name !== null && isIgnored(name, writer, reader))
      findings.add(
        ignored,
        name,
        `${reader.label} does not know \`${name}\`: it would be stored nowhere for ${who.replace(/,$/, "")}`,
      );
  }
  compareCounts(writer, reader, rejected, findings);
  const time = writer.contract.timeProperty;
  if (time !== undefined && reader.contract.timeProperty !== time)
    findings.add(
      "breaks",
      time,
      `${writer.label} takes the event time from "${time}", ${reader.label} from ${reader.contract.timeProperty === undefined ? "the arrival" : `"${reader.contract.timeProperty}"`}: ${who} would get another time`,
    );
  if (reader.contract.ageMaxMs < writer.contract.ageMaxMs)
    findings.add(
      "breaks",
      null,
      `x-age-max is ${hours(reader)} in ${reader.label} and ${hours(writer)} in ${writer.label}: ${rejected} for their age`,
    );
}

/** The number of properties of a reading. */
function compareCounts(writer: Shape, reader: Shape, rejected: string, findings: Findings): void {
  const fewest = Math.max(writer.minProperties, writer.required.size);
  const listed = writer.additional ? Infinity : writer.properties.size;
  const most = Math.min(writer.maxProperties, listed);
  if (fewest > most) return; // The writer allows nothing.
  if (reader.minProperties > fewest)
    findings.add(
      "breaks",
      null,
      `${reader.label} needs at least ${reader.minProperties} properties, where ${writer.label} allowed ${fewest}: ${rejected}`,
    );
  if (reader.maxProperties < most)
    findings.add(
      "breaks",
      null,
      `${reader.label} takes at most ${reader.maxProperties} properties, where ${writer.label} allowed ${most === Infinity ? "any number" : most}: ${rejected}`,
    );
}

const hours = ({ contract }: Shape): string => `${contract.ageMaxMs / 3_600_000} hours`;

const REFUSED: Shortfall = { accepts: "nothing", allowed: "a value" };

/** @param name null for any property that neither of them lists. */
function shortfallOf(name: string | null, writer: Shape, reader: Shape): Shortfall | null {
  const [from, into] = [writer, reader].map((shape) =>
    name === null ? shape.additional : (shape.properties.get(name) ?? shape.additional),
  );
  if (name !== null && isVersion(name, writer) && isVersion(name, reader)) return null; // C4
  if (!from) return null;
  return into ? shortfall(from, into) : REFUSED;
}

const isVersion = (name: string, { contract }: Shape): boolean => contract.versionProperty === name;

/** The event time has a finding of its own; the version is stored with every reading anyway. */
const isIgnored = (name: string, writer: Shape, reader: Shape): boolean =>
  writer.properties.has(name) &&
  !reader.properties.has(name) &&
  !isVersion(name, writer) &&
  writer.contract.timeProperty !== name;
