// The members of payloads over all messages of a group (pure): what each holds, and how a mapping would read it.
import {
  type Quantity,
  idKind,
  isAbout,
  isSequenceName,
  isUnitName,
  quantityOf,
  stateOf,
  unitOf,
} from "./quantities.ts";
import { isNumberText } from "./sample.ts";
import { type TimeFound, type Timed, timeOf } from "./times.ts";

/** Members deeper than this, and more of them than this, are left out and told. */
const DEPTH_MAX = 6;
const LEAVES_MAX = 60;
/** An array of so many numbers is a member for each; a longer one is no reading. */
const NUMBERS_MAX = 8;
const TEXT_BYTES_MAX = 256;

export type LeafKind =
  | "number"
  | "number_text"
  | "boolean"
  | "state"
  | "text"
  | "id"
  | "sequence"
  | "time"
  | "unit"
  | "about"
  | "other";

export interface Leaf {
  /** Tokens of its JSON Pointer, from the record on. */
  readonly tokens: readonly string[];
  readonly kind: LeafKind;
  /** The number of records that have it. */
  readonly count: number;
  /** Distinct values, the first few. */
  readonly values: readonly unknown[];
  readonly isWhole: boolean;
  readonly time: TimeFound | null;
  /** The decimal sign of `number_text`, and whether units follow. */
  readonly decimal: "." | ",";
  readonly hasUnits: boolean;
}

/** A message, or an element of one, with its arrival. */
export interface Rec {
  readonly value: unknown;
  readonly atMs: number;
}

const VALUES_KEPT = 50;

interface Gathered {
  readonly tokens: readonly string[];
  readonly timed: Timed[];
}

export const lastName = (tokens: readonly string[]): string => tokens.at(-1) ?? "";

/** All members of the records that hold something; nothing of arrays of objects, which are records of their own. */
export function leavesOf(records: readonly Rec[]): Leaf[] {
  const all = new Map<string, Gathered>();
  for (const { value, atMs } of records) gather(value, [], atMs, all);
  return [...all.values()].slice(0, LEAVES_MAX).flatMap((one) => leafOf(one) ?? []);
}

function gather(
  value: unknown,
  tokens: readonly string[],
  atMs: number,
  all: Map<string, Gathered>,
): void {
  if (value === null || value === undefined || tokens.length > DEPTH_MAX) return;
  if (Array.isArray(value)) {
    const isNumbers = value.length <= NUMBERS_MAX && value.every((one) => typeof one === "number");
    if (isNumbers) value.forEach((one, at) => gather(one, [...tokens, String(at)], atMs, all));
    return;
  }
  if (typeof value === "object") {
    for (const [key, member] of Object.entries(value)) gather(member, [...tokens, key], atMs, all);
    return;
  }
  const key = JSON.stringify(tokens);
  let found = all.get(key);
  if (!found) all.set(key, (found = { tokens, timed: [] }));
  found.timed.push({ value, atMs });
}

function leafOf({ tokens, timed }: Gathered): Leaf | null {
  const name = lastName(tokens);
  const values = timed.map(({ value }) => value);
  const texts = values.filter((value) => typeof value === "string");
  const numberTexts = texts.filter(isNumberText);
  const common = {
    tokens,
    count: timed.length,
    values: [...new Set(values)].slice(0, VALUES_KEPT),
    isWhole: values.every((value) => Number.isSafeInteger(value)),
    time: timeOf(name, timed),
    decimal: numberTexts.some((text) => text.includes(",")) ? ("," as const) : ("." as const),
    hasUnits: numberTexts.some((text) => !/\d$/.test(text.trim())),
  };
  const as = (kind: LeafKind): Leaf => ({ ...common, kind });
  if (isUnitName(name) || (isAbout(name) && texts.length > 0))
    return as(isUnitName(name) ? "unit" : "about");
  if (common.time !== null && common.time.rank < 2) return as("time");
  if (common.time !== null) return as("other");
  if (isId(name, values)) return as("id");
  if (isSequenceName(name) && common.isWhole) return as("sequence");
  if (values.every((value) => typeof value === "boolean")) return as("boolean");
  if (values.every((value) => typeof value === "number")) return as("number");
  if (texts.length > 0 && texts.every((text) => stateOf(text) !== null)) return as("state");
  if (
    values.every(
      (value) => typeof value === "number" || (typeof value === "string" && isNumberText(value)),
    )
  )
    return as("number_text");
  const isText = texts.length === values.length;
  return as(
    isText && texts.every((text) => Buffer.byteLength(text) <= TEXT_BYTES_MAX) ? "text" : "other",
  );
}

/** An id may look like a number: digits with a zero before them, or more than any meter shows. */
function isId(name: string, values: readonly unknown[]): boolean {
  const isScalar = values.every(
    (value) => typeof value === "string" || Number.isSafeInteger(value),
  );
  if (!isScalar || (quantityOf(name) !== null && idKind(name) !== "device")) return false;
  if (idKind(name) !== null) return true;
  return values.every(
    (value) => typeof value === "string" && (/^0\d{3,}$/.test(value) || /^\d{12,}$/.test(value)),
  );
}

/** True for what is measured, or a state. */
export const isMeasured = ({ kind }: Leaf): boolean =>
  kind === "number" || kind === "number_text" || kind === "boolean" || kind === "state";

/** The unit that the payload says beside the member, or in its text. */
export function unitBeside(
  leaf: Leaf,
  leaves: readonly Leaf[],
): Pick<Quantity, "unit" | "factor" | "offset"> | null {
  const parent = JSON.stringify(leaf.tokens.slice(0, -1));
  const named = leaves.find((other) => {
    const name = lastName(other.tokens).toLowerCase();
    const own = lastName(leaf.tokens).toLowerCase();
    if (other.values.length !== 1 || typeof other.values[0] !== "string") return false;
    if (JSON.stringify(other.tokens.slice(0, -1)) !== parent) return false;
    if (name === `${own}_unit` || name === `${own}unit`) return true;
    return other.kind === "unit";
  });
  const temperature = quantityOf(lastName(leaf.tokens))?.name === "temperature";
  const tasmota = temperature
    ? leaves.find(({ tokens }) => lastName(tokens) === "TempUnit")
    : undefined;
  const said = (named ?? tasmota)?.values[0];
  if (typeof said === "string") return unitOf(said);
  const texts =
    leaf.kind === "number_text" ? leaf.values.filter((value) => typeof value === "string") : [];
  const units = new Set(texts.map((text) => text.trim().replace(/^[-+\d.,\s]+/, "")));
  const [only] = units;
  return units.size === 1 && only !== undefined && only !== "" ? unitOf(only) : null;
}
