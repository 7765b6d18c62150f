// Members of a payload as fields of a reading (pure): their names, units, bounds, and how a mapping reads them.
import type { FieldMapping, Of } from "../../../contracts/mapping-format.ts";
import type { Description } from "./described.ts";
import { type Leaf, isMeasured, lastName, unitBeside } from "./leaves.ts";
import {
  type Quantity,
  isGeneric,
  isValueName,
  plainName,
  quantityOf,
  statesOf,
  unitOf,
} from "./quantities.ts";

export interface FieldPlan {
  readonly name: string;
  readonly type: "number" | "integer" | "boolean" | "string";
  readonly unit: string | null;
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  /** True if it is in every record. */
  readonly isAlways: boolean;
  /** True if no name says what it is: the number is all that is known. */
  readonly isUnnamed: boolean;
  readonly mapping: FieldMapping;
}

const NAME_CHARS_MAX = 60;
/** Names that stored points have already. */
const TAKEN = new Set(["time", "ts", "region", "device", "seq"]);

/** JSON Pointer of tokens (RFC 6901). */
export const pointerOf = (tokens: readonly string[]): string =>
  tokens.map((token) => `/${token.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");

export interface FieldsOf {
  readonly leaves: readonly Leaf[];
  /** The number of records. */
  readonly records: number;
  readonly described: ReadonlyMap<string, Description>;
  readonly of?: Of;
}

/** A field for everything that is measured, and for text that says a state. */
export function fieldsOf({ leaves, records, described, of }: FieldsOf): FieldPlan[] {
  const chosen = leaves.filter((leaf) => isMeasured(leaf) || leaf.kind === "text");
  const short = chosen.map((leaf) => baseName(leaf, chosen));
  const used = new Set<string>();
  return chosen.map((leaf, at) => {
    const isTwice = short.some((other, place) => place !== at && other === short[at]);
    const wanted = isTwice ? longName(leaf, short[at]!) : short[at]!;
    let name = wanted;
    for (let more = 2; used.has(name); more++) name = `${wanted}_${more}`;
    used.add(name);
    const description = described.get(pointerOf(leaf.tokens)) ?? null;
    return planOf(leaf, {
      name,
      leaves,
      isAlways: leaf.count === records,
      description,
      of,
      chosen,
    });
  });
}

/** Tokens that say something: the value of `{"temperature": {"value": 21}}` is a temperature. */
function sayingTokens({ tokens }: Leaf): readonly string[] {
  const saying = tokens.filter((token) => !isGeneric(token));
  return saying.length === 0 ? [lastName(tokens)] : saying;
}

function quantityOfLeaf(leaf: Leaf, all: readonly Leaf[]): Quantity | null {
  const last = sayingTokens(leaf).at(-1)!;
  return adjusted(quantityOf(last) ?? letterQuantity(last, leaf, all), leaf);
}

/** `t` beside `h` is a temperature; a letter alone says nothing. */
function letterQuantity(name: string, { values }: Leaf, all: readonly Leaf[]): Quantity | null {
  const names = new Set(all.map(({ tokens }) => plainName(lastName(tokens))));
  const isWithin = (min: number, max: number): boolean =>
    values.every((value) => Number(value) >= min && Number(value) <= max);
  const has = (...any: string[]): boolean => any.some((one) => names.has(one));
  switch (plainName(name)) {
    case "t":
      return has("h", "hum", "humidity", "rh") && isWithin(-60, 100)
        ? quantityOf("temperature")
        : null;
    case "h":
      return has("t", "temp", "temperature") && isWithin(0, 100) ? quantityOf("humidity") : null;
    case "p":
      return has("t", "h") && isWithin(800, 1100)
        ? quantityOf("pressure")
        : has("v", "u", "i")
          ? quantityOf("power")
          : null;
    case "v":
    case "u":
      return has("i", "p") ? quantityOf("voltage") : null;
    case "i":
      return has("v", "u") ? quantityOf("current") : null;
    default:
      return null;
  }
}

/** A battery of 3.1 is one of volts, and a pressure of 101325 one of pascals: nothing else could be meant. */
function adjusted(quantity: Quantity | null, { values }: Leaf): Quantity | null {
  const numbers = values.map((value) =>
    typeof value === "number" ? value : Number.parseFloat(String(value)),
  );
  const all = (test: (value: number) => boolean): boolean =>
    numbers.length > 0 && numbers.every(test);
  if (quantity?.name === "battery" && all((one) => one > 1 && one < 5 && !Number.isInteger(one)))
    return { name: "battery_voltage", unit: "V", min: 0, max: 100 };
  if (quantity?.name === "battery" && all((one) => one >= 1000 && one < 20_000))
    return { name: "battery_voltage", unit: "V", factor: 0.001, min: 0, max: 100 };
  if (
    quantity?.name === "pressure" &&
    quantity.factor === undefined &&
    all((one) => one > 30_000 && one < 120_000)
  )
    return { ...quantity, factor: 0.01 };
  return quantity;
}

const snake = (text: string): string =>
  text
    .replaceAll(/([a-z\d])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .replaceAll(/[^a-z\d]+/g, "_")
    .replaceAll(/^_+|_+$/g, "");

function allowed(name: string): string {
  const begun = /^[a-z]/.test(name) ? name : `f_${name}`;
  const free = TAKEN.has(begun) ? `${begun}_value` : begun;
  return free.slice(0, NAME_CHARS_MAX).replace(/_+$/, "");
}

const baseName = (leaf: Leaf, all: readonly Leaf[]): string =>
  quantityOfLeaf(leaf, all)?.name ?? allowed(snake(sayingTokens(leaf).at(-1)!) || "value");

function longName(leaf: Leaf, base: string): string {
  const before = sayingTokens(leaf).slice(0, -1).map(snake);
  const own = snake(sayingTokens(leaf).at(-1)!);
  return allowed([...before, ...(before.length === 0 ? [own] : [base])].join("_"));
}

interface Surroundings {
  readonly name: string;
  readonly leaves: readonly Leaf[];
  readonly chosen: readonly Leaf[];
  readonly isAlways: boolean;
  readonly description: Description | null;
  readonly of: Of | undefined;
}

function planOf(
  leaf: Leaf,
  { name, leaves, chosen, isAlways, description, of }: Surroundings,
): FieldPlan {
  const quantity = quantityOfLeaf(leaf, chosen);
  const said =
    description?.unit === undefined ? unitBeside(leaf, leaves) : unitOf(description.unit);
  // What the payload or a description says of a unit goes before what a name usually means.
  const unit = said ?? quantity;
  const factor = unit?.factor ?? 1;
  const offset = unit?.offset ?? 0;
  const isUnnamed =
    quantity === null && isValueName(lastName(leaf.tokens)) && sayingTokens(leaf).length === 1;
  const common = { name, isAlways, isUnnamed, unit: unit?.unit ?? null };
  const mapping: FieldMapping = {
    pointer: pointerOf(leaf.tokens),
    ...(of === undefined ? {} : { of }),
    ...(isAlways ? {} : { optional: true }),
  };
  if (leaf.kind === "text") return { ...common, type: "string", unit: null, mapping };
  if (leaf.kind === "boolean") return { ...common, type: "boolean", unit: null, mapping };
  if (leaf.kind === "state")
    return {
      ...common,
      type: "integer",
      unit: "1",
      min: 0,
      max: 1,
      mapping: { ...mapping, as: statesOf(leaf.values) },
    };
  const converted = {
    ...mapping,
    ...(leaf.kind === "number_text" ? { as: "number" as const } : {}),
    ...(leaf.decimal === "," ? { decimal: "," as const } : {}),
    ...(leaf.hasUnits ? { units: "any" as const } : {}),
    ...(factor === 1 ? {} : { factor }),
    ...(offset === 0 ? {} : { offset }),
  };
  const { min = quantity?.min, max = quantity?.max } = description ?? {};
  const numbers = leaf.values.map((value) => numberIn(value) * factor + offset);
  const fits = numbers.every((one) => one >= (min ?? -Infinity) && one <= (max ?? Infinity));
  return { ...common, type: "number", ...(fits ? { min, max } : {}), mapping: converted };
}

const numberIn = (value: unknown): number =>
  typeof value === "number" ? value : Number.parseFloat(String(value).replace(",", "."));
